/** The one call into an adapter that reaches the outside, and the question afterwards. Neither ever throws. */

import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Effect, PerformContext, RenderContext } from '../adapters/port.ts';
import type { RegisteredAdapter } from '../adapters/registry.ts';
import { jsonObjectSchema } from '../contracts/http/json.ts';
import { providerKey } from '../contracts/names.ts';
import type { ClaimedAction } from '../db/queue/claimed-action.ts';
import { errorText } from '../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS } from '../domain/limits.ts';
import type { AttemptOutcome } from '../domain/outcomes.ts';

/** A promoted action performs its proof's artifact, byte for byte: it renders under the proof's id, key and time. */
export function renderContext(action: ClaimedAction): RenderContext {
  const actionId = action.promotedFrom ?? action.id;
  return { actionId, runAt: action.dueAt, providerKey: providerKey(actionId) };
}

export function performContext(action: ClaimedAction, attempt: number, signal: AbortSignal): PerformContext {
  return { ...renderContext(action), attempt, signal };
}

/** An adapter that does not heed its signal is left behind after this. */
const DEAF_LIMIT_MS = 500;
const MAX_RECEIPT_BYTES = 64 * 1024;

const reasonSchema = z.string().transform((reason) => errorText(reason));
const outcomeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), receipt: z.unknown().transform(storableReceipt) }),
  z.object({
    kind: z.literal('not_sent'),
    reason: reasonSchema,
    retryAfterMs: z.number().nonnegative().optional().catch(undefined),
  }),
  z.object({ kind: z.literal('rejected'), reason: reasonSchema }),
  z.object({ kind: z.literal('unknown'), reason: reasonSchema }),
]);

/** Performs once. What an adapter throws, or answers against its contract, is an unknown outcome: it may have sent something. */
export async function perform(
  adapter: RegisteredAdapter,
  effect: Effect,
  context: PerformContext,
): Promise<AttemptOutcome> {
  if (!adapter.perform) return { kind: 'rejected', reason: 'the adapter performs nothing' };
  try {
    const answer: unknown = await Promise.race([adapter.perform(effect, context), overdue(context.signal)]);
    return outcomeOf(answer) ?? { kind: 'unknown', reason: 'the adapter answered no outcome' };
  } catch (error) {
    return { kind: 'unknown', reason: `the adapter threw: ${errorText(error)}` };
  }
}

/** Asks the provider whether the effect happened. Undefined: it cannot be asked, or could not tell. */
export async function reconcile(
  adapter: RegisteredAdapter,
  effect: Effect,
  context: PerformContext,
): Promise<AttemptOutcome | undefined> {
  if (!adapter.reconcile) return undefined;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
  try {
    const answer = await Promise.race([adapter.reconcile(effect, { ...context, signal }), overdue(signal)]);
    return answer === undefined ? undefined : outcomeOf(answer);
  } catch {
    // What cannot be asked stays unknown, which is what undefined says.
    return undefined;
  }
}

async function overdue(signal: AbortSignal): Promise<AttemptOutcome> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await delay(DEAF_LIMIT_MS);
  return { kind: 'unknown', reason: 'the adapter did not end when it was told to' };
}

function outcomeOf(answer: unknown): AttemptOutcome | undefined {
  const parsed = outcomeSchema.safeParse(answer);
  if (!parsed.success) return undefined;
  const outcome = parsed.data;
  if (outcome.kind !== 'not_sent') return outcome;
  const { kind, reason, retryAfterMs } = outcome;
  return retryAfterMs === undefined ? { kind, reason } : { kind, reason, retryAfterMs };
}

/** Done is done, whatever the receipt is: one that cannot be stored is replaced by a note. */
function storableReceipt(receipt: unknown): Readonly<Record<string, unknown>> {
  try {
    const text = JSON.stringify(receipt);
    const parsed = jsonObjectSchema.safeParse(JSON.parse(text));
    if (parsed.success && text.length <= MAX_RECEIPT_BYTES) return parsed.data;
  } catch {
    // BigInt, a circle, a getter that throws: the note below.
  }
  return { note: 'the adapter’s receipt could not be stored' };
}
