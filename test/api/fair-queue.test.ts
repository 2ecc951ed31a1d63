/** Turns of the event loop: requests share one, a few of them; pieces of long work do not. */

import { expect, test } from '@jest/globals';
import { FairQueue } from '../../src/api/access/fair-queue.ts';

/** What began in each turn of the loop, until everything did. */
async function turnsOf(
  expected: number,
  ask: (queue: FairQueue, begun: (name: string) => void) => void,
  nowMs: () => number = () => 0,
) {
  const turns: string[][] = [[]];
  let count = 0;
  ask(new FairQueue(nowMs), (name) => {
    turns.at(-1)?.push(name);
    count += 1;
  });
  await Promise.resolve();
  while (count < expected) {
    turns.push([]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return turns.filter((turn) => turn.length > 0);
}

const names = (count: number, kind: string) => Array.from({ length: count }, (_, index) => `${kind}${index + 1}`);

test('the first request begins at once, those that came with it four a turn, in their order', async () => {
  const all = names(10, 'request ');
  const turns = await turnsOf(all.length, (queue, begun) => {
    for (const name of all) queue.next(() => begun(name));
  });
  expect(turns).toEqual([all.slice(0, 1), all.slice(1, 5), all.slice(5, 9), all.slice(9)]);
});

test('a piece of long work has a turn of its own, and overtakes nobody', async () => {
  const turns = await turnsOf(6, (queue, begun) => {
    for (const name of ['a', 'b', 'c']) queue.next(() => begun(name));
    void queue.turn().then(() => begun('piece'));
    for (const name of ['d', 'e']) queue.next(() => begun(name));
  });
  expect(turns).toEqual([['a'], ['b', 'c'], ['piece'], ['d', 'e']]);
});

test('requests that take long to begin do not share a turn', async () => {
  const all = names(3, 'slow ');
  let clockMs = 0;
  const ask = (queue: FairQueue, begun: (name: string) => void) => {
    for (const name of all) {
      queue.next(() => {
        clockMs += 3;
        begun(name);
      });
    }
  };
  expect(await turnsOf(all.length, ask, () => clockMs)).toEqual(all.map((name) => [name]));
});
