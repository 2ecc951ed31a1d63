/** What a claim finds left behind: claims of dead workers, ticks of lost runs, cancels that were asked for. */

import { CLAIM_TTL_MS, MAX_CRASHES } from '../../domain/limits.ts';
import { type Queryable, query } from '../pool.ts';

/** Which claims are taken back: those that cannot end any more, or, after a kill, all proofs of the lane. */
export type Recovery =
  | { readonly kind: 'stale'; readonly token: number; readonly exceptTickId: string | null }
  | { readonly kind: 'all' };

/**
 * The server needs longer than this to give a dead worker's run to another one. A proof that is taken back sooner is held by a
 * worker that lives: one that was frozen, say, and goes on with a run that another one has taken over. That is no death.
 */
const SOONEST_DEATH_MS = 500;

/**
 * Takes actions back from claims that cannot end any more: those under an older token (fenced off: whoever holds them can no
 * longer close them or pass the gate), those past their time, and proofs of another tick than the one at hand: a run proves one tick
 * at a time, so a replay after a crash has forgotten that one. They return to the queue, or after three deaths before
 * anything was sent to the DLQ. A proof's attempt that was taken back does not count against the action; its number stays
 * used. An effect's attempt that is still open stays open: the gate of the next claim waits for its outcome or deadline.
 * After a kill only proofs are taken back; effects at work are aborted and record their own end.
 */
export async function recoverClaims(db: Queryable, lane: string, which: Recovery): Promise<number> {
  const rows = await query<{ recovered: number }>(
    db,
    `WITH stale AS (
       SELECT id, claim_tick_id, mode = 'PROOF' AS is_proof, held.lives,
         NOT held.lives AND claim_count >= $5 AND (mode = 'PROOF' OR NOT EXISTS (
           SELECT FROM aol_execution_logs i WHERE i.action_id = aol_actions.id AND i.event = 'ATTEMPT_STARTED'
             AND i.tick_id = aol_actions.claim_tick_id)) AS crashed
       FROM aol_actions, LATERAL (SELECT mode = 'PROOF' AND claim_lease_token = $3
         AND claim_until > clock_timestamp() + $7 * interval '1 millisecond' AS lives) AS held
       WHERE lane = $1 AND (status = 'RUNNING' OR (status = 'RETRY' AND claim_tick_id IS NOT NULL))
         AND CASE WHEN $2 THEN mode = 'PROOF' ELSE
           (claim_lease_token <> $3 OR claim_until < clock_timestamp() OR mode = 'PROOF') AND claim_tick_id IS DISTINCT FROM $4 END
       FOR UPDATE OF aol_actions SKIP LOCKED),
     recovered AS (
       UPDATE aol_actions a SET
         status = CASE WHEN stale.crashed THEN 'DLQ' ELSE 'PENDING' END,
         dlq_reason = CASE WHEN stale.crashed THEN 'crashed' END,
         last_error = CASE WHEN stale.crashed THEN $6::text ELSE a.last_error END,
         attempts = CASE WHEN stale.crashed OR NOT stale.is_proof THEN a.attempts ELSE a.attempts - 1 END,
         attempts_before = CASE WHEN stale.crashed OR NOT stale.is_proof THEN a.attempts_before ELSE a.attempts_before + 1 END,
         claim_count = CASE WHEN stale.lives THEN greatest(a.claim_count - 1, 0) ELSE a.claim_count END,
         claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL, updated_at = clock_timestamp()
       FROM stale WHERE a.id = stale.id
       RETURNING a.id, a.status, stale.claim_tick_id AS tick_id, stale.crashed,
         CASE WHEN stale.is_proof THEN a.attempts_before + a.attempts END AS attempt),
     logged AS (
       INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, level, actor, message)
       SELECT $1, id, tick_id, attempt, CASE WHEN crashed THEN 'DEAD_LETTERED' ELSE 'RELEASED' END,
         CASE WHEN crashed THEN 'ERROR' ELSE 'WARNING' END, 'engine',
         CASE WHEN crashed THEN $6::text ELSE 'taken back from a run that ended; in the queue again' END
       FROM recovered),
     counted AS (
       UPDATE aol_tick_ledger t SET running = t.running - c.n, released = t.released + c.n - c.dead,
         failed = t.failed + c.dead, dead_lettered = t.dead_lettered + c.dead,
         outcome = CASE WHEN t.running = c.n THEN coalesce(t.outcome, 'ERROR') ELSE t.outcome END,
         error = CASE WHEN t.running = c.n AND t.outcome IS NULL THEN 'the run that began this tick is gone' ELSE t.error END,
         finished_at = CASE WHEN t.running = c.n THEN coalesce(t.finished_at, clock_timestamp()) ELSE t.finished_at END,
         duration_ms = CASE WHEN t.running = c.n THEN coalesce(t.duration_ms,
           extract(epoch FROM clock_timestamp() - t.started_at) * 1000) ELSE t.duration_ms END
       FROM (SELECT tick_id, count(*)::int AS n, (count(*) FILTER (WHERE crashed))::int AS dead FROM recovered GROUP BY tick_id) AS c
       WHERE t.id = c.tick_id AND t.running >= c.n)
     SELECT count(*) AS recovered FROM recovered`,
    [
      lane,
      which.kind === 'all',
      which.kind === 'stale' ? which.token : 0,
      which.kind === 'stale' ? which.exceptTickId : null,
      MAX_CRASHES,
      `its worker died ${MAX_CRASHES} times while it ran`,
      CLAIM_TTL_MS - SOONEST_DEATH_MS,
    ],
  );
  await cancelReleased(db, lane);
  return rows[0]?.recovered ?? 0;
}

/** Cancels what is back in the queue and was asked to be cancelled while it ran. */
export async function cancelReleased(db: Queryable, lane: string): Promise<void> {
  await query(
    db,
    `WITH cancelled AS (
       UPDATE aol_actions SET status = 'CANCELLED', finished_at = clock_timestamp(), updated_at = clock_timestamp()
       WHERE lane = $1 AND cancel_requested AND status IN ('PENDING', 'RETRY') AND claim_tick_id IS NULL
       RETURNING id)
     INSERT INTO aol_execution_logs (lane, action_id, event, level, actor, message)
     SELECT $1, id, 'CANCELLED', 'WARNING', 'engine', 'released, and cancelled as asked' FROM cancelled`,
    [lane],
  );
}

/** Closes the ledger rows of ticks whose run is gone; what they still held is taken back by {@link recoverClaims}. */
export async function closeAbandonedTicks(db: Queryable, lane: string): Promise<void> {
  await query(
    db,
    `UPDATE aol_tick_ledger SET outcome = 'ERROR', finished_at = clock_timestamp(),
       duration_ms = extract(epoch FROM clock_timestamp() - started_at) * 1000,
       error = 'the run that began this tick is gone'
     WHERE lane = $1 AND finished_at IS NULL`,
    [lane],
  );
}
