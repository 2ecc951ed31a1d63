/** Whether work grows with its input or with its square, also on a machine that is busy. */

import { cpuUsage } from 'node:process';

const TRIES = 3;
/** What takes less than this is not told apart from nothing. */
const LEAST_MS = 5;

/** What ten times as much input may cost, in times of the input's own cost: linear work takes 10, quadratic work 100. */
export const MOST_GROWTH = 40;

/** How many times as much processor time `work` takes for ten times the size. Of several tries the quickest counts. */
export function growthOf(work: (size: number) => void, size: number): number {
  return quickestMs(work, size * 10) / Math.max(LEAST_MS, quickestMs(work, size));
}

function quickestMs(work: (size: number) => void, size: number): number {
  const tries = Array.from({ length: TRIES }, () => {
    const before = cpuUsage();
    work(size);
    return cpuUsage(before).user / 1_000;
  });
  return Math.min(...tries);
}
