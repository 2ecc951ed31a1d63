import { expect, test } from '@jest/globals';
import { Turnstile } from '../../src/api/turnstile.ts';

test('so many at once, the others in their order; one that leaves twice lets one in; who waits too long is told', async () => {
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
