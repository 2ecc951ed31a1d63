/** What an account's row and what a provider said mean for whether it may act. */

import type { AccountRow, NewState } from '../db/keep/accounts.ts';
import type { AttemptOutcome } from '../domain/outcomes.ts';
import type { OpenedAccount } from './port.ts';

/** Why it can do nothing now; undefined when it may act. */
export function holdOf({
  state,
  reason,
  until,
  now,
}: Pick<AccountRow, 'state' | 'reason' | 'until' | 'now'>): Extract<OpenedAccount, { kind: 'on_hold' }> | undefined {
  if (state === 'ready' || state === 'not_checked' || (until !== null && until <= now)) return undefined;
  return { kind: 'on_hold', reason: reason ?? state, ...(until && { untilMs: until.getTime() }) };
}

/** The state that an outcome leads to; undefined where it says nothing of the account. */
export function stateAfter(outcome: AttemptOutcome, nowMs: number): NewState | undefined {
  if (outcome.kind === 'on_hold') {
    const { reason, untilMs, needsLogin } = outcome;
    if (needsLogin) return { state: 'needs_login', reason };
    return untilMs === undefined
      ? { state: 'on_hold', reason }
      : { state: 'limited', reason, until: new Date(untilMs) };
  }
  const spent = outcome.limits?.find(({ remaining, resetAt }) => remaining <= 0 && resetAt > nowMs);
  if (spent) {
    const until = new Date(spent.resetAt);
    return { state: 'limited', reason: `its provider’s limit is used up (${spent.scope})`, until };
  }
  return outcome.kind === 'done' ? { state: 'ready' } : undefined;
}
