/** What happens to a REAL action inside its tick: beginning, outcome, release, settlement. Each is one round trip. */

import type { LogEvent, LogLevel } from '../domain/events.ts';
import { MAX_CRASHES } from '../domain/limits.ts';
import type { AttemptOutcome } from '../domain/outcomes.ts';
import type { DlqReason } from '../domain/states.ts';
import type { ActionRow } from './action-row.ts';
import type { EffectClaim } from './gate.ts';
import { type Database, query } from './pool.ts';

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

/** What performing needs to know of an action. */
export type EffectRow = Pick<ActionRow, 'id' | 'type' | 'payload' | 'due_at' | 'promoted_from' | 'max_attempts'>;

export type Beginning =
  | { readonly kind: 'begun'; readonly row: EffectRow }
  /** Its worker died twice with it: it may be to blame, so it has to begin alone. Nothing has begun. */
  | { readonly kind: 'suspect' }
  /** No longer this tick's, or dead-lettered: three runs died with their worker before anything was sent. */
  | { readonly kind: 'gone' };

const EFFECT_COLUMNS = 'a.id, a.type, a.payload, a.due_at, a.promoted_from, a.max_attempts';

/**
 * A run of the effect's activity begins. The first one only reads: its claim has counted it. A run that began before and neither
 * ended nor threw died with its worker, and so did others beside it: which one was to blame shows when those that died twice
 * go on one after another.
 */
export async function beginEffect(db: Database, claim: EffectClaim, run: EffectRun): Promise<Beginning> {
  if (run.run > 1) return beginAgain(db, claim, run);
  const [row] = await query<EffectRow>(
    db,
    `SELECT ${EFFECT_COLUMNS} FROM aol_actions a WHERE a.id = $1 AND a.claim_tick_id = $2 AND a.claim_lease_token = $3
       AND a.status IN ('RUNNING', 'RETRY')`,
    [claim.actionId, claim.tickId, claim.token],
  );
  return row ? { kind: 'begun', row } : { kind: 'gone' };
}

async function beginAgain(db: Database, claim: EffectClaim, run: EffectRun): Promise<Beginning> {
  const [row] = await query<EffectRow & { readonly kind: Beginning['kind'] }>(
    db,
    `SELECT begun.kind, ${EFFECT_COLUMNS}
     FROM (SELECT aol_begin_again($1, $2, $3, $4, $5, $6, $7, $8) AS kind) AS begun
     LEFT JOIN aol_actions a ON begun.kind = 'begun' AND a.id = $1`,
    [claim.actionId, claim.tickId, claim.token, run.run, run.endedRun, run.alone, SUSPECT_COUNT, MAX_CRASHES],
  );
  if (!row) throw new Error('a beginning answered nothing');
  const { kind, ...begun } = row;
  return kind === 'begun' ? { kind, row: begun } : { kind };
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

const EVENTS = {
  SUCCESS: ['SUCCEEDED', 'INFO'],
  RETRY: ['RETRY_SCHEDULED', 'WARNING'],
  DLQ: ['DEAD_LETTERED', 'ERROR'],
  UNCONFIRMED: ['UNCONFIRMED', 'ERROR'],
  PENDING: ['RELEASED', 'WARNING'],
  AWAITING_APPROVAL: ['AWAITING_APPROVAL', 'INFO'],
} as const satisfies Record<(AttemptDecision | Leaving)['to'], readonly [LogEvent, LogLevel]>;

/**
 * Writes an attempt's outcome. It needs only that attempt, not the lease: what happened is never thrown away. When the
 * attempt was closed meanwhile (its worker was thought dead), a receipt that arrives late is still recorded, and turns
 * UNCONFIRMED into SUCCESS. Answers false in that case.
 */
export async function recordAttempt(db: Database, ended: RecordedAttempt): Promise<boolean> {
  const [row] = await query<{ mine: boolean }>(
    db,
    'SELECT aol_record_attempt($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS mine',
    [
      ended.lane,
      ended.actionId,
      ended.tickId,
      ended.attempt,
      JSON.stringify(ended.outcome),
      JSON.stringify(ended.decision),
      ended.durationMs,
      ...EVENTS[ended.decision.to],
      MAX_WAIT_IN_TICK_MS,
    ],
  );
  return row?.mine ?? false;
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
export async function leaveTick(db: Database, claim: EffectClaim, leaving: Leaving): Promise<void> {
  await query(db, 'SELECT aol_leave_tick($1, $2, $3, $4, $5, $6)', [
    claim.actionId,
    claim.tickId,
    claim.token,
    JSON.stringify(leaving),
    ...EVENTS[leaving.to],
  ]);
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
