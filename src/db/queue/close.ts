/** A tick's second transaction: outcomes of attempts, their log rows, the ledger's counters. */

import type { TickSummary } from '../../contracts/engine/activities.ts';
import { LeaseLostError } from '../../domain/errors.ts';
import { type Database, prepared, type Queryable, query, quickTransaction } from '../pool.ts';
import { nextDueInMs } from './claim-due.ts';
import { BEGIN_BY_INDEX } from './claimed-action.ts';
import { cancelReleased } from './recover.ts';

/** How one attempt ended. */
export type AttemptResult =
  | {
      readonly to: 'SUCCESS';
      readonly id: string;
      readonly artifactSha256: string;
      readonly artifactUri: string;
      readonly message: string;
      readonly durationMs: number;
    }
  | {
      readonly to: 'RETRY';
      readonly id: string;
      readonly delayMs: number;
      readonly message: string;
      readonly durationMs: number;
    }
  | {
      readonly to: 'DLQ';
      readonly id: string;
      readonly reason: 'rejected' | 'exhausted' | 'crashed';
      readonly message: string;
      readonly durationMs: number;
    };

/**
 * Counts one more begin of a claim that ran before, committed before the action is touched again, so that an action
 * that kills its worker is known by it.
 */
export async function countCrash(db: Queryable, actionId: string, tickId: string, token: number): Promise<void> {
  await query(
    db,
    `UPDATE aol_actions SET claim_count = claim_count + 1, claim_until = clock_timestamp() + interval '60 seconds',
       updated_at = clock_timestamp()
     WHERE id = $1 AND status = 'RUNNING' AND claim_tick_id = $2 AND claim_lease_token = $3`,
    [actionId, tickId, token],
  );
}

/**
 * Writes how attempts ended and closes the tick when nothing of it runs any more, in one transaction. Rows that this
 * tick no longer holds (another owner took the lane) are left alone. A second call with the same results changes nothing.
 *
 * @param isMore whether more was due when the tick was claimed: then it is not looked up again
 */
export async function closeAttempts(
  db: Database,
  tick: { readonly lane: string; readonly tickId: string; readonly token: number },
  results: readonly AttemptResult[],
  isMore = false,
): Promise<TickSummary> {
  return quickTransaction(
    db,
    async (connection, { begun, last }) => {
      await begun;
      const { retried, ...summary } = await writeResults(connection, tick, results);
      if (results.some((result) => result.to === 'RETRY')) await cancelReleased(connection, tick.lane);
      const dueInMs = isMore ? 0 : await last(nextDueInMs(connection, tick.lane, summary.mode));
      return { ...summary, retried, nextDueInMs: dueInMs };
    },
    BEGIN_BY_INDEX,
  );
}

async function writeResults(
  db: Queryable,
  tick: { readonly lane: string; readonly tickId: string; readonly token: number },
  results: readonly AttemptResult[],
): Promise<Omit<TickSummary, 'nextDueInMs'>> {
  const [row] = await prepared<{ [column: string]: unknown } & Omit<TickSummary, 'nextDueInMs'>>(
    db,
    'aol_close_attempts',
    `WITH results AS (
       SELECT * FROM jsonb_to_recordset($4::jsonb) AS r (id uuid, "to" text, "artifactSha256" text, "artifactUri" text,
         "delayMs" double precision, reason text, message text, "durationMs" double precision)),
     changed AS (
       UPDATE aol_actions a SET
         status = r."to", artifact_sha256 = coalesce(r."artifactSha256", a.artifact_sha256),
         artifact_uri = coalesce(r."artifactUri", a.artifact_uri),
         run_at = CASE WHEN r."to" = 'RETRY' THEN clock_timestamp() + r."delayMs" * interval '1 millisecond' ELSE a.run_at END,
         dlq_reason = r.reason, last_error = CASE WHEN r."to" = 'SUCCESS' THEN NULL ELSE left(r.message, 2000) END,
         finished_at = CASE WHEN r."to" = 'SUCCESS' THEN clock_timestamp() END,
         claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL, claim_count = 0, updated_at = clock_timestamp()
       FROM results r
       WHERE a.id = r.id AND a.status = 'RUNNING' AND a.claim_tick_id = $2 AND a.claim_lease_token = $3
       RETURNING a.id, a.status, a.attempts_before + a.attempts AS attempt, r.message, r."artifactSha256", r."durationMs",
         r.reason, r."delayMs"),
     logged AS (
       INSERT INTO aol_execution_logs
         (lane, action_id, tick_id, attempt, event, level, actor, message, detail, artifact_sha256, duration_ms)
       SELECT $1, id, $2, attempt,
         CASE status WHEN 'SUCCESS' THEN 'SUCCEEDED' WHEN 'RETRY' THEN 'RETRY_SCHEDULED' ELSE 'DEAD_LETTERED' END,
         CASE status WHEN 'SUCCESS' THEN 'INFO' WHEN 'RETRY' THEN 'WARNING' ELSE 'ERROR' END,
         'engine', left(message, 2000),
         CASE WHEN status = 'DLQ' THEN jsonb_build_object('reason', reason)
           WHEN status = 'RETRY' THEN jsonb_build_object('delayMs', "delayMs") END,
         "artifactSha256", "durationMs"
       FROM changed),
     counts AS (
       SELECT count(*)::int AS n, (count(*) FILTER (WHERE status = 'SUCCESS'))::int AS succeeded,
         (count(*) FILTER (WHERE status = 'RETRY'))::int AS retried, (count(*) FILTER (WHERE status = 'DLQ'))::int AS dead
       FROM changed),
     ledger AS (
       UPDATE aol_tick_ledger t SET succeeded = t.succeeded + c.succeeded, retried = t.retried + c.retried,
         failed = t.failed + c.dead, dead_lettered = t.dead_lettered + c.dead, running = t.running - c.n,
         outcome = CASE WHEN t.running = c.n AND t.outcome IS NULL THEN 'OK' ELSE t.outcome END,
         finished_at = CASE WHEN t.running = c.n THEN coalesce(t.finished_at, clock_timestamp()) ELSE t.finished_at END,
         duration_ms = CASE WHEN t.running = c.n THEN coalesce(t.duration_ms,
           extract(epoch FROM clock_timestamp() - t.started_at) * 1000) ELSE t.duration_ms END
       FROM counts c WHERE t.id = $2 AND c.n > 0
       RETURNING ${SUMMARY})
     SELECT * FROM ledger
     UNION ALL SELECT ${SUMMARY} FROM aol_tick_ledger t WHERE t.id = $2 AND NOT EXISTS (SELECT FROM ledger)`,
    [tick.lane, tick.tickId, tick.token, JSON.stringify(results)],
  );
  if (!row) throw new LeaseLostError(`there is no tick ${tick.tickId}`);
  return row;
}

/** Named one by one: the answer of a prepared statement must not change with the table. */
const SUMMARY = ['id AS "tickId"', 'number', 'outcome', 'mode', 'claimed', 'succeeded', 'failed', 'retried', 'released']
  .concat(['awaiting', 'running', 'dead_lettered AS "deadLettered"', 'unconfirmed'])
  .map((column) => `t.${column}`)
  .join(', ');
