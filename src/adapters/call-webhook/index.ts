/** The adapter of `CALL_WEBHOOK`. */

import { type CallWebhook, callWebhookContract, dedupeWindowMs } from '../../contracts/payloads/call-webhook.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS } from '../../domain/limits.ts';
import type { Redelivery } from '../../domain/outcomes.ts';
import { parseSigningSecrets } from '../../domain/webhook-settings.ts';
import { addedAtSending } from '../placeholder.ts';
import { type Adapter, defineAdapter, type Effect, type HttpRequest } from '../port.ts';
import { storedEffectProblem } from '../stored-effect.ts';
import { ADDED_AT_SENDING, sendWebhook } from './send.ts';

/** Version 1 lacked the preview, 2 the kinds of body, 3 what a repeat does; what was approved then is sent as it was stored. */
const VERSION = 4;
const MAX_SUMMARY_LENGTH = 200;

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
    redelivery: redeliveryOf,
    render: (payload, { providerKey }) => renderWebhook(payload, providerKey),
    async perform(effect, { exchange, signal }) {
      const problem = storedEffectProblem(effect, VERSION, ADDED_AT_SENDING);
      if (problem) return { kind: 'rejected', reason: problem };
      const deadline = AbortSignal.timeout(timeoutMs);
      return sendWebhook({ exchange, signingSecrets }, effect, AbortSignal.any([signal, deadline]));
    },
  });
}

function redeliveryOf(payload: Pick<CallWebhook, 'dedupes'>): Redelivery {
  const windowMs = dedupeWindowMs(payload);
  return windowMs === undefined ? { kind: 'neither' } : { kind: 'dedupes', windowMs, settleMs: 0 };
}

function renderWebhook(payload: CallWebhook, providerKey: string): Effect {
  const { url: given, method = 'POST', headers = {}, body } = payload;
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
    redelivery: redeliveryOf(payload),
    request,
    blobs: [],
    addedAtSending: ADDED_AT_SENDING,
  };
}

function shortened(text: string): string {
  return text.length > MAX_SUMMARY_LENGTH ? `${text.slice(0, MAX_SUMMARY_LENGTH - 1)}…` : text;
}
