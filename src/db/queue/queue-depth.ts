/** How many actions wait in all lanes. */

import { type Queryable, query } from '../pool.ts';

/** Counts what may be claimed, now or later, and stops at a number. The condition is that of the claim order's index. */
export async function countQueued(db: Queryable, atMost: number): Promise<number> {
  const [row] = await query<{ queued: number }>(
    db,
    `SELECT count(*) AS queued FROM (
       SELECT FROM aol_actions WHERE status = 'PENDING' OR (status = 'RETRY' AND claim_tick_id IS NULL) LIMIT $1) AS t`,
    [atMost],
  );
  return row?.queued ?? 0;
}
