/** What a restored queue may not do by itself: nobody knows what was sent after the backup was made. */

import { type Database, type Queryable, query, transaction } from '../../db/pool.ts';

export interface Doubts {
  /** Effects that are UNCONFIRMED now. */
  readonly unconfirmed: number;
  /** What waits for an approval, and may have been approved and sent since. */
  readonly awaiting: number;
  /** Proofs that were at work: they are in the queue again. */
  readonly released: number;
}

/** Beyond every fencing token that the lost database can have given since the backup. */
const TOKENS_SINCE = 1_000_000;

/**
 * Whatever may have been sent since the backup is UNCONFIRMED: effects that were at work, and those that waited to be, whatever their
 * time, because a person may have moved them. What waits for an approval says so. No worker of before has a lane any more.
 */
export async function markDoubts(db: Database, backupAt: string): Promise<Doubts> {
  const since = `restored from a backup of ${backupAt}`;
  return transaction(db, async (connection) => {
    const released = await leaveTicks(connection, since);
    await query(
      connection,
      `WITH doubted AS (
         UPDATE aol_actions SET status = 'UNCONFIRMED', last_error = $1, updated_at = clock_timestamp()
         WHERE status = 'PENDING' AND mode = 'REAL' RETURNING id, lane)
       INSERT INTO aol_execution_logs (lane, action_id, event, level, actor, message)
       SELECT lane, id, 'UNCONFIRMED', 'ERROR', 'restore', $1 FROM doubted`,
      [`${since}: it may have been sent since`],
    );
    const awaiting = await query(
      connection,
      `UPDATE aol_actions SET last_error = $1 WHERE status = 'AWAITING_APPROVAL' RETURNING id`,
      [`${since}: it may have been approved and sent since. Look before you approve it`],
    );
    await query(connection, `UPDATE aol_lease SET owner = NULL, token = token + $1, expires_at = clock_timestamp()`, [
      TOKENS_SINCE,
    ]);
    const [counted] = await query<{ unconfirmed: number }>(
      connection,
      `SELECT count(*)::integer AS unconfirmed FROM aol_actions WHERE status = 'UNCONFIRMED'`,
    );
    return { unconfirmed: counted?.unconfirmed ?? 0, awaiting: awaiting.length, released };
  });
}

/** Whatever a tick held leaves it by the way that everything leaves a tick. Answers how many proofs are in the queue again. */
async function leaveTicks(connection: Queryable, since: string): Promise<number> {
  await query(
    connection,
    `SELECT FROM aol_leave((SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
         'actionId', h.id, 'takenBack', true, 'to', 'UNCONFIRMED', 'actor', 'restore', 'message', $1::text,
         'attempt', (aol_open_attempt(h.id)).attempt,
         'outcome', CASE WHEN (aol_open_attempt(h.id)).attempt IS NOT NULL THEN 'unknown' END))), '[]')
       FROM aol_held h WHERE h.mode = 'REAL'))`,
    [`${since}: it may have been sent since`],
  );
  const proofs = await query(
    connection,
    `SELECT FROM aol_leave((SELECT coalesce(jsonb_agg(jsonb_build_object(
         'actionId', h.id, 'takenBack', true, 'to', 'PENDING', 'actor', 'restore', 'message', $1::text)), '[]')
       FROM aol_held h WHERE h.mode = 'PROOF'))`,
    [`${since}; in the queue again`],
  );
  return proofs.length;
}
