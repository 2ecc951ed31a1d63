/**
 * The gate: the one place that every effect passes, right before it is performed. What it reads it holds locked until the
 * intent is committed: whoever presses kill commits the flag first and then waits for the lane's lease row, so no gate that
 * had read the older flag is still open when kill answers.
 */

import { ATTEMPT_CLOSING_EVENTS } from '../domain/events.ts';
import { flagsInForce, laneMode } from '../domain/flags.ts';
import type { ActionRow } from './action-row.ts';
import { readFlagRows } from './flags.ts';
import { appendLog } from './logs.ts';
import { type Database, type Queryable, query, transaction } from './pool.ts';

/** One effect that a tick holds. */
export interface EffectClaim {
  readonly lane: string;
  readonly actionId: string;
  readonly tickId: string;
  readonly token: number;
}

export interface GateRequest extends EffectClaim {
  readonly artifactSha256: string;
  readonly artifactUri: string;
  readonly proofMode: boolean;
  /** How long the attempt may take; by the database's clock it is over then. */
  readonly attemptTimeoutMs: number;
  /** Whether the provider deduplicates by our key, so that an attempt without an outcome may be repeated at once. */
  readonly dedupes: boolean;
}

/** Why the gate said no, and the action returns to the queue. */
export type ShutReason = 'killed' | 'paused' | 'proof' | 'lease_lost' | 'cancelled' | 'exhausted';

export type GateAnswer =
  | { readonly kind: 'open'; readonly attempt: number; readonly attemptsLeft: number }
  | { readonly kind: 'shut'; readonly reason: ShutReason }
  /** The action is no longer this tick's: nothing is to be done with it. */
  | { readonly kind: 'gone' }
  /** Approved was another artifact than the one that would be performed. */
  | { readonly kind: 'unapproved' }
  /** A person has to approve this artifact first. */
  | { readonly kind: 'approval_needed' }
  /** An earlier attempt has neither an outcome nor passed its deadline. */
  | { readonly kind: 'wait'; readonly attempt: number; readonly remainingMs: number }
  /** An earlier attempt ended without an outcome, and the provider does not deduplicate. */
  | { readonly kind: 'unsettled'; readonly attempt: number };

const BEGIN_GATE = `BEGIN; SET LOCAL lock_timeout = '300ms'; SET LOCAL statement_timeout = '1000ms'`;
const closingEvents = ATTEMPT_CLOSING_EVENTS.map((event) => `'${event}'`).join(', ');

/**
 * Asks for leave to perform. `open` means that the intent of the attempt is committed: from now on it counts, and its
 * outcome must be recorded.
 *
 * @throws UnavailableError when flags cannot be read or a lock is held too long: nothing may be performed then
 */
export function passGate(db: Database, request: GateRequest): Promise<GateAnswer> {
  return transaction(db, (connection) => pass(connection, request), BEGIN_GATE);
}

async function pass(db: Queryable, request: GateRequest): Promise<GateAnswer> {
  const [lease] = await query<{ token: number }>(db, 'SELECT token FROM aol_lease WHERE lane = $1 FOR SHARE', [
    request.lane,
  ]);
  const [row] = await query<ActionRow>(
    db,
    `SELECT * FROM aol_actions WHERE id = $1 AND claim_tick_id = $2 AND claim_lease_token = $3
       AND status IN ('RUNNING', 'RETRY') FOR UPDATE`,
    [request.actionId, request.tickId, request.token],
  );
  if (!row) return { kind: 'gone' };
  const flags = flagsInForce(request.lane, await readFlagRows(db, request.lane));
  if (flags.killed) return { kind: 'shut', reason: 'killed' };
  if (flags.paused) return { kind: 'shut', reason: 'paused' };
  if (laneMode(request.proofMode, flags).mode === 'PROOF') return { kind: 'shut', reason: 'proof' };
  if (lease?.token !== request.token) return { kind: 'shut', reason: 'lease_lost' };
  if (row.cancel_requested) return { kind: 'shut', reason: 'cancelled' };

  const approval = await checkApproval(db, row, flags.approval_policy, request.artifactSha256);
  if (approval) return approval;
  const earlier = await openAttempt(db, request.actionId);
  if (earlier && !request.dedupes) {
    if (earlier.remainingMs > 0) return { kind: 'wait', ...earlier };
    return { kind: 'unsettled', attempt: earlier.attempt };
  }
  if (earlier) await closeUnknownAttempt(db, request, earlier.attempt);
  if (row.attempts >= row.max_attempts) return { kind: 'shut', reason: 'exhausted' };
  return open(db, request, row, earlier !== null);
}

