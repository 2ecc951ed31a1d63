import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Turnstile } from '../../src/api/turnstile.ts';

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

test('who waits longer than a standstill may last gets in all the same, as long as others leave', async () => {
  const turnstile = new Turnstile(1);
  const startedMs = performance.now();
  const turns = Array.from({ length: 8 }, async () => {
    const leave = await turnstile.enter();
    await delay(100);
    leave();
    return performance.now() - startedMs;
  });
  const took = await Promise.all(turns);
  expect(took.at(-1)).toBeGreaterThan(500);
});

test('who does not get in within five seconds is told, however well it moves', async () => {
  const turnstile = new Turnstile(1);
  let leave = await turnstile.enter();
  // Each comes before the one that is watched, and goes when the next is there.
  const others = Array.from({ length: 60 }, () => turnstile.enter().catch(() => undefined));
  const last = turnstile.enter().then(
    () => 'in',
    (error: Error) => error.message,
  );
  for (const other of others) {
    await delay(100);
    leave();
    const next = await other;
    if (next === undefined) break;
    leave = next;
  }
  expect(await last).toMatch(/^the queue is too slow: 5\d\d\d ms went by$/);
});
