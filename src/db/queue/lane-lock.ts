/** One after another, over all workers: a turn that ends with its connection, so also with its process. */

import { setTimeout as delay } from 'node:timers/promises';
import { type Database, query, withConnection } from '../pool.ts';

const POLL_INTERVAL_MS = 100;
/** Keeps these advisory locks apart from others: `turn` in ASCII. */
const TURN_SPACE = 0x7475726e;

/**
 * Runs `work` when nobody else has the lane's turn.
 *
 * @param signal ends the wait, by throwing what it was aborted with
 */
export async function inTurn<Result>(
  db: Database,
  lane: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    signal.throwIfAborted();
    const turn = await withConnection(db, async (connection, spoil) => {
      const [lock] = await query<{ mine: boolean }>(
        connection,
        'SELECT pg_try_advisory_lock($1, hashtext($2)) AS mine',
        [TURN_SPACE, lane],
      );
      if (!lock?.mine) return undefined;
      // Not given back to the pool: the lock goes with the connection.
      spoil(new Error('its turn is over'));
      return { result: await work() };
    });
    if (turn) return turn.result;
    await delay(POLL_INTERVAL_MS, undefined, { signal });
  }
}
