/** What the supervisor asks each second: which lanes need their orchestrator now. */

import { lockWhatRanOut } from '../decide/flags.ts';
import { type Database, query } from '../pool.ts';

/**
 * Lanes that nobody looks after as they should: not killed, and either without a valid lease (a new lane, lost Temporal
 * state, just started again), or with something due for longer than a tick and a second. A paused lane needs its
 * orchestrator only to hold the lease.
 *
 * Before it looks it locks REAL where the time of its unlocking ran out.
 */
export async function lanesInNeed(db: Database, workerProofMode: boolean): Promise<string[]> {
  await lockWhatRanOut(db);
  const rows = await query<{ lane: string }>(
    db,
    `WITH needs AS (
       SELECT l.lane, l.owner IS NOT NULL AND l.expires_at > clock_timestamp() AS held, f.paused, f.tick_interval_ms,
         aol_due_in_ms(l.lane, CASE WHEN $1 OR f.proof_only THEN '{PROOF}'::text[] ELSE '{PROOF,REAL}' END) < -1000 AS is_due,
         EXISTS (SELECT FROM aol_held a WHERE a.lane = l.lane AND a.claim_until < clock_timestamp()) AS is_stale,
         (SELECT extract(epoch FROM clock_timestamp() - t.started_at) * 1000 FROM aol_tick_ledger t
           WHERE t.lane = l.lane AND t.claimed > 0 ORDER BY t.number DESC LIMIT 1) AS since_claim_ms
       FROM aol_lease l, LATERAL aol_lane_flags(l.lane) AS f WHERE NOT f.killed)
     SELECT lane FROM needs
     WHERE NOT held OR is_stale
       OR (is_due AND NOT paused AND (since_claim_ms IS NULL OR since_claim_ms > tick_interval_ms + 1000))
     ORDER BY lane`,
    [workerProofMode],
  );
  return rows.map((row) => row.lane);
}

/** Closes the ledger rows of ticks that last too long, in every lane; what still runs is counted as such. Answers how many. */
export async function closeOverdueTicks(db: Database): Promise<number> {
  const [row] = await query<{ closed: number }>(db, 'SELECT aol_close_overdue(NULL) AS closed');
  return row?.closed ?? 0;
}
