/** What happens to a REAL action inside its tick: beginning, outcome, release, settlement. Each is one transaction. */

import { MAX_CRASHES } from '../domain/limits.ts';
import type { AttemptOutcome } from '../domain/outcomes.ts';
import type { DlqReason } from '../domain/states.ts';
import type { ActionRow } from './action-row.ts';
import { type EffectClaim, openAttempt } from './gate.ts';
import { appendLog } from './logs.ts';
import { type Database, type Queryable, query, transaction } from './pool.ts';
import { cancelReleased } from './recover.ts';

/** A wait up to this long is Temporal's, within the tick; a longer one is the queue's. */
export const MAX_WAIT_IN_TICK_MS = 30_000;

/** A claim counts one; two deaths make it three, and the third one proves it. */
const SUSPECT_COUNT = 2;
/** An effect whose activity failed for good is not claimed again at once. */
const ABANDONED_DELAY_MS = 5_000;

/** One run of an effect's activity, as Temporal counts them. */
export interface EffectRun {
  readonly run: number;
  /** The run that is known to have ended by throwing; its worker did not die. */
  readonly endedRun: number | null;
  /** Whether this run has the lane's turn for those that may be to blame. */
  readonly alone: boolean;
}

export type Beginning =
  | { readonly kind: 'begun'; readonly row: ActionRow }
  /** Its worker died twice with it: it may be to blame, so it has to begin alone. Nothing has begun. */
  | { readonly kind: 'suspect' }
  /** No longer this tick's, or dead-lettered: three runs died with their worker before anything was sent. */
  | { readonly kind: 'gone' };

/**
 * A run of the effect's activity begins. A run that began before and neither ended nor threw died with its worker, and so
 * did others beside it: which one was to blame shows when those that died twice go on one after another.
 */
export function beginEffect(db: Database, claim: EffectClaim, { run, endedRun, alone }: EffectRun): Promise<Beginning> {
  return transaction(db, async (connection): Promise<Beginning> => {
    const row = await lockHeld(connection, claim);
    if (!row) return { kind: 'gone' };
    const died = row.claim_run !== null && row.claim_run < run && row.claim_run !== endedRun;
    if (died && row.claim_count >= MAX_CRASHES && !(await openAttempt(connection, claim.actionId))) {
      await leave(connection, claim, { to: 'DLQ', reason: 'crashed', message: `its worker died ${MAX_CRASHES} times` });
      return { kind: 'gone' };
    }
    if (died && row.claim_count >= SUSPECT_COUNT && !alone) return { kind: 'suspect' };
    await query(
      connection,
      `UPDATE aol_actions SET claim_count = CASE WHEN $2 THEN claim_count + 1 ELSE greatest(claim_count, 1) END, claim_run = $3,
         claim_until = clock_timestamp() + interval '60 seconds', updated_at = clock_timestamp() WHERE id = $1`,
      [claim.actionId, died, run],
    );
    return { kind: 'begun', row };
  });
}

async function lockHeld(db: Queryable, claim: EffectClaim): Promise<ActionRow | undefined> {
  const [row] = await query<ActionRow>(
    db,
    `SELECT * FROM aol_actions WHERE id = $1 AND claim_tick_id = $2 AND claim_lease_token = $3
       AND status IN ('RUNNING', 'RETRY') FOR UPDATE`,
    [claim.actionId, claim.tickId, claim.token],
  );
  return row;
}

/** How an attempt that passed the gate ended. */
export interface RecordedAttempt extends EffectClaim {
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly durationMs: number;
  readonly decision: AttemptDecision;
}

export type AttemptDecision =
  | { readonly to: 'SUCCESS' }
  | { readonly to: 'RETRY'; readonly delayMs: number }
  | { readonly to: 'DLQ'; readonly reason: DlqReason }
  | { readonly to: 'UNCONFIRMED' }
  | { readonly to: 'PENDING' };

/**
 * Writes an attempt's outcome. It needs only that attempt, not the lease: what happened is never thrown away. When the
 * attempt was closed meanwhile (its worker was thought dead), a receipt that arrives late is still recorded, and turns
 * UNCONFIRMED into SUCCESS. Answers false in that case.
 */
export function recordAttempt(db: Database, ended: RecordedAttempt): Promise<boolean> {
  return transaction(db, async (connection) => {
    const [row] = await query<ActionRow>(connection, 'SELECT * FROM aol_actions WHERE id = $1 FOR UPDATE', [
      ended.actionId,
    ]);
    const open = await openAttempt(connection, ended.actionId);
    if (!row || open?.attempt !== ended.attempt) {
      if (row) await recordLate(connection, ended, row);
      return false;
    }
    await applyDecision(connection, ended);
    return true;
  });
}

