/** Sends a rendered webhook, once, and says how it ended. */

import { canonicalJson } from '../../domain/hashing.ts';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { Effect } from '../port.ts';
import { openConnection } from './connect.ts';
import { exchange, type WireRequest } from './exchange.ts';
import { outcomeOfAnswer } from './outcome.ts';
import { webhookSignature } from './signature.ts';
import type { SsrfGuard } from './ssrf-guard.ts';

export interface SendPorts {
  readonly guard: SsrfGuard;
  readonly signingSecrets: readonly string[];
}

/** The paths that {@link withAddedHeaders} fills in; an effect with others is refused. */
export const ADDED_AT_SENDING = ['headers.webhook-timestamp', 'headers.webhook-signature'] as const;

/**
 * One look-up, connection, request and answer, all of it until the signal fires. Never rejects: what fails before the
 * request is formed is a rejection, before it is written not sent, and after that unknown.
 */
export async function sendWebhook(ports: SendPorts, effect: Effect, signal: AbortSignal): Promise<AttemptOutcome> {
  let wire: WireRequest;
  try {
    wire = wireRequest(ports.signingSecrets, effect);
  } catch {
    return { kind: 'rejected', reason: 'the artifact does not describe a request' };
  }
  if (signal.aborted) return { kind: 'not_sent', reason: 'stopped before anything was sent' };
  const connection = await openConnection(wire.url, ports.guard, signal);
  if (!connection.ok) return connection.outcome;
  const result = await exchange(connection.socket, wire, signal);
  if (result.kind === 'answer') return outcomeOfAnswer(result, secretsOf(ports, wire), Date.now());
  const { host } = wire.url;
  if (result.written) return { kind: 'unknown', reason: `sent to ${host}, and no answer came: ${result.reason}` };
  return { kind: 'not_sent', reason: `nothing was sent to ${host}: ${result.reason}` };
}

/** What a receiver that echoes its request could bring into a receipt. */
function secretsOf({ signingSecrets }: SendPorts, { headers }: WireRequest): readonly string[] {
  const signatures = headers['webhook-signature']?.split(' ').map((signature) => signature.slice('v1,'.length)) ?? [];
  return [...signingSecrets, ...signatures];
}

function wireRequest(signingSecrets: readonly string[], effect: Effect): WireRequest {
  const { method, url, headers, body } = effect.request;
  const text = hasNoBody(method, body) ? undefined : canonicalJson(body);
  return {
    method,
    url: new URL(url),
    headers: withAddedHeaders(headers, signingSecrets, text ?? ''),
    body: text,
  };
}

/** Null is a JSON value, and POST, PUT and PATCH send it as one. */
export function hasNoBody(method: string, body: unknown): boolean {
  return body === null && (method === 'GET' || method === 'DELETE');
}

function withAddedHeaders(
  headers: Readonly<Record<string, string>>,
  signingSecrets: readonly string[],
  body: string,
): Readonly<Record<string, string>> {
  const { 'webhook-signature': _placeholder, ...rest } = headers;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const added = { ...rest, 'webhook-timestamp': timestamp };
  if (signingSecrets.length === 0) return added;
  const id = headers['webhook-id'] ?? '';
  return { ...added, 'webhook-signature': webhookSignature(signingSecrets, { id, timestamp, body }) };
}
