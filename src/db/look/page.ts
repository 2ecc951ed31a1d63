/** Pages of long tables, newest first: by keyset, within a bounded number of rows looked at, with a total that counts so far. */

import { TooBroadError } from '../../domain/errors.ts';
import { MAX_EXACT_TOTAL } from '../../domain/limits.ts';
import { isStatementTimeout } from '../errors.ts';
import { type Queryable, query } from '../pool.ts';

/** A piece of SQL; `value` takes a value of the statement and answers its place, `$3`. */
export type Part = (value: (given: unknown) => string) => string;

export interface PageRequest {
  /** `FROM … WHERE …`: each walks an index in the order of ids. What they find is merged. */
  readonly sources: readonly Part[];
  /** Conditions that no index knows: they are checked on at most `budget` rows a page. */
  readonly sift: readonly Part[];
  /** The page begins before this id; null is the first page. */
  readonly before: string | number | null;
  readonly limit: number;
  readonly budget: number;
  /** Of the rows that are found; absent: all columns. */
  readonly columns?: string;
  /** Whether a condition reads long texts: then a page looks through as many rows as a part of a second allows. */
  readonly readsText?: boolean;
  /** False: nobody asks how many fit. */
  readonly isCounted?: boolean;
}

export interface Page<Row> {
  readonly rows: Row[];
  /** The next page begins before this id; null after the last. */
  readonly nextBefore: string | number | null;
  readonly total: number;
  readonly totalIsExact: boolean;
}

interface WithId {
  readonly id: string | number;
}

/** A page in descending order of ids. With a sift it may hold fewer rows than its limit, even none, and still go on. */
export async function readPage<Row extends WithId>(db: Queryable, request: PageRequest): Promise<Page<Row>> {
  const { limit } = request;
  if (request.readsText && request.sift.length > 0) return searchPage<Row>(db, request);
  const count = request.isCounted === false ? cappedTotal(0, true) : countAll(db, request);
  const [rows, totals] = await Promise.all([pageRows<Row>(db, request), count]);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : await whereTheBudgetEnded(db, request);
  return { rows: page, nextBefore: last?.id ?? null, ...totals };
}

function pageRows<Row extends WithId>(db: Queryable, request: PageRequest): Promise<Row[]> {
  const { sift, limit, budget, columns = '*' } = request;
  return run<Row>(db, (value) => {
    if (sift.length === 0) return `SELECT ${columns} FROM (${merged('*', request, limit + 1, value)}) AS t`;
    const looked = merged('*', request, budget, value);
    return `SELECT ${columns} FROM (${looked}) AS t WHERE ${all(sift, value)} ORDER BY id DESC LIMIT ${limit + 1}`;
  });
}

const FIRST_STRETCH = 50;
const LONGEST_STRETCH = 800;
/** After so long no further stretch is looked through. */
const SEARCH_MS = 400;

/** Looks through stretches of rows, one after the other, until it has a page or its time is over. */
async function searchPage<Row extends WithId>(db: Queryable, request: PageRequest): Promise<Page<Row>> {
  const { limit, budget } = request;
  const startedMs = performance.now();
  const found: Row[] = [];
  let before = request.before;
  let stretch = FIRST_STRETCH;
  for (let looked = 0; looked < budget && performance.now() - startedMs < SEARCH_MS; looked += stretch) {
    if (looked > 0) stretch = Math.min(2 * stretch, LONGEST_STRETCH, budget - looked);
    const part = { ...request, before, budget: stretch };
    const [rows, end] = await Promise.all([pageRows<Row>(db, part), whereTheBudgetEnded(db, part)]);
    found.push(...rows);
    before = end?.id ?? null;
    if (found.length > limit || before === null) break;
  }
  const rows = found.slice(0, limit);
  const nextBefore = found.length > limit ? (rows.at(-1)?.id ?? null) : before;
  // What was found is counted, no more: to count what fits would be to look through everything.
  const totalIsExact = request.before === null && nextBefore === null;
  return { rows, nextBefore, total: rows.length, totalIsExact };
}