/** Whether a person has to look first, or looked at something else. */
async function checkApproval(
  db: Queryable,
  row: ActionRow,
  policy: 'none' | 'first_of_type' | 'all',
  artifactSha256: string,
): Promise<GateAnswer | null> {
  if (row.approval_sha256 !== null) return row.approval_sha256 === artifactSha256 ? null : { kind: 'unapproved' };
  if (row.approval_needed || policy === 'all') return { kind: 'approval_needed' };
  if (policy === 'none') return null;
  const earlier = await query(
    db,
    `SELECT FROM aol_actions WHERE lane = $1 AND type = $2 AND mode = 'REAL' AND status = 'SUCCESS' LIMIT 1`,
    [row.lane, row.type],
  );
  return earlier.length > 0 ? null : { kind: 'approval_needed' };
}

/** The attempt that has an intent and no outcome, and how long it may still take. */
export async function openAttempt(
  db: Queryable,
  actionId: string,
): Promise<{ readonly attempt: number; readonly remainingMs: number } | null> {
  const [row] = await query<{ attempt: number; remaining_ms: number }>(
    db,
    `SELECT i.attempt, (extract(epoch FROM (i.detail ->> 'deadline')::timestamptz - clock_timestamp()) * 1000)::float8
       AS remaining_ms
     FROM aol_execution_logs i
     WHERE i.action_id = $1 AND i.event = 'ATTEMPT_STARTED' AND i.detail ? 'deadline' AND NOT EXISTS (
       SELECT FROM aol_execution_logs o WHERE o.action_id = $1 AND o.attempt = i.attempt AND o.event IN (${closingEvents}))
     ORDER BY i.attempt DESC LIMIT 1`,
    [actionId],
  );
  return row ? { attempt: row.attempt, remainingMs: Math.ceil(row.remaining_ms) } : null;
}

/** The provider deduplicates, so the attempt that nobody knows the outcome of may be repeated under the same key. */
async function closeUnknownAttempt(db: Queryable, request: GateRequest, attempt: number): Promise<void> {
  await query(
    db,
    `UPDATE aol_actions SET status = 'RETRY', updated_at = clock_timestamp() WHERE id = $1 AND status = 'RUNNING'`,
    [request.actionId],
  );
  await appendLog(db, {
    lane: request.lane,
    actionId: request.actionId,
    tickId: request.tickId,
    attempt,
    event: 'RETRY_SCHEDULED',
    level: 'WARNING',
    actor: 'engine',
    message:
      'its worker died or went silent, outcome unknown; repeated at once, because the provider deduplicates by our key',
    detail: { outcome: 'unknown', delayMs: 0 },
  });
}

async function open(db: Queryable, request: GateRequest, row: ActionRow, repeated: boolean): Promise<GateAnswer> {
  const attempt = row.attempts_before + row.attempts + 1;
  await query(
    db,
    `UPDATE aol_actions SET status = 'RUNNING', attempts = attempts + 1, artifact_sha256 = $2, artifact_uri = $3,
       claim_until = clock_timestamp() + interval '60 seconds', updated_at = clock_timestamp() WHERE id = $1`,
    [request.actionId, request.artifactSha256, request.artifactUri],
  );
  await query(
    db,
    `INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, actor, message, detail, artifact_sha256)
     VALUES ($1, $2, $3, $4, 'ATTEMPT_STARTED', 'engine', $5, jsonb_build_object('deadline',
       clock_timestamp() + $6 * interval '1 millisecond', 'token', $7::bigint), $8)`,
    [
      request.lane,
      request.actionId,
      request.tickId,
      attempt,
      `attempt ${row.attempts + 1} of ${row.max_attempts}${repeated ? ', repeating one of unknown outcome' : ''}`,
      request.attemptTimeoutMs,
      request.token,
      request.artifactSha256,
    ],
  );
  return { kind: 'open', attempt, attemptsLeft: row.max_attempts - row.attempts - 1 };
}
