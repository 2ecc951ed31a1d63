/** Taking a lane away from its owner, by an admin's word. */

import { ALL_LANES } from '../../domain/flags.ts';
import { type Database, query } from '../pool.ts';

/**
 * Ends the lease of a lane, or of all, at once instead of at its expiry. The fencing token grows: whatever the former owner still
 * does finds the gate shut. The next orchestrator that claims has the lane. When it returns, no claim and no gate under the former
 * token is still open, because both hold the lease row. Answers the lanes that had an owner.
 */
export async function takeLeaseAway(
  db: Database,
  lane: string,
  by: { readonly actor: string; readonly reason?: string | undefined },
): Promise<string[]> {
  const rows = await query<{ lane: string }>(
    db,
    `WITH held AS (
       SELECT lane, owner FROM aol_lease WHERE $1 IN (lane, '${ALL_LANES}') AND owner IS NOT NULL ORDER BY lane FOR UPDATE),
     freed AS (
       UPDATE aol_lease l SET owner = NULL, token = l.token + 1, expires_at = clock_timestamp()
       FROM held WHERE l.lane = held.lane RETURNING l.lane, l.token, held.owner),
     logged AS (
       INSERT INTO aol_execution_logs (lane, event, level, actor, message, detail)
       SELECT lane, 'LEASE_RELEASED', 'WARNING', $2, 'lease taken away from ' || owner || coalesce(': ' || $3::text, ''),
         jsonb_build_object('owner', owner, 'token', token, 'reason', $3::text) FROM freed)
     SELECT lane FROM freed ORDER BY lane`,
    [lane, by.actor, by.reason ?? null],
  );
  return rows.map((row) => row.lane);
}
