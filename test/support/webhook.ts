/** Renders a webhook and sends it, as the engine does. */

import { type CallWebhookSettings, createCallWebhookAdapter } from '../../src/adapters/call-webhook/index.ts';
import { type Effect, registerAdapter, renderArtifact } from '../../src/adapters/index.ts';
import type { CallWebhook } from '../../src/contracts/payloads/call-webhook.ts';
import type { AttemptOutcome } from '../../src/domain/outcomes.ts';
import { SAMPLE_CONTEXT } from '../adapters/conformance.ts';

export function renderWebhook(payload: CallWebhook): Effect {
  return renderArtifact(registerAdapter(createCallWebhookAdapter()), payload, SAMPLE_CONTEXT).effect;
}

export interface Sent {
  readonly outcome: AttemptOutcome;
  readonly elapsedMs: number;
}

/** Sends to a port of this machine, or wherever the effect leads. */
export async function send(
  effect: Effect,
  settings: CallWebhookSettings = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Sent> {
  const startedAt = performance.now();
  const context = { ...SAMPLE_CONTEXT, attempt: 1, signal };
  const outcome = await createCallWebhookAdapter(settings).perform?.(effect, context);
  if (!outcome) throw new Error('the adapter performs nothing');
  return { outcome, elapsedMs: performance.now() - startedAt };
}

/** The reason of an outcome that has one. */
export function reasonOf(outcome: AttemptOutcome): string {
  return outcome.kind === 'done' ? '' : outcome.reason;
}
