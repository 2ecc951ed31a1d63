/** `aol_execution_logs`: appending and reading. */

import type { LogEntry, LogListQuery } from '../../contracts/http/log.ts';
import type { LogEvent, LogLevel } from '../../domain/events.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { type Queryable, query } from '../pool.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { holds, jsonHolds, type Part, readPage } from './page.ts';

export interface NewLogEntry {
  readonly lane: string;
  readonly actionId?: string;
  readonly tickId?: string;
  readonly attempt?: number;
  readonly event: LogEvent;
  readonly level?: LogLevel;
  readonly actor: string;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Appends one row, in the caller's transaction. */
export async function appendLog(db: Queryable, entry: NewLogEntry): Promise<void> {
  await query(
    db,
    `INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, level, actor, message, detail)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      entry.lane,
      entry.actionId ?? null,
      entry.tickId ?? null,
      entry.attempt ?? null,
      entry.event,
      entry.level ?? 'INFO',
      entry.actor,
      entry.message,
      entry.detail ? JSON.stringify(entry.detail) : null,
    ],
  );
}

export interface LogRow {
  id: number;
  at: Date;
  lane: string;
  action_id: string | null;
  tick_id: string | null;
  attempt: number | null;
  event: LogEvent;
  level: LogLevel;
  actor: string;
  message: string;
  detail: Record<string, unknown> | null;
  artifact_sha256: string | null;
  duration_ms: number | null;
}

export function toLogEntry(row: LogRow): LogEntry {
  return {
    id: row.id,
    at: row.at.toISOString(),
    lane: row.lane,
    actionId: row.action_id,
    tickId: row.tick_id,
    attempt: row.attempt,
    event: row.event,
    level: row.level,
    actor: row.actor,
    message: row.message,
    detail: row.detail,
    artifactSha256: row.artifact_sha256,
    durationMs: row.duration_ms,
  };
}

/** An action's rows in the order of what happened, after a row's id. */
export async function logsOfAction(
  db: Queryable,
  actionId: string,
  page: { readonly afterId: number; readonly limit: number },
): Promise<{ readonly items: LogEntry[]; readonly total: number }> {
  const items = await query<LogRow>(
    db,
    'SELECT * FROM aol_execution_logs WHERE action_id = $1 AND id > $2 ORDER BY id LIMIT $3',
    [actionId, page.afterId, page.limit],
  );
  const [count] = await query<{ total: number }>(
    db,
    'SELECT count(*) AS total FROM aol_execution_logs WHERE action_id = $1',
    [actionId],
  );
  return { items: items.map(toLogEntry), total: count?.total ?? 0 };
}

/** Rows that a page looks through for what no index finds. */
const SIFT_BUDGET = 20_000;
const TEXT_BUDGET = 5_000;
const SEVERE: readonly LogLevel[] = ['WARNING', 'ERROR'];

export interface LogPage {
  readonly items: LogEntry[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly totalIsExact: boolean;
}

/**
 * All rows, newest first.
 *
 * @param lanes those that are looked through, and what was changed for all lanes; absent: all
 */
export async function listLogs(db: Queryable, filter: LogListQuery, lanes?: readonly string[]): Promise<LogPage> {
  const { cursor, limit, q } = filter;
  const { rows, nextBefore, ...totals } = await readPage<LogRow>(db, {
    sources: [sourceOf(filter)],
    sift: siftOf(filter, lanes),
    before: cursor === undefined ? null : Number(decodeCursor(cursor, /^\d{1,15}$/)),
    limit,
    budget: q === undefined ? SIFT_BUDGET : TEXT_BUDGET,
    readsText: q !== undefined,
  });
  return { items: rows.map(toLogEntry), nextCursor: nextBefore === null ? null : encodeCursor(nextBefore), ...totals };
}

/** The narrowest index: by action, by tick, of warnings and errors, else the order of all. */
function sourceOf({ actionId, tickId, level }: LogListQuery): Part {
  const from = 'FROM aol_execution_logs WHERE';
  if (actionId !== undefined) return (value) => `${from} action_id = ${value(actionId)}`;
  if (tickId !== undefined) return (value) => `${from} tick_id = ${value(tickId)}`;
  if (level?.every((one) => SEVERE.includes(one))) return () => `${from} level IN ('WARNING', 'ERROR')`;
  return () => `${from} true`;
}

/** As `seesLogEntry` of the API has it. */
const SEEN_BY_LANES = (lanes: string) =>
  `lane = ANY (${lanes}::text[]) OR (lane = '${ALL_LANES}' AND event = 'FLAG_CHANGED')`;

function siftOf({ lane, actionId, tickId, level, event, actor, q }: LogListQuery, lanes?: readonly string[]): Part[] {
  const sift: Part[] = [];
  if (lanes !== undefined && lane === undefined) sift.push((value) => SEEN_BY_LANES(value(lanes)));
  if (lane !== undefined) sift.push((value) => `lane = ${value(lane)}`);
  if (actionId !== undefined && tickId !== undefined) sift.push((value) => `tick_id = ${value(tickId)}`);
  if (level !== undefined) sift.push((value) => `level = ANY (${value(level)}::text[])`);
  if (event !== undefined) sift.push((value) => `event = ANY (${value(event)}::text[])`);
  if (actor !== undefined) sift.push((value) => `actor = ${value(actor)}`);
  if (q !== undefined) sift.push((value) => `${holds('message', q)(value)} OR ${jsonHolds('detail', q)(value)}`);
  return sift;
}
