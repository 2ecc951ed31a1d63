/** `aol_tick_ledger`: reading. Its rows are written by `claim.ts` and `close.ts`. */

import type { Tick, TickListQuery } from '../contracts/tick.ts';
import type { TickOutcome } from '../domain/ledger.ts';
import type { ActionMode } from '../domain/states.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { type Queryable, query } from './pool.ts';

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

/** Newest first, over all lanes or one; the order is by start, then id. */
export async function listTicks(
  db: Queryable,
  filter: TickListQuery,
): Promise<{ readonly items: Tick[]; readonly nextCursor: string | null; readonly total: number }> {
  const cursor = filter.cursor === undefined ? null : decodeCursor(filter.cursor, /^[0-9 :.+-]{19,40}\/[0-9a-f-]{36}$/);
  const [startedAt, id] = cursor?.split('/') ?? [null, null];
  const rows = await query<TickRow & { started_text: string }>(
    db,
    `SELECT *, started_at::text AS started_text FROM aol_tick_ledger
     WHERE ($1::text IS NULL OR lane = $1)
       AND ($2::timestamptz IS NULL OR (started_at, id) < ($2::timestamptz, $3::uuid))
     ORDER BY started_at DESC, id DESC LIMIT $4`,
    [filter.lane ?? null, startedAt, id, filter.limit + 1],
  );
  const [count] = await query<{ total: number }>(
    db,
    'SELECT count(*) AS total FROM aol_tick_ledger WHERE $1::text IS NULL OR lane = $1',
    [filter.lane ?? null],
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    items: page.map(toTick),
    nextCursor: rows.length > filter.limit && last ? encodeCursor(`${last.started_text}/${last.id}`) : null,
    total: count?.total ?? 0,
  };
}

/** The newest row of a lane. */
export async function lastTick(db: Queryable, lane: string): Promise<Tick | null> {
  const [row] = await query<TickRow>(db, 'SELECT * FROM aol_tick_ledger WHERE lane = $1 ORDER BY number DESC LIMIT 1', [
    lane,
  ]);
  return row ? toTick(row) : null;
}
