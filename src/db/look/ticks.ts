/** `aol_tick_ledger`: reading. Its rows are written by `claim.ts` and `close.ts`. */

import type { Tick, TickListQuery } from '../../contracts/http/tick.ts';
import type { TickOutcome } from '../../domain/ledger.ts';
import { MAX_EXACT_TOTAL } from '../../domain/limits.ts';
import type { ActionMode } from '../../domain/states.ts';
import { type Queryable, query } from '../pool.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { cappedTotal } from './page.ts';

export interface TickRow {
  id: string;
  lane: string;
  number: number;
  lease_token: number;
  run_id: string;
  mode: ActionMode;
  outcome: TickOutcome | null;
  claimed: number;
  succeeded: number;
  failed: number;
  retried: number;
  released: number;
  awaiting: number;
  running: number;
  dead_lettered: number;
  unconfirmed: number;
  started_at: Date;
  finished_at: Date | null;
  duration_ms: number | null;
  repeats: number;
  error: string | null;
}

export function toTick(row: TickRow): Tick {
  return {
    id: row.id,
    lane: row.lane,
    number: row.number,
    leaseToken: row.lease_token,
    runId: row.run_id,
    mode: row.mode,
    outcome: row.outcome,
    claimed: row.claimed,
    succeeded: row.succeeded,
    failed: row.failed,
    retried: row.retried,
    released: row.released,
    awaiting: row.awaiting,
    running: row.running,
    deadLettered: row.dead_lettered,
    unconfirmed: row.unconfirmed,
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    durationMs: row.duration_ms,
    repeats: row.repeats,
    error: row.error,
  };
}

export interface TickPage {
  readonly items: Tick[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly totalIsExact: boolean;
}

/**
 * Newest first: those of a lane by number, those of several lanes by start, then id.
 *
 * @param lanes those that are looked through; absent: all, or the filter's
 */
export async function listTicks(
  db: Queryable,
  filter: TickListQuery,
  lanes: readonly string[] | undefined = filter.lane === undefined ? undefined : [filter.lane],
): Promise<TickPage> {
  const { limit } = filter;
  const [only] = lanes ?? [];
  const rows = await (only !== undefined && lanes?.length === 1
    ? ticksOfLane(db, only, filter)
    : ticksByStart(db, lanes, filter));
  const [count] = await query<{ total: number }>(
    db,
    `SELECT count(*) AS total FROM (
       SELECT FROM aol_tick_ledger ${lanes === undefined ? '' : 'WHERE lane = ANY ($1::text[])'} LIMIT ${MAX_EXACT_TOTAL + 1}) AS t`,
    lanes === undefined ? [] : [lanes],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(toTick),
    nextCursor: rows.length > limit && last ? encodeCursor(last.place) : null,
    ...cappedTotal(count?.total ?? 0),
  };
}

/** With its place in the order that it was read in, as a cursor holds it. */
type PlacedRow = TickRow & { readonly place: string };

function ticksOfLane(db: Queryable, lane: string, { cursor, limit }: TickListQuery): Promise<PlacedRow[]> {
  const before = cursor === undefined ? null : Number(decodeCursor(cursor, /^\d{1,15}$/));
  return query<PlacedRow>(
    db,
    `SELECT *, number::text AS place FROM aol_tick_ledger WHERE lane = $1 AND ($2::bigint IS NULL OR number < $2)
     ORDER BY number DESC LIMIT $3`,
    [lane, before, limit + 1],
  );
}

function ticksByStart(
  db: Queryable,
  lanes: readonly string[] | undefined,
  { cursor, limit }: TickListQuery,
): Promise<PlacedRow[]> {
  const place = cursor === undefined ? null : decodeCursor(cursor, /^[0-9 :.+-]{19,40}\/[0-9a-f-]{36}$/);
  const [startedAt, id] = place?.split('/') ?? [];
  const values: unknown[] = place === null ? [limit + 1] : [limit + 1, startedAt, id];
  const before = place === null ? 'true' : '(started_at, id) < ($2::timestamptz, $3::uuid)';
  // A lane's ticks start in the order of their numbers, which its index has.
  const source =
    lanes === undefined
      ? `SELECT * FROM aol_tick_ledger WHERE ${before}`
      : `SELECT t.* FROM unnest($${values.push(lanes)}::text[]) AS l (lane) CROSS JOIN LATERAL (
           SELECT * FROM aol_tick_ledger WHERE lane = l.lane AND ${before} ORDER BY number DESC LIMIT $1) AS t`;
  return query<PlacedRow>(
    db,
    `SELECT *, started_at::text || '/' || id AS place FROM (${source}) AS found ORDER BY started_at DESC, id DESC LIMIT $1`,
    values,
  );
}

/** The newest row of a lane. */
export async function lastTick(db: Queryable, lane: string): Promise<Tick | null> {
  const [row] = await query<TickRow>(db, 'SELECT * FROM aol_tick_ledger WHERE lane = $1 ORDER BY number DESC LIMIT 1', [
    lane,
  ]);
  return row ? toTick(row) : null;
}
