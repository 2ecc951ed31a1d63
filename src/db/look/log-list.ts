/** `aol_execution_logs` as a list of all rows: filtered, newest first, each with a line of what its action does. */

import type { LogEntry, LogListQuery } from '../../contracts/http/log.ts';
import { searchWords } from '../../contracts/http/primitives.ts';
import { summaryOf } from '../../contracts/payloads/summary.ts';
import { ENGINE_EVENTS, type LogLevel } from '../../domain/events.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { SHORT_PAYLOAD } from '../action-row.ts';
import { type Queryable, query } from '../pool.ts';
import { between } from './action-filter.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { type LogRow, toLogEntry } from './logs.ts';
import { holds, jsonHolds, type Page, type Part, readPage } from './page.ts';

/** Rows that a page looks through for what no index finds. */
const SIFT_BUDGET = 20_000;
const TEXT_BUDGET = 5_000;
const SEVERE: readonly LogLevel[] = ['WARNING', 'ERROR'];
/** Of one page of all rows. */
const EXPORTED_AT_ONCE = 500;

export type LogFilter = Omit<LogListQuery, 'limit' | 'cursor' | 'format'>;

export interface LogPage {
  readonly items: LogEntry[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly totalIsExact: boolean;
}

/**
 * A page of all rows, newest first.
 *
 * @param lanes those that are looked through, and what was changed for all lanes; absent: all
 */
export async function listLogs(db: Queryable, filter: LogListQuery, lanes?: readonly string[]): Promise<LogPage> {
  const { cursor, limit } = filter;
  const before = cursor === undefined ? null : Number(decodeCursor(cursor, /^\d{1,15}$/));
  const { rows, nextBefore, ...totals } = await page(db, filter, { lanes, before, limit, isCounted: true });
  const nextCursor = nextBefore === null ? null : encodeCursor(nextBefore);
  return { items: await withSummaries(db, rows), nextCursor, ...totals };
}

/** All rows that fit, newest first, some at a time: each is read when the last ones were taken. */
export async function* eachLog(
  db: Queryable,
  filter: LogFilter,
  lanes?: readonly string[],
): AsyncGenerator<LogEntry[], void> {
  let before: number | null = null;
  do {
    const found: Page<LogRow> = await page(db, filter, { lanes, before, limit: EXPORTED_AT_ONCE, isCounted: false });
    yield await withSummaries(db, found.rows);
    before = found.nextBefore === null ? null : Number(found.nextBefore);
  } while (before !== null);
}

interface Stretch {
  readonly lanes: readonly string[] | undefined;
  readonly before: number | null;
  readonly limit: number;
  readonly isCounted: boolean;
}

function page(db: Queryable, filter: LogFilter, { lanes, ...stretch }: Stretch): Promise<Page<LogRow>> {
  return readPage<LogRow>(db, {
    sources: [sourceOf(filter)],
    sift: siftOf(filter, lanes),
    budget: filter.q === undefined ? SIFT_BUDGET : TEXT_BUDGET,
    readsText: filter.q !== undefined,
    ...stretch,
  });
}

/** The narrowest index: by action, by tick, of people's acts, of warnings and errors, else the order of all; and no older or newer rows. */
function sourceOf(filter: LogFilter): Part {
  return (value) => {
    const bounds = [
      ...(filter.from === undefined
        ? []
        : [`id >= (SELECT aol_first_log(${value(filter.from)}::timestamptz - ${ROOM}))`]),
      ...(filter.to === undefined ? [] : [`id < (SELECT aol_first_log(${value(filter.to)}::timestamptz + ${ROOM}))`]),
    ];
    return `FROM aol_execution_logs WHERE ${[walked(filter, value), ...bounds].join(' AND ')}`;
  };
}

/** Ids are drawn before their rows are written, and a moment apart. */
const ROOM = `interval '1 minute'`;

function walked({ actionId, tickId, level, people }: LogFilter, value: (given: unknown) => string): string {
  if (actionId !== undefined) return `action_id = ${value(actionId)}`;
  if (tickId !== undefined) return `tick_id = ${value(tickId)}`;
  if (people) return IS_ACT;
  if (level?.every((one) => SEVERE.includes(one))) return `level IN ('WARNING', 'ERROR')`;
  return 'true';
}

/** Word for word the condition of the index. */
const IS_ACT = `event NOT IN (${ENGINE_EVENTS.map((event) => `'${event}'`).join(', ')})`;
/** Of processes, and of tokens that were never but agents'. */
const BY_NO_PERSON = `actor IN ('engine', 'system', 'anonymous', 'aol') OR actor LIKE 'aol-%:%' OR actor IN (
  SELECT name FROM aol_api_tokens GROUP BY name HAVING bool_and(role = 'agent'))`;

/** As `seesLogEntry` of the API has it. */
const SEEN_BY_LANES = (lanes: string) =>
  `lane = ANY (${lanes}::text[]) OR (lane = '${ALL_LANES}' AND event = 'FLAG_CHANGED')`;

function siftOf(filter: LogFilter, lanes?: readonly string[]): Part[] {
  const { lane, actionId, tickId, level, event, actor, q, from, to, people } = filter;
  const sift: Part[] = [...between('at', from, to)];
  if (lanes !== undefined && lane === undefined) sift.push((value) => SEEN_BY_LANES(value(lanes)));
  if (lane !== undefined) sift.push((value) => `lane = ${value(lane)}`);
  if (actionId !== undefined && tickId !== undefined) sift.push((value) => `tick_id = ${value(tickId)}`);
  if (level !== undefined) sift.push((value) => `level = ANY (${value(level)}::text[])`);
  if (event !== undefined) sift.push((value) => `event = ANY (${value(event)}::text[])`);
  if (actor !== undefined) sift.push((value) => `actor = ${value(actor)}`);
  if (people) sift.push(() => `${IS_ACT} AND NOT (${BY_NO_PERSON})`);
  for (const word of q === undefined ? [] : searchWords(q)) {
    sift.push((value) => `${holds('message', word)(value)} OR ${jsonHolds('detail', word)(value)}`);
  }
  return sift;
}

async function withSummaries(db: Queryable, rows: readonly LogRow[]): Promise<LogEntry[]> {
  const ids = [...new Set(rows.flatMap((row) => (row.action_id === null ? [] : [row.action_id])))];
  const actions =
    ids.length === 0
      ? []
      : await query<{ id: string; type: string; payload: Record<string, unknown> }>(
          db,
          `SELECT id, type, ${SHORT_PAYLOAD} FROM aol_actions WHERE id = ANY ($1::uuid[])`,
          [ids],
        );
  const summaries = new Map(actions.map(({ id, type, payload }) => [id, summaryOf(type, payload)]));
  return rows.map((row) => ({ ...toLogEntry(row), summary: summaries.get(row.action_id ?? '') ?? null }));
}
