/** How an attempt can end (DESIGN section 2). The engine acts on nothing else. */

import { MAX_RETRY_AFTER_MS } from './limits.ts';
import type { DlqReason } from './states.ts';

export type AttemptOutcome =
  | { readonly kind: 'done'; readonly receipt: Readonly<Record<string, unknown>> }
  | { readonly kind: 'not_sent'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export type AttemptVerdict =
  | { readonly to: 'SUCCESS' }
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

/**
 * What an outcome leads to.
 *
 * @param dedupes whether the provider deduplicates by our key, so that an unknown outcome may be repeated
 */
export function judge(
  outcome: AttemptOutcome,
  attempt: { readonly number: number; readonly maxAttempts: number; readonly dedupes: boolean },
  random: number,
): AttemptVerdict {
  switch (outcome.kind) {
    case 'done':
      return { to: 'SUCCESS' };
    case 'rejected':
      return { to: 'DLQ', reason: 'rejected' };
    case 'unknown':
      if (!attempt.dedupes) return { to: 'UNCONFIRMED' };
      return retryOrExhaust(attempt, random);
    case 'not_sent':
      return retryOrExhaust(attempt, random, outcome.retryAfterMs);
  }
}

function retryOrExhaust(
  attempt: { readonly number: number; readonly maxAttempts: number },
  random: number,
  retryAfterMs?: number,
): AttemptVerdict {
  if (attempt.number >= attempt.maxAttempts) return { to: 'DLQ', reason: 'exhausted' };
  return { to: 'RETRY', delayMs: backoffMs(attempt.number, random, retryAfterMs) };
}
