/** How effects leave their tick: an attempt's outcome, or a release, a wait for approval, a dead letter before the gate. */

import { spentMicroUsd } from '../../domain/budgets.ts';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { DlqReason } from '../../domain/states.ts';
import type { Database } from '../pool.ts';
import type { EffectClaim } from './gate.ts';
import { type LeaveAnswer, type Leaving, leave } from './leave.ts';

/** A wait up to this long is Temporal's, within the tick; a longer one is the queue's. */
export const MAX_WAIT_IN_TICK_MS = 30_000;
/** An effect whose activity failed for good is not claimed again at once. */
const ABANDONED_DELAY_MS = 5_000;

/** How an attempt that passed the gate ended. */
export interface RecordedAttempt extends EffectClaim {
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly durationMs: number;
  readonly decision: AttemptDecision;
  /** The provider was asked, and has said what became of all attempts. */
  readonly settles?: boolean;
}

export type AttemptDecision =
  | { readonly to: 'SUCCESS' }
  /** Waits in its tick, where that is allowed and the delay is short. */
  | { readonly to: 'RETRY'; readonly delayMs: number; readonly waitsInTick?: boolean }
  | { readonly to: 'DLQ'; readonly reason: DlqReason }
  | { readonly to: 'UNCONFIRMED' }
  | { readonly to: 'PENDING'; readonly delayMs?: number; readonly heldBy?: string | undefined };

/**
 * Writes the outcomes of attempts. Each needs only its attempt, not the lease or the claim: what happened is never thrown away. When
 * an attempt was closed meanwhile, a receipt that arrives late is still recorded, and turns UNCONFIRMED into SUCCESS.
 *
 * @returns one answer for each, in their order
 */
export function recordAttempts(db: Database, ended: readonly RecordedAttempt[]): Promise<LeaveAnswer[]> {
  return leave(db, ended.map(toLeaving));
}

function toLeaving({ actionId, tickId, attempt, outcome, durationMs, decision, settles }: RecordedAttempt): Leaving {
  const words = outcome.kind === 'done' ? 'performed' : outcome.reason;
  return {
    actionId,
    tickId,
    attempt,
    durationMs,
    outcome: outcome.kind,
    message: words,
    ...(settles ? { settles } : {}),
    ...(outcome.kind === 'done' ? { receipt: outcome.receipt, ...spentOf(outcome.receipt) } : {}),
    ...decision,
    ...(decision.to === 'RETRY'
      ? { waitsInTick: decision.waitsInTick !== false && decision.delayMs <= MAX_WAIT_IN_TICK_MS }
      : {}),
  };
}

function spentOf(receipt: Readonly<Record<string, unknown>>): Pick<Leaving, 'spentMicroUsd'> {
  const spent = spentMicroUsd(receipt);
  return spent === undefined ? {} : { spentMicroUsd: spent };
}

/** How an action leaves its tick without an attempt of its own. */
export type LeavingEarly =
  | {
      readonly to: 'PENDING';
      readonly message: string;
      readonly delayMs?: number;
      readonly untilDue?: boolean;
      readonly heldBy?: string | undefined;
    }
  | {
      readonly to: 'AWAITING_APPROVAL';
      readonly message: string;
      readonly artifactSha256: string;
      readonly artifactUri: string;
      readonly approvalTtlMs: number;
    }
  | { readonly to: 'DLQ'; readonly reason: DlqReason; readonly message: string }
  /** Attempts before this one may have happened, and nobody can tell. */
  | { readonly to: 'UNCONFIRMED'; readonly message: string }
  /** An attempt before this one happened: its receipt came late, or the provider said so. */
  | { readonly to: 'SUCCESS'; readonly message: string; readonly receipt: unknown; readonly settles?: boolean }
  /** The provider said that the attempts before did not happen. */
  | { readonly to: 'RETRY'; readonly message: string; readonly delayMs: number; readonly settles: true };

/** Nothing when it is not this tick's any more, or an attempt owns it. */
export async function leaveTick(db: Database, claim: EffectClaim, leaving: LeavingEarly): Promise<void> {
  const { actionId, tickId, token } = claim;
  await leave(db, [{ actionId, tickId, token, ...leaving }]);
}

/**
 * Gives up on an effect whose activity failed for good. It returns to the queue, unless an attempt is open: then its outcome or its
 * deadline comes first.
 */
export function abandonEffect(db: Database, claim: EffectClaim & { readonly reason: string }): Promise<void> {
  return leaveTick(db, claim, {
    to: 'PENDING',
    message: `its activity failed: ${claim.reason}`,
    delayMs: ABANDONED_DELAY_MS,
  });
}
