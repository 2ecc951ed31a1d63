/** Much work of one event, in slices: timers, heartbeats and other lanes get their turn between two. */

import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_SIZE = 16;

/** Begins the work of each item, in order, and answers their results. The first slice begins at once. */
export function inSlices<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result>[] {
  let turn: Promise<void> = Promise.resolve();
  return items.map((item, index) => {
    if (index < SLICE_SIZE) return work(item);
    if (index % SLICE_SIZE === 0) turn = turn.then(() => nextTurn());
    return turn.then(() => work(item));
  });
}
