/** What has to be done before an effect: harmless, repeatable, each result kept with the action. */

import type { Accounts } from '../accounts/port.ts';
import type { Effect, PerformContext, PreparationOutcome, Step } from '../adapters/port.ts';
import type { RegisteredAdapter } from '../adapters/registry.ts';
import type { JsonValue } from '../contracts/http/json.ts';
import type { Database } from '../db/pool.ts';
import type { ClaimedAction } from '../db/queue/claimed-action.ts';
import { heldByAction } from '../db/queue/earlier.ts';
import { failPreparation, keepPreparation, readPreparations } from '../db/queue/preparations.ts';
import { AccountOnHoldError, errorText } from '../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS, MAX_ATTEMPTS } from '../domain/limits.ts';
import { backoffMs } from '../domain/outcomes.ts';
import { earlierReceipt } from './earlier-receipt.ts';
import { onHold, overdue, preparationOutcomeOf } from './perform.ts';
import { scrubbedPreparation } from './scrubbed.ts';

/** What a provider works on for so long it has lost. */
const NOT_YET_LIMIT_MS = 30 * 60_000;
const NEVER = 'not ready after 30 minutes';
/** The longer it takes, the less often it is asked for: at last so often, if its adapter does not say less. */
const ASK_AGAIN_MOST_MS = 60_000;

export type Prepared =
  | { readonly kind: 'ready'; readonly results: Readonly<Record<string, JsonValue>>; readonly worked: boolean }
  /** Back to the queue until then; no attempt is used. */
  | { readonly kind: 'later'; readonly reason: string; readonly delayMs: number }
  /** Back to the queue until that action has ended. */
  | { readonly kind: 'waits'; readonly reason: string; readonly heldBy: string }
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
  action: Pick<ClaimedAction, 'id' | 'type'> & { readonly lane: string },
  contextWith: (results: Readonly<Record<string, JsonValue>>, signal: AbortSignal) => PerformContext,
  accounts: Pick<Accounts, 'scrub' | 'keepLimits'>,
): Promise<Prepared> {
  if (effect.preparations.length === 0) return { kind: 'ready', results: {}, worked: false };
  const actionId = action.id;
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
    let given: JsonValue | undefined = before?.result ?? undefined;
    if (step.request.protocol === 'receipt') {
      const { action: after } = step.request;
      const earlier = await earlierReceipt(db, action, after);
      if (earlier.kind === 'waits') {
        return { kind: 'waits', reason: earlier.reason, heldBy: heldByAction(after, earlier.status) };
      }
      if (earlier.kind === 'never') return { kind: 'failed', reason: earlier.reason, dlqReason: 'rejected' };
      given = earlier.receipt;
    }
    const limit = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
    const context = contextWith(Object.fromEntries(results), limit);
    const answered = await prepareOnce(adapter, step, effect, context, given);
    const outcome = scrubbedPreparation(answered, accounts.scrub);
    if (effect.account && outcome.limits?.length) await accounts.keepLimits(effect.account, outcome.limits);
    switch (outcome.kind) {
      case 'ready':
        await keepPreparation(db, { actionId, name: step.name, result: outcome.result, isReady: true });
        results.set(step.name, outcome.result);
        break;
      case 'not_yet': {
        const forMs = await keepPreparation(db, { actionId, name: step.name, result: outcome.result, isReady: false });
        if (forMs >= NOT_YET_LIMIT_MS)
          return { kind: 'failed', reason: `${step.summary}: ${NEVER}`, dlqReason: 'exhausted' };
        const delayMs = Math.max(outcome.askAgainAfterMs, Math.min(ASK_AGAIN_MOST_MS, Math.round(forMs / 10)));
        return { kind: 'later', reason: `${step.summary}: not ready yet`, delayMs };
      }
      case 'on_hold':
        return outcome;
      case 'rejected':
        return { kind: 'failed', reason: `${step.summary}: ${outcome.reason}`, dlqReason: 'rejected' };
      case 'not_sent': {
        const reason = `${step.summary}: ${outcome.reason}`;
        if (wasStopped(context.signal, limit)) return { kind: 'later', reason, delayMs: 0 };
        const failures = await failPreparation(db, { actionId, name: step.name });
        if (failures >= MAX_ATTEMPTS) return { kind: 'failed', reason, dlqReason: 'exhausted' };
        return { kind: 'later', reason, delayMs: backoffMs(failures, Math.random(), outcome.retryAfterMs) };
      }
    }
  }
  return { kind: 'ready', results: Object.fromEntries(results), worked };
}

/** Whether it was told to stop, and not its own limit ended it: that is a failure as others are. */
function wasStopped(signal: AbortSignal, limit: AbortSignal): boolean {
  return signal.aborted && !(limit.aborted && signal.reason === limit.reason);
}

/** What an effect's preparations have left so far. */
export async function keptResults(
  db: Database,
  { preparations }: Effect,
  actionId: string,
): Promise<Readonly<Record<string, JsonValue>>> {
  if (preparations.length === 0) return {};
  const kept = await readPreparations(db, actionId);
  return Object.fromEntries([...kept].flatMap(([name, { isReady, result }]) => (isReady ? [[name, result]] : [])));
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
