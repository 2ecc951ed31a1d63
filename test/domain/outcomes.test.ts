import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_ATTEMPTS, MAX_RETRY_AFTER_MS } from '../../src/domain/limits.ts';
import {
  type AttemptOutcome,
  backoffMs,
  DEFAULT_BACKOFF,
  holdMs,
  judge,
  type Redelivery,
} from '../../src/domain/outcomes.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const attemptNumber = fc.integer({ min: 1, max: MAX_ATTEMPTS });

describe('back-off', () => {
  test('lies between half of its step and the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), random, (attempt, chance) => {
        const stepMs = Math.min(DEFAULT_BACKOFF.maximumMs, DEFAULT_BACKOFF.initialMs * 2 ** (attempt - 1));
        const delayMs = backoffMs(attempt, chance);
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(stepMs / 2));
        expect(delayMs).toBeLessThanOrEqual(stepMs);
      }),
    );
  });

  test('is spread: actions that failed together do not come back together', () => {
    const delays = Array.from({ length: 100 }, (_, index) => backoffMs(1, index / 100, 5_000));
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThanOrEqual(0.2 * DEFAULT_BACKOFF.initialMs);
  });

  test('is never earlier than Retry-After, which is capped at one hour', () => {
    fc.assert(
      fc.property(
        attemptNumber,
        random,
        fc.double({ min: -1e12, max: 1e12, noNaN: true }),
        (attempt, chance, askedMs) => {
          const delayMs = backoffMs(attempt, chance, askedMs);
          expect(delayMs).toBeGreaterThanOrEqual(Math.min(MAX_RETRY_AFTER_MS, Math.max(0, Math.round(askedMs))));
          expect(delayMs).toBeLessThanOrEqual(MAX_RETRY_AFTER_MS + DEFAULT_BACKOFF.maximumMs);
        },
      ),
    );
  });
});

const DEDUPES: Redelivery = { kind: 'dedupes', windowMs: 3_600_000, settleMs: 0 };

describe('the verdict on an attempt', () => {
  const verdictOf = (outcome: AttemptOutcome, number: number, dedupes: boolean) =>
    judge(outcome, { number, maxAttempts: MAX_ATTEMPTS, redelivery: dedupes ? DEDUPES : { kind: 'neither' } }, 0.5);

  test('done is SUCCESS, rejected is the DLQ at once', () => {
    expect(verdictOf({ kind: 'done', receipt: {} }, 1, false)).toEqual({ to: 'SUCCESS' });
    expect(verdictOf({ kind: 'rejected', reason: '400' }, 1, true)).toEqual({ to: 'DLQ', reason: 'rejected' });
  });

  test('not sent is retried until the attempts are used up', () => {
    const outcome: AttemptOutcome = { kind: 'not_sent', reason: 'refused', retryAfterMs: 5_000 };
    expect(verdictOf(outcome, 1, false)).toMatchObject({ to: 'RETRY' });
    expect(verdictOf(outcome, 2, false)).toMatchObject({ to: 'RETRY' });
    expect(verdictOf(outcome, 3, false)).toEqual({ to: 'DLQ', reason: 'exhausted' });
  });

  test('unknown is repeated only at a provider that deduplicates', () => {
    fc.assert(
      fc.property(attemptNumber, random, (number, chance) => {
        const attempt = { number, maxAttempts: 3, redelivery: { kind: 'neither' } as const };
        const verdict = judge({ kind: 'unknown', reason: 'reset' }, attempt, chance);
        expect(verdict).toEqual({ to: 'UNCONFIRMED' });
      }),
    );
    expect(verdictOf({ kind: 'unknown', reason: 'reset' }, 1, true)).toMatchObject({ to: 'RETRY' });
    expect(verdictOf({ kind: 'unknown', reason: 'reset' }, 3, true)).toEqual({ to: 'UNCONFIRMED' });
  });

  test('a refusal or a last failure says nothing of an attempt before it that may have happened', () => {
    const attempt = { number: 3, maxAttempts: 3, redelivery: DEDUPES, repeatsUnknown: true };
    expect(judge({ kind: 'rejected', reason: '409 duplicate' }, attempt, 0.5)).toEqual({ to: 'UNCONFIRMED' });
    expect(judge({ kind: 'not_sent', reason: 'refused' }, attempt, 0.5)).toEqual({ to: 'UNCONFIRMED' });
    expect(judge({ kind: 'done', receipt: {} }, attempt, 0.5)).toEqual({ to: 'SUCCESS' });
  });

  test('a repeat does not come before the first one has settled', () => {
    const redelivery: Redelivery = { kind: 'dedupes', windowMs: 3_600_000, settleMs: 60_000 };
    const verdict = judge({ kind: 'unknown', reason: 'reset' }, { number: 1, maxAttempts: 3, redelivery }, 0.5);
    expect(verdict).toEqual({ to: 'RETRY', delayMs: 60_000 });
  });
});

describe('what is held', () => {
  test('until a known time looks again then, and soon where that has passed', () => {
    expect(holdMs(90_000, 30_000)).toBe(60_000);
    expect(holdMs(30_000, 90_000)).toBe(1_000);
  });

  test('until somebody lets it go leaves its lane to others: 2,000 of them take less than the claims of the defaults', () => {
    const claimsAnHour = (3_600_000 / 5_000) * 3;
    const looksAnHour = 2_000 * (3_600_000 / holdMs(undefined, Date.now()));
    expect(looksAnHour).toBeLessThan(claimsAnHour);
    const outcome: AttemptOutcome = { kind: 'on_hold', reason: 'it needs a login', needsLogin: true };
    const attempt = { number: 1, maxAttempts: 3, redelivery: { kind: 'neither' } } as const;
    expect(judge(outcome, attempt, 0)).toEqual({ to: 'PENDING', delayMs: holdMs(undefined, Date.now()) });
  });
});
