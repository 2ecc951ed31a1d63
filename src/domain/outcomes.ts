/** How an attempt can end (DESIGN section 2). The engine acts on nothing else. */

import { MAX_RETRY_AFTER_MS } from './limits.ts';
import type { DlqReason } from './states.ts';

/** A limit that a provider's answer told: so many are left in a scope until a time. */
export interface LimitSeen {
  readonly scope: string;
  readonly remaining: number;
  /** Epoch milliseconds. */
  readonly resetAt: number;
}

export type AttemptOutcome = (
  | {
      readonly kind: 'done';
      readonly receipt: Readonly<Record<string, unknown>>;
      /** Parts that were refused while the rest happened: recipients. */
      readonly refused?: readonly string[] | undefined;
    }
  /** `prepareAgain`: what the preparations had made is gone. */
  | {
      readonly kind: 'not_sent';
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      readonly prepareAgain?: boolean | undefined;
    }
  /**
   * Its account can do nothing now, and nothing was sent. The action waits, and uses no attempt.
   * `needsLogin`: until a person logs in. `untilMs`: epoch milliseconds; absent: until somebody looks after the account.
   */
  | {
      readonly kind: 'on_hold';
      readonly reason: string;
      readonly untilMs?: number | undefined;
      readonly needsLogin?: boolean | undefined;
    }
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }
) & { readonly limits?: readonly LimitSeen[] | undefined };

/** What reading at the provider said of an effect that may have happened. "Not found" proves nothing by itself. */
export type Reconciled =
  | { readonly kind: 'happened'; readonly receipt: Readonly<Record<string, unknown>> }
  | { readonly kind: 'did_not_happen' }
  | { readonly kind: 'cannot_tell'; readonly reason: string; readonly askAgainAfterMs?: number | undefined };

/**
 * What a provider makes of a second request under our key. `dedupes`: for so long after the first it answers that one again, and not
 * before it has settled. `harmless`: so many repeats do no harm. `neither`: a second one is a second effect.
 */
export type Redelivery =
  | { readonly kind: 'dedupes'; readonly windowMs: number; readonly settleMs: number }
  | { readonly kind: 'harmless'; readonly maxRepeats: number }
  | { readonly kind: 'neither' };

export type AttemptVerdict =
  | { readonly to: 'SUCCESS' }
  | { readonly to: 'PENDING'; readonly delayMs: number }
  | { readonly to: 'RETRY'; readonly delayMs: number }
  | { readonly to: 'DLQ'; readonly reason: DlqReason }
  | { readonly to: 'UNCONFIRMED' };

export interface BackoffPolicy {
  readonly initialMs: number;
  readonly maximumMs: number;
}

export const DEFAULT_BACKOFF: BackoffPolicy = { initialMs: 1_000, maximumMs: 60_000 };

/**
 * Exponential back-off with equal jitter: half of the step is fixed, half is random, so that actions
 * that failed together do not come back together.
 *
 * @param attempt the attempt that just failed, from 1
 * @param random a number in [0, 1)
 * @param retryAfterMs what the provider asked for; never answered earlier, capped at one hour
 */
export function backoffMs(
  attempt: number,
  random: number,
  retryAfterMs?: number,
  policy: BackoffPolicy = DEFAULT_BACKOFF,
): number {
  const stepMs = Math.min(policy.maximumMs, policy.initialMs * 2 ** Math.max(0, attempt - 1));
  const jitteredMs = Math.round(stepMs / 2 + (stepMs / 2) * random);
  if (retryAfterMs === undefined) return jitteredMs;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, Math.round(retryAfterMs))) + jitteredMs;
}

export interface JudgedAttempt {
  /** Within this round, from 1. */
  readonly number: number;
  readonly maxAttempts: number;
  readonly redelivery: Redelivery;
  /** An attempt before this one may have happened. */
  readonly repeatsUnknown?: boolean;
}

/**
 * What an outcome leads to. A refusal or a failure says nothing about an attempt before that may have happened: "duplicate" is a sign
 * that it did.
 *
 * @param random a number in [0, 1)
 */
export function judge(
  outcome: AttemptOutcome,
  attempt: JudgedAttempt,
  random: number,
  nowMs: number = Date.now(),
): AttemptVerdict {
  switch (outcome.kind) {
    case 'done':
      return { to: 'SUCCESS' };
    case 'rejected':
      return attempt.repeatsUnknown ? { to: 'UNCONFIRMED' } : { to: 'DLQ', reason: 'rejected' };
    case 'on_hold':
      // Attempts before this one are asked after when the account is back.
      return { to: 'PENDING', delayMs: holdMs(outcome.untilMs, nowMs) };
    case 'unknown':
      if (attempt.redelivery.kind === 'neither' || isLast(attempt)) return { to: 'UNCONFIRMED' };
      return { to: 'RETRY', delayMs: Math.max(backoffMs(attempt.number, random), settleMsOf(attempt.redelivery)) };
    case 'not_sent':
      if (!isLast(attempt)) return { to: 'RETRY', delayMs: backoffMs(attempt.number, random, outcome.retryAfterMs) };
      return attempt.repeatsUnknown ? { to: 'UNCONFIRMED' } : { to: 'DLQ', reason: 'exhausted' };
  }
}

/**
 * How long what is held until somebody does something waits before it looks again. Whoever does it (an account works again, a level or a
 * budget is set, a worker starts with other secrets) makes it due at once; and each look takes one of its lane's claims from others.
 */
const HOLD_LOOK_MS = 3_600_000;

/** @param untilMs epoch milliseconds; what lies in the past is looked at again soon */
export function holdMs(untilMs: number | undefined, nowMs: number): number {
  return untilMs === undefined ? HOLD_LOOK_MS : Math.max(1_000, Math.ceil(untilMs - nowMs));
}

function isLast({ number, maxAttempts }: JudgedAttempt): boolean {
  return number >= maxAttempts;
}

function settleMsOf(redelivery: Redelivery): number {
  return redelivery.kind === 'dedupes' ? redelivery.settleMs : 0;
}
