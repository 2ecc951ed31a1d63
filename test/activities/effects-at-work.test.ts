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

describe('what is to be attempted again', () => {
  const never = new AbortController().signal;
  const again = (delayMs: number): AttemptEnd => ({ kind: 'again', delayMs, reason: 'attempt 1 is not over yet' });

  test('is told when it is due, and is at work until then', async () => {
    const { tick, first, second } = tickOfTwo();
    const beganAt = performance.now();
    first.resolve(again(120));
    second.resolve({ kind: 'ended', to: 'SUCCESS' });
    const progress = tick.progress(never);
    await second.promise;
    expect(tick.ids()).toContain('first');
    expect(await progress).toEqual({ atWork: [], again: ['first'], ended: { second: 'SUCCESS' } });
    expect(performance.now() - beganAt).toBeGreaterThanOrEqual(119);
  });

  test('waits in its tick where few failed, and else in the queue', () => {
    const { tick } = tickOfTwo();
    expect(Array.from({ length: 5 }, () => tick.takesRetry())).toEqual([true, true, true, false, false]);
  });

  test.each([
    ['its workflow is cancelled', (tick: TickAtWork) => tick.stop(new Error('cancelled'))],
    ['the process ends in order', (tick: TickAtWork) => void tick.settled()],
  ])('is told at once when %s', async (_when, end) => {
    const { tick, first, second } = tickOfTwo();
    first.resolve(again(3_600_000));
    second.resolve(again(3_600_000));
    const progress = tick.progress(never);
    end(tick);
    expect(await progress).toEqual({ atWork: [], again: ['first', 'second'], ended: {} });
  });
});
