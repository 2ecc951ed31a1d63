import { describe, expect, test } from '@jest/globals';
import { TickAtWork } from '../../src/activities/effects-at-work.ts';
import type { AttemptEnd } from '../../src/activities/leaving.ts';

/** A tick of two effects whose ends the test gives. */
function tickOfTwo() {
  const tick = new TickAtWork('default', () => undefined);
  const [first, second] = [Promise.withResolvers<AttemptEnd>(), Promise.withResolvers<AttemptEnd>()];
  tick.add('first', first.promise, () => undefined);
  tick.add('second', second.promise, () => undefined);
  let isOut = false;
  const waiting = tick.allPerform().then(() => {
    isOut = true;
  });
  return { tick, first, second, waiting, isOut: () => isOut };
}

describe('what waits until the effects of a tick are out', () => {
  test('goes on when each is performed or has ended', async () => {
    const { tick, first, second, waiting, isOut } = tickOfTwo();
    tick.performs('first');
    await Promise.resolve();
    expect(isOut()).toBe(false);
    second.resolve({ kind: 'gone' });
    await waiting;
    expect(tick.ids()).toEqual(['first']);
    first.resolve({ kind: 'ended', to: 'SUCCESS' });
    await tick.settled();
  });

  test('does not wait long for one that cannot begin', async () => {
    const { tick, first, second, waiting } = tickOfTwo();
    await waiting;
    expect(tick.ids()).toEqual(['first', 'second']);
    first.resolve({ kind: 'gone' });
    second.reject(new Error('PostgreSQL is away'));
    await tick.settled();
  });
});
