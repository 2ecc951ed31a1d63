/** Ids of new rows. */

import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const RANDOM_BYTES = 16;
const last = { atMs: 0, sequence: 0 };

/** So many UUIDv7, each greater than every one that this process made before: their order is the order of creation. */
export function newIds(count: number): string[] {
  const random = randomFillSync(new Uint8Array(RANDOM_BYTES * (count + 1)));
  const nowMs = Date.now();
  // Half of the 32-bit sequence is left to count on within a millisecond.
  const start = new DataView(random.buffer).getUint32(RANDOM_BYTES * count) >>> 1;
  if (nowMs > last.atMs) Object.assign(last, { atMs: nowMs, sequence: start });
  return Array.from({ length: count }, (_, index) => {
    last.sequence += 1;
    const bytes = random.subarray(RANDOM_BYTES * index, RANDOM_BYTES * (index + 1));
    return uuidv7({ msecs: last.atMs, seq: last.sequence, random: bytes });
  });
}
