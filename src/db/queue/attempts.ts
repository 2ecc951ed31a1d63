/** What happens to a REAL action inside its tick: beginning, outcome, release, settlement. Each is one round trip. */

import type { LogEvent, LogLevel } from '../../domain/events.ts';
import { MAX_CRASHES } from '../../domain/limits.ts';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { DlqReason } from '../../domain/states.ts';
import type { ActionRow } from '../action-row.ts';
import { type Database, query } from '../pool.ts';
import type { EffectClaim } from './gate.ts';

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
 * The first run of an effect's activity begins. It only reads: its claim has counted it.
 *
 * @returns one answer for each claim, in their order
 */
export async function beginEffects(db: Database, claims: readonly EffectClaim[]): Promise<Beginning[]> {
  const rows = await query<EffectRow>(
    db,
    `SELECT ${EFFECT_COLUMNS} FROM jsonb_to_recordset($1) AS c ("actionId" uuid, "tickId" uuid, token bigint)
     JOIN aol_actions a ON a.id = c."actionId" AND a.claim_tick_id = c."tickId" AND a.claim_lease_token = c.token
     WHERE a.status IN ('RUNNING', 'RETRY')`,
    [JSON.stringify(claims)],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return claims.map(({ actionId }) => {
    const row = byId.get(actionId);
    return row ? { kind: 'begun', row } : { kind: 'gone' };
  });
}

/**
 * A later run begins. A run that began before and neither ended nor threw died with its worker, and so did others beside it:
 * which one was to blame shows when those that died twice go on one after another.
 */
export async function beginAgain(db: Database, claim: EffectClaim, run: EffectRun): Promise<Beginning> {
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

/**
 * Their claim was taken up again by another process, which was the first to start them: the one that claimed them died with them,
 * perhaps through one of them, while it prepared them. Counted once for each claim.
 */
export async function countLostClaims(
  db: Database,
  tick: Omit<EffectClaim, 'actionId'>,
  actionIds: readonly string[],
): Promise<void> {
  if (actionIds.length === 0) return;
  await query(
    db,
    `UPDATE aol_actions SET claim_count = claim_count + 1, claim_run = 0, updated_at = clock_timestamp()
     WHERE id = ANY ($1::uuid[]) AND status = 'RUNNING' AND claim_tick_id = $2 AND claim_lease_token = $3 AND claim_run IS NULL`,
    [actionIds, tick.tickId, tick.token],
  );
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
 * Writes the outcomes of attempts. Each needs only its attempt, not the lease: what happened is never thrown away. When an
 * attempt was closed meanwhile (its worker was thought dead), a receipt that arrives late is still recorded, and turns
 * UNCONFIRMED into SUCCESS; for it the answer is false.
 *
 * @returns one answer for each, in their order
 */
export async function recordAttempts(db: Database, ended: readonly RecordedAttempt[]): Promise<boolean[]> {
  const items = ended.map(({ outcome, decision, ...attempt }) => {
    const [event, level] = EVENTS[decision.to];
    return { ...attempt, outcome, decision, event, level };
  });
  const rows = await query<{ index: number; mine: boolean }>(db, RECORD_ATTEMPTS, [
    JSON.stringify(items),
    ended.map(({ actionId }) => actionId),
    MAX_WAIT_IN_TICK_MS,
  ]);
  const mine = new Map(rows.map((row) => [row.index, row.mine]));
  return ended.map((_, index) => mine.get(index + 1) ?? false);
}

/** All actions are locked, in the order of their ids, before the first ledger row is: a claim that takes back locks so too. */
const RECORD_ATTEMPTS = `
  WITH locked AS MATERIALIZED (SELECT id FROM aol_actions WHERE id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE)
  SELECT r.index, aol_record_attempt(r.lane, r."actionId", r."tickId", r.attempt, r.outcome, r.decision, r."durationMs", r.event,
    r.level, $3) AS mine
  FROM (SELECT item.* FROM ROWS FROM (jsonb_to_recordset($1) AS (lane text, "actionId" uuid, "tickId" uuid, attempt integer,
      outcome jsonb, decision jsonb, "durationMs" double precision, event text, level text))
    WITH ORDINALITY AS item (lane, "actionId", "tickId", attempt, outcome, decision, "durationMs", event, level, index)
    ORDER BY "tickId", "actionId") AS r
  WHERE (SELECT count(*) FROM locked) >= 0`;

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
