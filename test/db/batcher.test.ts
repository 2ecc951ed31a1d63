import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { gather } from '../../src/db/batcher.ts';

/** A joint call that ends when the test lets it. */
function calls(fails: (items: readonly number[]) => Error | undefined = () => undefined) {
  const made: number[][] = [];
  const open: (() => void)[] = [];
  const together = async (items: readonly number[]) => {
    made.push([...items]);
    await new Promise<void>((resolve) => open.push(resolve));
    const error = fails(items);
    if (error) throw error;
    return items.map((item) => `answer ${item}`);
  };
  /** Whatever was planned for the end of this event has begun. */
  const event = () => new Promise((resolve) => setImmediate(resolve));
  const end = async () => {
    open.shift()?.();
    await event();
  };
  return { made, together, end, event };
}

const forAll = new Error('away');
const isForAll = (error: unknown) => error === forAll;

describe('gather', () => {
  test('those of one event go together, so many at most; those that come meanwhile go in the next call', async () => {
    const { made, together, end, event } = calls();
    const ask = gather(together, { mostAtOnce: 3, isForAll });
    const early = [1, 2, 3, 4].map(ask);
    expect(made).toEqual([]);
    await event();
    expect(made).toEqual([[1, 2, 3], [4]]);
    const late = [5, 6].map(ask);
    await event();
    expect(made).toEqual([[1, 2, 3], [4]]);
    await end();
    expect(made).toEqual([[1, 2, 3], [4], [5, 6]]);
    await end();
    await end();
    expect(await Promise.all([...early, ...late])).toEqual([1, 2, 3, 4, 5, 6].map((item) => `answer ${item}`));
  });

  test('one that comes alone waits for nobody', async () => {
    const { made, together, end, event } = calls();
    const ask = gather(together, { mostAtOnce: 3, isForAll });
    const answer = ask(1);
    await event();
    expect(made).toEqual([[1]]);
    await end();
    expect(await answer).toBe('answer 1');
  });

  test('one that makes a joint call fail fails alone', async () => {
    const { made, together, end, event } = calls((items) => (items.includes(4) ? new Error('four') : undefined));
    const ask = gather(together, { mostAtOnce: 10, isForAll });
    const answers = Promise.allSettled([1, 2, 3, 4, 5].map(ask));
    await event();
    for (let call = 0; call < 6; call += 1) await end();
    expect(made).toEqual([[1, 2, 3, 4, 5], [1], [2], [3], [4], [5]]);
    expect((await answers).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  test('an error of all is not asked for again one by one', async () => {
    const { made, together, end, event } = calls((items) => (items.length > 1 ? forAll : undefined));
    const ask = gather(together, { mostAtOnce: 10, isForAll });
    const answers = Promise.allSettled([1, 2].map(ask));
    await event();
    await end();
    expect(made).toEqual([[1, 2]]);
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  describe('whose items wait', () => {
    const standstill = new Error('standstill');
    const tooMany = new Error('too many');
    const wait = { standstillMs: 200, standstill: () => standstill, mostMs: 1_000, tooMany: () => tooMany };
    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    test('gives up those whose turn does not come while nothing moves, and does not ask for them later', async () => {
      const { made, together, end, event } = calls();
      const ask = gather(together, { mostAtOnce: 1, isForAll, wait });
      const first = [ask(1), ask(2)];
      const late = ask(3).catch((error: unknown) => error);
      await event();
      jest.advanceTimersByTime(199);
      const next = ask(4);
      jest.advanceTimersByTime(2);
      expect(await late).toBe(standstill);
      for (let call = 0; call < 3; call += 1) await end();
      expect([await Promise.all(first), await next]).toEqual([['answer 1', 'answer 2'], 'answer 4']);
      expect(made).toEqual([[1], [2], [4]]);
    });

    test('lets them wait longer than that while calls end, but not for ever', async () => {
      const { together, end, event } = calls();
      const ask = gather(together, { mostAtOnce: 1, isForAll, wait });
      const answers = Promise.allSettled(Array.from({ length: 12 }, (_, n) => ask(n)));
      await event();
      for (let call = 0; call < 8; call += 1) {
        jest.advanceTimersByTime(150);
        await end();
      }
      for (let call = 0; call < 4; call += 1) await end();
      const [served, refused] = Object.values(Object.groupBy(await answers, ({ status }) => status));
      expect(served?.length).toBeGreaterThan(6);
      expect(new Set(refused?.map((one) => 'reason' in one && one.reason))).toEqual(new Set([tooMany]));
    });
  });
});
