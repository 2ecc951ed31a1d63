/** What `/metrics` reads. Each query is bounded, however many rows there are: by a limit, or by what is new since the last one. */

import type { LogEvent } from '../../domain/events.ts';
import type { TickOutcome } from '../../domain/ledger.ts';
import { type Queryable, query } from '../pool.ts';
import { type Count, countUnfinished } from './counts.ts';
import { Horizon, readLogWriters, waitForDisk } from './events.ts';

/** Counts stop here: from this number on there are "at least so many". */
const MAX_COUNTED = 100_000;

/** How many actions of each lane stand in each status that is not final; how many finished, the counters of events say. */
export const countBounded: Count = (db, lane) => countUnfinished(db, lane, MAX_COUNTED);

/** Seconds since each lease was last renewed, by the database's clock. A lane that nobody held yet is left out. */
export function readLeaseAges(db: Queryable): Promise<{ lane: string; age: number }[]> {
  return query(
    db,
    `SELECT lane, extract(epoch FROM clock_timestamp() - renewed_at)::float8 AS age FROM aol_lease
     WHERE renewed_at IS NOT NULL`,
  );
}

/** Milliseconds since the kill that holds for a lane was committed; null when it is not killed. */
export async function sinceKillMs(db: Queryable, lane: string): Promise<number | null> {
  const [row] = await query<{ ms: number | null }>(
    db,
    `SELECT (extract(epoch FROM clock_timestamp() - min(updated_at)) * 1000)::float8 AS ms FROM aol_control_flags
     WHERE name = 'killed' AND value = 'true' AND lane IN ($1, '*')`,
    [lane],
  );
  return row?.ms ?? null;
}

export interface EventCount {
  lane: string;
  event: LogEvent;
  /** Whether the rows are about an attempt. */
  of_attempt: boolean;
  count: number;
}

/** Counts the rows of `aol_execution_logs` that were committed since it was made, each once. */
export class EventTail {
  readonly #horizon = new Horizon();
  #countedUpTo: number | undefined;

  /** What is new. Nothing the first time. */
  async read(db: Queryable): Promise<EventCount[]> {
    const now = await readLogWriters(db);
    this.#horizon.see(now);
    this.#countedUpTo ??= now.lastId;
    const after = this.#countedUpTo;
    const upTo = this.#horizon.id ?? after;
    if (upTo <= after) return [];
    await waitForDisk(db);
    const counts = await countEvents(db, after, upTo);
    this.#countedUpTo = upTo;
    return counts;
  }
}

function countEvents(db: Queryable, after: number, upTo: number): Promise<EventCount[]> {
  return query<EventCount>(
    db,
    `SELECT lane, event, attempt IS NOT NULL AS of_attempt, count(*) AS count FROM aol_execution_logs
     WHERE id > $1 AND id <= $2 GROUP BY 1, 2, 3`,
    [after, upTo],
  );
}

export interface ClosedTicks {
  readonly lane: string;
  readonly outcome: TickOutcome;
  /** Quiet ticks of one kind share a row. */
  readonly count: number;
  /** Of a tick that claimed something. */
  readonly durationMs: number | null;
}

interface TailRow {
  id: string;
  lane: string;
  number: number;
  outcome: TickOutcome | null;
  repeats: number;
  claimed: number;
  duration_ms: number | null;
}

/**
 * Counts the ticks that closed since it was made. A lane's rows are numbered while its lease is locked, so they appear in
 * their order; what is read again is only its newest row, which may be repeated, and those that were open.
 */
export class TickTail {
  readonly #lanes = new Map<string, { number: number; repeats: number }>();
  readonly #open = new Map<string, TailRow>();
  #begun = false;

  /** What is new. Nothing the first time. */
  async read(db: Queryable): Promise<ClosedTicks[]> {
    const isFirst = !this.#begun;
    const rows = await readTickRows(db, { isFirst, lanes: this.#lanes, open: [...this.#open.keys()] });
    this.#begun = true;
    const closed = rows.flatMap((row) => this.#take(row, isFirst));
    const present = new Set(rows.map(({ id }) => id));
    for (const id of this.#open.keys()) if (!present.has(id)) this.#open.delete(id);
    return closed;
  }

  #take(row: TailRow, isFirst: boolean): ClosedTicks[] {
    const newest = this.#lanes.get(row.lane);
    const counted = newest?.number === row.number && !this.#open.has(row.id) ? newest.repeats : 0;
    if (newest === undefined || row.number >= newest.number) {
      this.#lanes.set(row.lane, { number: row.number, repeats: row.repeats });
    }
    if (row.outcome === null) {
      this.#open.set(row.id, row);
      return [];
    }
    this.#open.delete(row.id);
    const count = isFirst ? 0 : row.repeats - counted;
    if (count <= 0) return [];
    return [{ lane: row.lane, outcome: row.outcome, count, durationMs: row.claimed > 0 ? row.duration_ms : null }];
  }
}

/** A lane's rows from its newest known one on (the first time, its newest row; of a new lane, all), and those that were open. */
function readTickRows(
  db: Queryable,
  seen: {
    readonly isFirst: boolean;
    readonly lanes: ReadonlyMap<string, { readonly number: number }>;
    readonly open: readonly string[];
  },
): Promise<TailRow[]> {
  const known = [...seen.lanes].map(([lane, { number }]) => ({ lane, number }));
  return query<TailRow>(
    db,
    `WITH known AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS k (lane text, number bigint)),
     newest AS (
       SELECT l.lane, coalesce(k.number, last.number, 0) AS number FROM aol_lease l LEFT JOIN known k USING (lane)
       LEFT JOIN LATERAL (SELECT number FROM aol_tick_ledger t WHERE t.lane = l.lane ORDER BY number DESC LIMIT 1) AS last
         ON $3::boolean)
     SELECT t.id, t.lane, t.number, t.outcome, t.repeats, t.claimed, t.duration_ms
     FROM newest n JOIN aol_tick_ledger t ON t.lane = n.lane AND t.number >= n.number
     UNION
     SELECT id, lane, number, outcome, repeats, claimed, duration_ms FROM aol_tick_ledger WHERE id = ANY($2::uuid[])
     ORDER BY lane, number`,
    [JSON.stringify(known), seen.open, seen.isFirst],
  );
}
