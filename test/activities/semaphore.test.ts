import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSemaphore } from '../../src/activities/semaphore.ts';

const never = new AbortController().signal;

/** Takes places until one is not given at once; answers how many were. */
async function takeAll(places: ReturnType<typeof createSemaphore>, lane: string, atMost = 1_000): Promise<number> {
  for (let taken = 0; taken < atMost; taken += 1) {
    const given = await Promise.race([places.take(lane, never), Promise.resolve(undefined)]);
    if (!given) return taken;
  }
  return atMost;
}

describe('places for effects', () => {
  test('a lane that takes all it can leaves half to the others, and there is always room for the next one', async () => {
    const places = createSemaphore(1_000);
    const taken = [];
    for (const lane of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']) taken.push(await takeAll(places, lane));
    expect(taken).toEqual([500, 250, 125, 63, 31, 16, 8, 4, 2, 1]);
  });

  test('one that was given back goes to whoever waits and may have it', async () => {
    const places = createSemaphore(2);
    const give = await places.take('a', never);
    const order: string[] = [];
    const second = places.take('a', never).then(() => order.push('a again'));
    expect(order).toEqual([]);
    give();
    await second;
    expect(order).toEqual(['a again']);
  });

  test('whoever is told to stop leaves the line', async () => {
    const places = createSemaphore(2);
    const give = await places.take('a', never);
    const stop = new AbortController();
    const waits = places.take('a', stop.signal);
    stop.abort(new Error('killed'));
    await expect(waits).rejects.toThrow('killed');
    give();
    await places.take('a', never);
    await expect(places.take('b', stop.signal)).resolves.toBeDefined();
  });

  test('never more than there are, none lost, whatever is taken and given back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()), { maxLength: 60 }),
        async (capacity, steps) => {
          const places = createSemaphore(capacity);
          const held: (() => void)[] = [];
          for (const [lane, gives] of steps) {
            if (gives) held.shift()?.();
            else void places.take(lane, never).then((give) => held.push(give));
            await Promise.resolve();
            await Promise.resolve();
            expect(held.length).toBeLessThanOrEqual(capacity);
          }
          while (held.length > 0) {
            held.shift()?.();
            await Promise.resolve();
            await Promise.resolve();
          }
          expect(await takeAll(places, 'new')).toBe(Math.ceil(capacity / 2));
        },
      ),
    );
  });
});
