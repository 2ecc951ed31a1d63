/** How many actions wait in all lanes. */

import { type Queryable, query } from '../pool.ts';

/** Counts what may be claimed, now or later, and stops at a number. */
export async function countQueued(db: Queryable, atMost: number): Promise<number> {
  const [row] = await query<{ queued: number }>(
    db,
    'SELECT count(*) AS queued FROM (SELECT FROM aol_claimable LIMIT $1) AS t',
    [atMost],
  );
  return row?.queued ?? 0;
}