async function whereTheBudgetEnded(db: Queryable, request: PageRequest): Promise<WithId | undefined> {
  if (request.sift.length === 0) return undefined;
  const { budget } = request;
  const rows = await run<WithId>(
    db,
    (value) => `SELECT id FROM (${merged('id', request, budget + 1, value)}) AS t OFFSET ${budget - 1}`,
  );
  return rows.length > 1 ? rows[0] : undefined;
}

async function countAll(db: Queryable, request: PageRequest): Promise<{ total: number; totalIsExact: boolean }> {
  const { sift, budget } = request;
  const whole = { ...request, before: null };
  const [row] = await run<{ matched: number; looked: number }>(db, (value) =>
    sift.length === 0
      ? `SELECT count(*) AS matched, 0 AS looked FROM (${counted(whole, value)}) AS t`
      : `SELECT count(*) FILTER (WHERE ${all(sift, value)}) AS matched, count(*) AS looked
         FROM (${merged('*', whole, budget + 1, value)}) AS t`,
  );
  return cappedTotal(row?.matched ?? 0, (row?.looked ?? 0) > budget);
}

/** What a list says of its length, from a count that stopped early or not. */
export function cappedTotal(counted: number, stopped = false): { total: number; totalIsExact: boolean } {
  return { total: Math.min(counted, MAX_EXACT_TOTAL), totalIsExact: !stopped && counted <= MAX_EXACT_TOTAL };
}

/** Each source is bounded by itself, so that it walks its index and stops; PostgreSQL merges what they find. */
function merged(
  columns: string,
  { sources, before }: Pick<PageRequest, 'sources' | 'before'>,
  limit: number,
  value: (given: unknown) => string,
): string {
  const condition = before === null ? '' : ` AND id < ${value(before)}`;
  const newest = `ORDER BY id DESC LIMIT ${limit}`;
  const walks = sources.map((source) => `SELECT ${columns} ${source(value)}${condition} ${newest}`);
  const [only] = walks;
  if (only !== undefined && walks.length === 1) return only;
  return `SELECT ${columns} FROM (${walks.map((walk) => `(${walk})`).join(' UNION ALL ')}) AS merged ${newest}`;
}

/** Rows up to what lists count, in no order. */
function counted({ sources }: Pick<PageRequest, 'sources'>, value: (given: unknown) => string): string {
  const walks = sources.map((source) => `(SELECT id ${source(value)} LIMIT ${MAX_EXACT_TOTAL + 1})`);
  return `SELECT FROM (${walks.join(' UNION ALL ')}) AS merged LIMIT ${MAX_EXACT_TOTAL + 1}`;
}

function all(parts: readonly Part[], value: (given: unknown) => string): string {
  return parts.map((part) => `(${part(value)})`).join(' AND ');
}

/**
 * One statement, with its values where they stand in it.
 *
 * @throws TooBroadError when it takes longer than a statement may
 */
export function run<Row extends object>(db: Queryable, build: Part): Promise<Row[]> {
  const values: unknown[] = [];
  const text = build((given) => `$${values.push(given)}`);
  return query<Row & Record<string, unknown>>(db, text, values).catch((error: unknown) => {
    if (!isStatementTimeout(error)) throw error;
    const words = 'this search is too large for one call: name a lane or a status, or ask for fewer items';
    throw new TooBroadError(words, { cause: error });
  });
}

/** A condition that a text holds some words, whatever their case. */
export function holds(column: string, words: string): Part {
  const pattern = `%${words.replaceAll(/[\\%_]/g, '\\$&')}%`;
  return (value) => `${column} ILIKE ${value(pattern)}`;
}

/** The same for jsonb, whose text has quotes, backslashes and line breaks escaped. */
export function jsonHolds(column: string, words: string): Part {
  return holds(`${column}::text`, JSON.stringify(words).slice(1, -1));
}
