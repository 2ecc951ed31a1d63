import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Turnstile } from '../../src/api/access/turnstile.ts';

test('so many at once, the others in their order; one that leaves twice lets one in; at a standstill who waits is told', async () => {
  const turnstile = new Turnstile(2);
  const [first, second] = [await turnstile.enter(), await turnstile.enter()];
  const order: number[] = [];
  const enter = (number: number) =>
    turnstile.enter().then((leave) => {
      order.push(number);
      return leave;
    });
  const [third, fourth] = [enter(3), enter(4)];
  first();
  first();
  const leaveThird = await third;
  expect(order).toEqual([3]);
  const late = await Promise.allSettled([fourth, enter(5)]);
  const refused = { status: 'rejected', reason: { code: 'AOL_UNAVAILABLE' } };
  expect(late).toMatchObject([refused, refused]);
  second();
  leaveThird();
  const again = [await enter(6), await enter(7)];
  expect(order).toEqual([3, 6, 7]);
  for (const leave of again) leave();
});

describe('where turns end', () => {
  const STEP_MS = 100;
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Each in its turn, which lasts a step; answers after how many of them each was in, or why it was not. */
  const passThrough = async (count: number) => {
    const turnstile = new Turnstile(1);
    const startedMs = performance.now();
    const ends = Array.from({ length: count }, async () => {
      const leave = await turnstile.enter();
      const steps = Math.round((performance.now() - startedMs) / STEP_MS);
      setTimeout(leave, STEP_MS);
      return steps;
    });
    const settled = Promise.allSettled(ends);
    await jest.advanceTimersByTimeAsync(10_000);
    return settled;
  };

  test('who waits longer than a standstill may last gets in all the same', async () => {
    expect((await passThrough(8)).at(-1)).toEqual({ status: 'fulfilled', value: 7 });
  });

  test('who does not get in within five seconds is told', async () => {
    const ends = await passThrough(60);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    expect(ends.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'AOL_UNAVAILABLE' } });
  });
});
