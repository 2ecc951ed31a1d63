/** What is due in a lane: taking it, and when there will be more. */

import type { ClaimTickInput } from '../../contracts/engine/activities.ts';
import { CLAIM_TTL_MS } from '../../domain/limits.ts';
import type { ActionMode } from '../../domain/states.ts';
import { prepared, type Queryable } from '../pool.ts';
import type { EffectRow } from './attempts.ts';
import type { Walk, Walks } from './claim-cursor.ts';
import { CLAIMED_ACTION, type ClaimedAction } from './claimed-action.ts';

/**
 * The claim proper. Due order is priority, time, id; one slot of each tick goes to the oldest due action (with a single
 * slot: of each fourth tick). An action whose attempt died with its worker is claimed alone.
 *
 * @param walks where this process' walks through the queue begin
 */
export async function claimDue(
  db: Queryable,
  input: ClaimTickInput,
  token: number,
  mode: ActionMode,
  room: number,
  walks: Walks,
): Promise<DueClaim | undefined> {
  const { holder } = input;
  const modes = modesOf(mode);
  const places = modes.map((one) => walks.from(holder.lane, one));
  const rows = await prepared<ClaimedRow>(
    db,
    'aol_claim_due',
    `WITH tick AS (
       SELECT coalesce((SELECT number FROM aol_tick_ledger WHERE lane = $1 ORDER BY number DESC LIMIT 1), 0) + 1 AS number),
     -- One more than there is room for, which tells whether something stays.
     due AS MATERIALIZED (
       SELECT walk.mode, found.* FROM unnest($2::text[], $10::smallint[], $11::timestamptz[], $12::uuid[]) AS walk (mode, priority, run_at, id)
       CROSS JOIN LATERAL aol_lock_due($1, walk.mode, $3 + 1, walk.priority, walk.run_at, walk.id) AS found),
     -- Where the next walk may begin: at the first of the last priority that this one came to.
     walks AS (
       SELECT DISTINCT ON (mode) mode, priority, run_at AS "runAt", id, bool_or(from_start) OVER of_mode AS "fromStart",
         max(passing_ms) OVER of_mode AS ms
       FROM due WINDOW of_mode AS (PARTITION BY mode) ORDER BY mode, is_oldest, priority, run_at, id),
     oldest AS (SELECT id FROM due WHERE is_oldest ORDER BY run_at, id LIMIT 1),
     ranked AS (
       SELECT each.*, row_number() OVER (ORDER BY
         (each.id = (SELECT id FROM oldest) AND ($3 > 1 OR (SELECT number FROM tick) % 4 = 0)) DESC,
         each.priority DESC, each.run_at, each.id) AS rank
       FROM (SELECT DISTINCT id, priority, run_at, claim_count FROM due) AS each),
     chosen AS (
       SELECT id FROM ranked WHERE rank <= $3
         AND CASE WHEN (SELECT claim_count FROM ranked WHERE rank = 1) > 0 THEN rank = 1 ELSE claim_count = 0 END),
     claimed AS (
       UPDATE aol_actions a SET status = 'RUNNING', claim_tick_id = $4, claim_lease_token = $5,
         claim_until = clock_timestamp() + $6 * interval '1 millisecond', claim_count = a.claim_count + 1, claim_run = NULL,
         attempts = a.attempts + CASE WHEN a.mode = 'PROOF' THEN 1 ELSE 0 END,
         workflow_id = $7, run_id = $8, updated_at = clock_timestamp()
       FROM chosen WHERE a.id = chosen.id
       RETURNING a.*),
     logged AS (
       INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, actor, message)
       SELECT $1, id, $4::uuid, CASE WHEN mode = 'PROOF' THEN attempts_before + attempts END,
         CASE WHEN mode = 'PROOF' THEN 'ATTEMPT_STARTED' ELSE 'CLAIMED' END, $7::text,
         'claimed by tick ' || tick.number || CASE WHEN claim_count > 1 THEN ', alone' ELSE '' END
       FROM claimed, tick),
     ledger AS (
       INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, claimed, running)
       SELECT $4::uuid, $1, tick.number, $5::bigint, $8::text, $9::text, counted.n, counted.n
       FROM tick, (SELECT count(*)::int AS n FROM claimed) AS counted WHERE counted.n > 0
       RETURNING number, claimed)
     SELECT ledger.number, (SELECT count(*) FROM ranked) > ledger.claimed AS "isMore",
       CASE WHEN row_number() OVER () = 1 THEN (SELECT jsonb_agg(walks) FROM walks) END AS walks,
       claimed.mode, claimed.promoted_from AS "promotedFrom", ${CLAIMED_ACTION} FROM ledger, claimed
     ORDER BY claimed.priority DESC, claimed.run_at, claimed.id`,
    [
      holder.lane,
      modes,
      room,
      input.tickId,
      token,
      CLAIM_TTL_MS,
      holder.workflowId,
      holder.runId,
      mode,
      places.map((place) => place?.priority ?? null),
      places.map((place) => place?.runAt ?? null),
      places.map((place) => place?.id ?? null),
    ],
  );
  const [first] = rows;
  if (!first) return undefined;
  for (const walk of rows.flatMap((row) => row.walks ?? [])) walks.walked(holder.lane, walk);
  return {
    number: first.number,
    claimed: rows.length,
    isMore: first.isMore,
    proofs: rows.filter((row) => row.mode === 'PROOF'),
    effects: rows.filter((row) => row.mode === 'REAL').map(toEffect),
  };
}

