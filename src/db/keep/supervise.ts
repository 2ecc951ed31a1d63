/** What the supervisor asks each second: which lanes need their orchestrator now. */

import { type Database, query } from '../pool.ts';

/**
 * Lanes that nobody looks after as they should: not killed, and either without a valid lease (a new lane, lost Temporal
 * state, just started again), or with something due for longer than a tick and a second. A paused lane needs its
 * orchestrator only to hold the lease.
 */
export async function lanesInNeed(db: Database, workerProofMode: boolean): Promise<string[]> {
  const rows = await query<{ lane: string }>(
    db,
    `WITH lanes AS (
       SELECT l.lane, l.owner IS NOT NULL AND l.expires_at > clock_timestamp() AS held,
         coalesce(bool_or(f.value = 'true') FILTER (WHERE f.name = 'killed'), false) AS killed,
         coalesce(bool_or(f.value = 'true') FILTER (WHERE f.name = 'paused'), false) AS paused,
         coalesce(max(f.value #>> '{}') FILTER (WHERE f.name = 'proof_only' AND f.lane = l.lane),
           max(f.value #>> '{}') FILTER (WHERE f.name = 'proof_only' AND f.lane = '*'), 'true') <> 'false' AS proof_only,
         coalesce(max(f.value #>> '{}') FILTER (WHERE f.name = 'tick_interval_ms' AND f.lane = l.lane),
           max(f.value #>> '{}') FILTER (WHERE f.name = 'tick_interval_ms' AND f.lane = '*'), '5000')::int AS tick_interval_ms
       FROM aol_lease l LEFT JOIN aol_control_flags f ON f.lane IN (l.lane, '*')
       GROUP BY l.lane),
     needs AS (
       SELECT lanes.*,
         EXISTS (SELECT FROM unnest(CASE WHEN $1 OR lanes.proof_only THEN '{PROOF}'::text[] ELSE '{PROOF,REAL}' END) AS m (mode)
           CROSS JOIN LATERAL aol_oldest_queued(lanes.lane, m.mode) AS oldest
           WHERE oldest.run_at < clock_timestamp() - interval '1 second') AS is_due,
         EXISTS (SELECT FROM aol_actions a WHERE a.lane = lanes.lane AND a.claim_until < clock_timestamp()
           AND (a.status = 'RUNNING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NOT NULL))) AS is_stale,
         (SELECT extract(epoch FROM clock_timestamp() - t.started_at) * 1000 FROM aol_tick_ledger t
           WHERE t.lane = lanes.lane AND t.claimed > 0 ORDER BY t.number DESC LIMIT 1) AS since_claim_ms
       FROM lanes WHERE NOT killed)
     SELECT lane FROM needs
     WHERE NOT held OR is_stale
       OR (is_due AND NOT paused AND (since_claim_ms IS NULL OR since_claim_ms > tick_interval_ms + 1000))
     ORDER BY lane`,
    [workerProofMode],
  );
  return rows.map((row) => row.lane);
}
