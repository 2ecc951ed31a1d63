/** What has to be done before an effect: harmless, repeatable, each result kept with the action. */

import type { Effect, PerformContext, PreparationOutcome, Step } from '../adapters/port.ts';
import type { RegisteredAdapter } from '../adapters/registry.ts';
import type { JsonValue } from '../contracts/http/json.ts';
import type { Database } from '../db/pool.ts';
import { failPreparation, keepPreparation, readPreparations } from '../db/queue/preparations.ts';
import { AccountOnHoldError, errorText } from '../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS, MAX_ATTEMPTS } from '../domain/limits.ts';
import { backoffMs } from '../domain/outcomes.ts';
import { onHold, overdue, preparationOutcomeOf, type Scrub } from './perform.ts';
import { scrubbedPreparation } from './scrubbed.ts';

export type Prepared =
  | { readonly kind: 'ready'; readonly results: Readonly<Record<string, JsonValue>>; readonly worked: boolean }
  /** Back to the queue until then; no attempt is used. */
  | { readonly kind: 'later'; readonly reason: string; readonly delayMs: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly dlqReason: 'rejected' | 'exhausted' }
  | Extract<PreparationOutcome, { kind: 'on_hold' }>;

/**
 * Does what is not done yet, in order. Never throws for what an adapter does.
 *
 * @param contextWith a context for the adapter, with the results so far
 * @throws UnavailableError when the database is away
 */
export async function runPreparations(
  db: Database,
  adapter: RegisteredAdapter,
  effect: Effect,
  actionId: string,
  contextWith: (results: Readonly<Record<string, JsonValue>>, signal: AbortSignal) => PerformContext,
  scrub: Scrub,
): Promise<Prepared> {
  if (effect.preparations.length === 0) return { kind: 'ready', results: {}, worked: false };
  const kept = await readPreparations(db, actionId);
  const results = new Map<string, JsonValue>();
  let worked = false;
  for (const step of effect.preparations) {
    const before = kept.get(step.name);
    if (before?.isReady) {
      results.set(step.name, before.result);
      continue;
    }
    worked = true;
    const context = contextWith(Object.fromEntries(results), AbortSignal.timeout(ATTEMPT_TIMEOUT_MS));
    const answered = await prepareOnce(adapter, step, effect, context, before?.result ?? undefined);
    const outcome = scrubbedPreparation(answered, scrub);
    switch (outcome.kind) {
      case 'ready':
        await keepPreparation(db, { actionId, name: step.name, result: outcome.result, isReady: true });
        results.set(step.name, outcome.result);
        break;
      case 'not_yet':
        await keepPreparation(db, { actionId, name: step.name, result: outcome.result, isReady: false });
        return { kind: 'later', reason: `${step.summary}: not ready yet`, delayMs: outcome.askAgainAfterMs };
      case 'on_hold':
        return outcome;
      case 'rejected':
        return { kind: 'failed', reason: `${step.summary}: ${outcome.reason}`, dlqReason: 'rejected' };
      case 'not_sent': {
        const reason = `${step.summary}: ${outcome.reason}`;
        if (context.signal.aborted) return { kind: 'later', reason, delayMs: 0 };
        const failures = await failPreparation(db, { actionId, name: step.name });
        if (failures >= MAX_ATTEMPTS) return { kind: 'failed', reason, dlqReason: 'exhausted' };
        return { kind: 'later', reason, delayMs: backoffMs(failures, Math.random(), outcome.retryAfterMs) };
      }
    }
  }
  return { kind: 'ready', results: Object.fromEntries(results), worked };
}

async function prepareOnce(
  adapter: RegisteredAdapter,
  step: Step,
  effect: Effect,
  context: PerformContext,
  before: JsonValue | undefined,
): Promise<PreparationOutcome> {
  if (!adapter.prepare) return { kind: 'rejected', reason: 'the adapter prepares nothing' };
  try {
    const answer: unknown = await Promise.race([
      adapter.prepare(step, effect, context, before),
      overdue(context.signal),
    ]);
    return preparationOutcomeOf(answer);
  } catch (error) {
    if (error instanceof AccountOnHoldError) return onHold(error);
    return { kind: 'not_sent', reason: `the adapter threw: ${errorText(error)}` };
  }
}