/** What a tick claimed, in the order in which it was due. */
export interface DueClaim {
  readonly number: number;
  readonly claimed: number;
  /** Whether more is due than it had room for. */
  readonly isMore: boolean;
  readonly proofs: readonly ClaimedAction[];
  readonly effects: readonly ClaimedEffect[];
}

/** An effect, for whoever goes on with it in this process. */
export interface ClaimedEffect extends EffectRow {
  /** More than one means that a worker died with it. */
  readonly claimCount: number;
}

function toEffect(row: ClaimedRow): ClaimedEffect {
  const { id, type, payload, dueAt, promotedFrom, maxAttempts, claimCount } = row;
  return { id, type, payload, due_at: dueAt, promoted_from: promotedFrom, max_attempts: maxAttempts, claimCount };
}

type ClaimedRow = ClaimedAction & {
  readonly number: number;
  readonly isMore: boolean;
  /** In one of the rows. */
  readonly walks: readonly Walk[] | null;
  readonly mode: ActionMode;
  readonly promotedFrom: string | null;
  readonly [column: string]: unknown;
};

/** Selects `in_ms`, the time until something in lane $1 of the modes $2 may be claimed; null when nothing waits. */
export const DUE_IN_MS = `SELECT (extract(epoch FROM min(oldest.run_at) - clock_timestamp()) * 1000)::float8 AS in_ms
  FROM unnest($2::text[]) AS modes (mode) CROSS JOIN LATERAL aol_oldest_queued($1, modes.mode) AS oldest`;

/** What a lane in a mode may claim. */
export function modesOf(mode: ActionMode): readonly ActionMode[] {
  return mode === 'REAL' ? ['PROOF', 'REAL'] : ['PROOF'];
}

/**
 * Time until something in the lane may be claimed: 0 for now, null when nothing waits. Only in a transaction whose plans do not
 * depend on statistics.
 */
export async function nextDueInMs(db: Queryable, lane: string, mode: ActionMode): Promise<number | null> {
  const [row] = await prepared<{ in_ms: number | null }>(db, 'aol_next_due', DUE_IN_MS, [lane, modesOf(mode)]);
  return row?.in_ms == null ? null : Math.max(0, Math.ceil(row.in_ms));
}
