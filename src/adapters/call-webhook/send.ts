/** Sends a rendered webhook, once, and says how it ended. */

import { canonicalJson } from '../../domain/hashing.ts';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { Exchange } from '../exchange/index.ts';
import type { Effect, HttpRequest } from '../port.ts';
import { outcomeOfAnswer } from './outcome.ts';
import { webhookSignature } from './signature.ts';

export interface SendPorts {
  readonly exchange: Exchange;
  readonly signingSecrets: readonly string[];
}

/** The paths that {@link withAddedHeaders} fills in; an effect with others is refused. */
export const ADDED_AT_SENDING = ['headers.webhook-timestamp', 'headers.webhook-signature'] as const;

/**
 * One look-up, connection, request and answer, all of it until the signal fires. Never rejects: what fails before the
 * request is formed is a rejection, before it is written not sent, and after that unknown.
 */
export async function sendWebhook(ports: SendPorts, effect: Effect, signal: AbortSignal): Promise<AttemptOutcome> {
  if (effect.request.protocol !== 'http' || !['json', 'none'].includes(effect.request.body.kind)) {
    return { kind: 'rejected', reason: 'the artifact does not describe a request' };
  }
  const request = signed(ports.signingSecrets, effect.request);
  const result = await ports.exchange.send(request, { signal });
  return result.kind === 'answer' ? outcomeOfAnswer(result, secretsOf(ports, request), Date.now()) : result;
}

/** What a receiver that echoes its request could bring into a receipt. */
function secretsOf({ signingSecrets }: SendPorts, { headers }: HttpRequest): readonly string[] {
  const signatures = headers['webhook-signature']?.split(' ').map((signature) => signature.slice('v1,'.length)) ?? [];
  return [...signingSecrets, ...signatures];
}

function signed(signingSecrets: readonly string[], request: HttpRequest): HttpRequest {
  const body = request.body.kind === 'json' ? canonicalJson(request.body.value) : '';
  return { ...request, headers: withAddedHeaders(request.headers, signingSecrets, body) };
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
