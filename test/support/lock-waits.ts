/** Who waits for a lock. */

import type { Queryable } from '../../src/db/pool.ts';

/** How many sessions of this database wait for a lock now. */
export async function lockWaits(db: Queryable): Promise<number> {
  const { rows } = await db.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.length;
}