async function recordLate(db: Queryable, ended: RecordedAttempt, row: ActionRow): Promise<void> {
  if (ended.outcome.kind !== 'done') return;
  await appendLog(db, {
    lane: ended.lane,
    actionId: ended.actionId,
    tickId: ended.tickId,
    event: 'RECEIPT_RECORDED',
    level: 'WARNING',
    actor: 'engine',
    message: `the receipt of attempt ${ended.attempt} arrived after the attempt was closed`,
    detail: { attempt: ended.attempt, receipt: ended.outcome.receipt, status: row.status },
  });
  if (row.status !== 'UNCONFIRMED') return;
  await query(
    db,
    `UPDATE aol_actions SET status = 'SUCCESS', receipt = $2, last_error = NULL, finished_at = clock_timestamp(),
       claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL, updated_at = clock_timestamp() WHERE id = $1`,
    [ended.actionId, JSON.stringify(ended.outcome.receipt)],
  );
}

const EVENTS = {
  SUCCESS: ['SUCCEEDED', 'INFO'],
  RETRY: ['RETRY_SCHEDULED', 'WARNING'],
  DLQ: ['DEAD_LETTERED', 'ERROR'],
  UNCONFIRMED: ['UNCONFIRMED', 'ERROR'],
  PENDING: ['RELEASED', 'WARNING'],
} as const;

async function applyDecision(db: Queryable, ended: RecordedAttempt): Promise<void> {
  const { outcome, decision } = ended;
  const message = outcome.kind === 'done' ? 'performed' : outcome.reason;
  const [event, level] = EVENTS[decision.to];
  const waitsInTick = decision.to === 'RETRY' && decision.delayMs <= MAX_WAIT_IN_TICK_MS;
  await query(
    db,
    `UPDATE aol_actions SET status = $2, claim_count = 0, claim_run = NULL, updated_at = clock_timestamp(),
       receipt = coalesce($3::jsonb, receipt), dlq_reason = $4, last_error = CASE WHEN $2 = 'SUCCESS' THEN NULL ELSE left($5, 2000) END,
       attempts = CASE WHEN $2 = 'PENDING' THEN attempts - 1 ELSE attempts END,
       attempts_before = CASE WHEN $2 = 'PENDING' THEN attempts_before + 1 ELSE attempts_before END,
       run_at = CASE WHEN $2 = 'RETRY' THEN clock_timestamp() + $6 * interval '1 millisecond' ELSE run_at END,
       finished_at = CASE WHEN $2 = 'SUCCESS' THEN clock_timestamp() END,
       claim_tick_id = CASE WHEN $7 THEN claim_tick_id END, claim_lease_token = CASE WHEN $7 THEN claim_lease_token END,
       claim_until = CASE WHEN $7 THEN clock_timestamp() + interval '60 seconds' END
     WHERE id = $1`,
    [
      ended.actionId,
      decision.to,
      outcome.kind === 'done' ? JSON.stringify(outcome.receipt) : null,
      decision.to === 'DLQ' ? decision.reason : null,
      message,
      decision.to === 'RETRY' ? decision.delayMs : 0,
      waitsInTick,
    ],
  );
  await query(
    db,
    `INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, level, actor, message, detail, duration_ms)
     VALUES ($1, $2, $3, $4, $5, $6, 'engine', left($7, 2000), $8, $9)`,
    [
      ended.lane,
      ended.actionId,
      ended.tickId,
      ended.attempt,
      event,
      level,
      message,
      JSON.stringify({ outcome: outcome.kind, ...decision }),
      ended.durationMs,
    ],
  );
  if (waitsInTick) return;
  if (decision.to === 'RETRY') await returnToQueue(db, ended);
  await countLeaving(db, ended.tickId, decision.to);
  await cancelReleased(db, ended.lane);
}

/** A long wait is the queue's: RETRY goes on to PENDING, due when the wait is over. */
async function returnToQueue(db: Queryable, claim: EffectClaim): Promise<void> {
  await query(db, `UPDATE aol_actions SET status = 'PENDING', updated_at = clock_timestamp() WHERE id = $1`, [
    claim.actionId,
  ]);
  await appendLog(db, {
    lane: claim.lane,
    actionId: claim.actionId,
    tickId: claim.tickId,
    event: 'RELEASED',
    actor: 'engine',
    message: 'the wait is long; it waits in the queue',
  });
}

/** How an action leaves its tick without an attempt of its own. */
export type Leaving =
  | { readonly to: 'PENDING'; readonly message: string; readonly delayMs?: number }
  | {
      readonly to: 'AWAITING_APPROVAL';
      readonly message: string;
      readonly artifactSha256: string;
      readonly artifactUri: string;
      /** How long a person has to approve it. */
      readonly ttlMs: number;
    }
  | { readonly to: 'DLQ'; readonly reason: DlqReason; readonly message: string };

