/** The adapter of `CALL_WEBHOOK`. */

import { type CallWebhook, callWebhookContract } from '../../contracts/payloads/call-webhook.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS } from '../../domain/limits.ts';
import { parseSigningSecrets } from '../../domain/webhook-settings.ts';
import { addedAtSending } from '../placeholder.ts';
import { type Adapter, defineAdapter, type Effect, type HttpRequest } from '../port.ts';
import { ADDED_AT_SENDING, sendWebhook } from './send.ts';

/** Version 1 lacked the preview, version 2 the kinds of body; what was approved then is sent as it was stored. */
const VERSION = 3;
const MAX_SUMMARY_LENGTH = 200;
/** A receiver that honours the key remembers it for that long at least: so long a repeat is none. */
const DEDUPE_WINDOW_MS = 3_600_000;

export interface CallWebhookSettings {
  /** `whsec_…`, two while they are rotated. Without one requests are not signed. */
  readonly signingSecrets?: readonly string[];
  /** Over look-up, connection, request and answer together. */
  readonly timeoutMs?: number;
}

/** @throws ConfigurationError when a setting is malformed */
export function createCallWebhookAdapter(settings: CallWebhookSettings = {}): Adapter<CallWebhook> {
  const signingSecrets = parseSigningSecrets(settings.signingSecrets?.join(',') ?? '');
  if (!signingSecrets) throw new ConfigurationError('AOL_WEBHOOK_SECRET', 'must be one or two secrets (whsec_…)');
  const timeoutMs = settings.timeoutMs ?? ATTEMPT_TIMEOUT_MS;
  return defineAdapter<CallWebhook>({
    contract: callWebhookContract,
    version: VERSION,
    redelivery: ({ dedupes }) =>
      dedupes === true ? { kind: 'dedupes', windowMs: DEDUPE_WINDOW_MS, settleMs: 0 } : { kind: 'neither' },
    render: (payload, { providerKey }) => renderWebhook(payload, providerKey),
    async perform(effect, { exchange, signal }) {
      const problem = effectProblem(effect);
      if (problem) return { kind: 'rejected', reason: problem };
      const deadline = AbortSignal.timeout(timeoutMs);
      return sendWebhook({ exchange, signingSecrets }, effect, AbortSignal.any([signal, deadline]));
    },
  });
}

function renderWebhook({ url: given, method = 'POST', headers = {}, body }: CallWebhook, providerKey: string): Effect {
  const url = new URL(given);
  // Null is a JSON value, and POST, PUT and PATCH send it as one.
  const hasNoBody = body === null && (method === 'GET' || method === 'DELETE');
  const ownHeaders = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const request: HttpRequest = {
    protocol: 'http',
    method,
    url: url.href,
    headers: {
      ...(!hasNoBody && { 'content-type': 'application/json' }),
      ...Object.fromEntries(ownHeaders),
      'idempotency-key': providerKey,
      'user-agent': 'aol',
      'webhook-id': providerKey,
      'webhook-signature': addedAtSending('signature; left out without AOL_WEBHOOK_SECRET'),
      'webhook-timestamp': addedAtSending('seconds since 1970'),
    },
    body: hasNoBody ? { kind: 'none' } : { kind: 'json', value: body },
  };
  return {
    type: callWebhookContract.type,
    adapterVersion: VERSION,
    summary: shortened(`${method} ${url.origin}${url.pathname}`),
    preview: { kind: 'request' },
    account: null,
    preparations: [],
    request,
    blobs: [],
    addedAtSending: ADDED_AT_SENDING,
  };
}

/** What was rendered by another version may mean something else. */
function effectProblem({ type, adapterVersion, addedAtSending: paths }: Effect): string | undefined {
  if (type !== callWebhookContract.type || adapterVersion > VERSION) {
    return `the artifact is of ${type} version ${adapterVersion}; this worker sends ${callWebhookContract.type} up to version ${VERSION}`;
  }
  const isKnown = paths.every((path) => ADDED_AT_SENDING.some((known) => known === path));
  return isKnown ? undefined : 'the artifact has a placeholder that this adapter does not fill in';
}

function shortened(text: string): string {
  return text.length > MAX_SUMMARY_LENGTH ? `${text.slice(0, MAX_SUMMARY_LENGTH - 1)}…` : text;
}
