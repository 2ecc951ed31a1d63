/** Renders a webhook and sends it, as the engine does. */

import { type CallWebhookSettings, createCallWebhookAdapter } from '../../src/adapters/call-webhook/index.ts';
import { createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard, type ResolveHost } from '../../src/adapters/exchange/ssrf-guard.ts';
import { type Effect, type HttpRequest, registerAdapter } from '../../src/adapters/index.ts';
import type { CallWebhook } from '../../src/contracts/payloads/call-webhook.ts';
import type { AttemptOutcome } from '../../src/domain/outcomes.ts';
import { parseWebhookAllow } from '../../src/domain/webhook-settings.ts';
import { performContext, renderNow, SAMPLE_CONTEXT } from './contexts.ts';

export function renderWebhook(payload: CallWebhook): Effect {
  return renderNow(registerAdapter(createCallWebhookAdapter()), payload);
}

/** The request of an effect over HTTP. */
export function requestOf({ request }: Effect): HttpRequest {
  if (request.protocol !== 'http') throw new Error('this effect is no request over HTTP');
  return request;
}

export interface Sent {
  readonly outcome: AttemptOutcome;
  readonly elapsedMs: number;
}

/** Sends to a port of this machine, or wherever the effect leads. */
export async function send(
  effect: Effect,
  settings: CallWebhookSettings & { readonly allow?: string; readonly resolveHost?: ResolveHost } = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Sent> {
  const startedAt = performance.now();
  const { allow = '', resolveHost, ...more } = settings;
  const guard = createSsrfGuard(parseWebhookAllow(allow) ?? [], resolveHost);
  const context = performContext({ signal, exchange: createExchange(guard, SAMPLE_CONTEXT.blobs.read) });
  const outcome = await createCallWebhookAdapter(more).perform?.(effect, context);
  if (!outcome) throw new Error('the adapter performs nothing');
  return { outcome, elapsedMs: performance.now() - startedAt };
}

/** The reason of an outcome that has one. */
export function reasonOf(outcome: AttemptOutcome): string {
  return outcome.kind === 'done' ? '' : outcome.reason;
}