/** Releases, parks for approval, or dead-letters an action before the gate said yes. Nothing when it is not this tick's. */
export function leaveTick(db: Database, claim: EffectClaim, leaving: Leaving): Promise<void> {
  return transaction(db, async (connection) => {
    if (await lockHeld(connection, claim)) await leave(connection, claim, leaving);
  });
}

async function leave(db: Queryable, claim: EffectClaim, leaving: Leaving): Promise<void> {
  const [event, level] =
    leaving.to === 'AWAITING_APPROVAL' ? (['AWAITING_APPROVAL', 'INFO'] as const) : EVENTS[leaving.to];
  const artifact = leaving.to === 'AWAITING_APPROVAL' ? leaving : undefined;
  await query(
    db,
    `UPDATE aol_actions SET status = $2, dlq_reason = $3, last_error = CASE WHEN $2 = 'DLQ' THEN left($4, 2000) ELSE last_error END,
       artifact_sha256 = coalesce($5, artifact_sha256), artifact_uri = coalesce($6, artifact_uri),
       approval_needed = approval_needed OR $2 = 'AWAITING_APPROVAL',
       approval_expires_at = CASE WHEN $2 = 'AWAITING_APPROVAL' THEN clock_timestamp() + $8 * interval '1 millisecond' END,
       run_at = CASE WHEN $7 > 0 THEN clock_timestamp() + $7 * interval '1 millisecond' ELSE run_at END,
       claim_count = CASE WHEN $2 = 'DLQ' THEN claim_count ELSE 0 END,
       claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL, updated_at = clock_timestamp() WHERE id = $1`,
    [
      claim.actionId,
      leaving.to,
      leaving.to === 'DLQ' ? leaving.reason : null,
      leaving.message,
      artifact?.artifactSha256 ?? null,
      artifact?.artifactUri ?? null,
      leaving.to === 'PENDING' ? (leaving.delayMs ?? 0) : 0,
      artifact?.ttlMs ?? 0,
    ],
  );
  await appendLog(db, {
    lane: claim.lane,
    actionId: claim.actionId,
    tickId: claim.tickId,
    event,
    level,
    actor: 'engine',
    message: leaving.message,
    ...(leaving.to === 'DLQ' ? { detail: { reason: leaving.reason } } : {}),
  });
  await countLeaving(db, claim.tickId, leaving.to);
  await cancelReleased(db, claim.lane);
}

const COUNTERS = {
  SUCCESS: 'succeeded = succeeded + 1',
  RETRY: 'retried = retried + 1',
  DLQ: 'failed = failed + 1, dead_lettered = dead_lettered + 1',
  UNCONFIRMED: 'failed = failed + 1, unconfirmed = unconfirmed + 1',
  PENDING: 'released = released + 1',
  AWAITING_APPROVAL: 'awaiting = awaiting + 1',
} as const;

/** Moves one action from running to where it went, in a ledger row that is still open; the last one closes it. */
async function countLeaving(db: Queryable, tickId: string, to: keyof typeof COUNTERS): Promise<void> {
  await query(
    db,
    `UPDATE aol_tick_ledger SET ${COUNTERS[to]}, running = running - 1,
       outcome = CASE WHEN running = 1 THEN 'OK' END,
       finished_at = CASE WHEN running = 1 THEN clock_timestamp() END,
       duration_ms = CASE WHEN running = 1 THEN extract(epoch FROM clock_timestamp() - started_at) * 1000 END
     WHERE id = $1 AND finished_at IS NULL AND running > 0`,
    [tickId],
  );
}

/**
 * Gives up on an effect whose activity failed for good. It returns to the queue; an attempt that is still open there is
 * found by the gate of the next claim, which waits for its outcome or deadline first.
 */
export function abandonEffect(db: Database, claim: EffectClaim & { readonly reason: string }): Promise<void> {
  return leaveTick(db, claim, {
    to: 'PENDING',
    message: `its activity failed: ${claim.reason}`,
    delayMs: ABANDONED_DELAY_MS,
  });
}

/** Closes a tick that lasts too long: what still runs is counted as such, and goes on. */
export async function closeOverrun(db: Database, tickId: string): Promise<void> {
  await query(
    db,
    `UPDATE aol_tick_ledger SET outcome = 'OVERRUN', finished_at = clock_timestamp(),
       duration_ms = extract(epoch FROM clock_timestamp() - started_at) * 1000
     WHERE id = $1 AND finished_at IS NULL`,
    [tickId],
  );
}
