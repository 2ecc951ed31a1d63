/** Decisions about many actions: dead letters are replayed or cleared, what waits is cancelled. By ids, or by a filter. */

import type { CancelManyRequest } from '../../contracts/http/bulk.ts';
import type { DlqFilter } from '../../contracts/http/decisions.ts';
import { MAX_BULK_DECISIONS } from '../../domain/limits.ts';
import { type Scope, UNBOUND } from '../../domain/scope.ts';
import type { ActionStatus } from '../../domain/states.ts';
import { conditionsOf, isLane, isStatus, speaksAs } from '../look/action-filter.ts';
import { type Part, run } from '../look/page.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { CLEAR, type DecidedBy, type Decision, decide, REPLAY } from './decisions.ts';
import { listLanes, requireLane } from './flags.ts';

/** Not what was sent or may have been: of what may have been one is asked to stop, by itself. */
const CANCEL: Decision = {
  from: ['PENDING', 'AWAITING_APPROVAL'],
  condition: `NOT (mode = 'REAL' AND attempts + attempts_before > 0 AND aol_sent(id) IS NOT NULL)`,
  set: `status = 'CANCELLED', finished_at = clock_timestamp()`,
  event: 'CANCELLED',
  message: 'cancelled',
  verb: 'cancelled',
};

/** Which actions: these, or those that fit. */
export type Selection<Filter> = { readonly ids: readonly string[] } | { readonly filter: Filter };
export type DlqSelection = Selection<DlqFilter>;
export type CancelFilter = NonNullable<CancelManyRequest['filter']>;

export interface ManyOptions extends DecidedBy {
  /** The lanes and types that the caller may touch; absent: all. */
  readonly scope?: Scope;
  /** Only count. */
  readonly dryRun?: boolean | undefined;
}

export interface ManyResult {
  readonly dryRun: boolean;
  /** Those that fitted when the call began. */
  readonly matched: number;
  readonly changed: number;
  /** What fitted beyond the limit of one call. */
  readonly remaining: number;
  readonly refused: readonly { readonly id: string; readonly currentStatus: ActionStatus | null }[];
  /** The database's time when the call began. */
  readonly asOf: Date;
  /** Lanes of what was changed. */
  readonly lanes: readonly string[];
}

/** Replays at most 1,000 dead letters, each by the rules of `replayAction`. */
export async function replayMany(db: Database, selection: DlqSelection, options: ManyOptions): Promise<ManyResult> {
  return decideMany(db, REPLAY, { ...selection, where: await deadLetters(db, selection) }, options);
}

/** Clears at most 1,000 dead letters, each by the rules of `clearAction`. */
export async function clearMany(db: Database, selection: DlqSelection, options: ManyOptions): Promise<ManyResult> {
  return decideMany(db, CLEAR, { ...selection, where: await deadLetters(db, selection) }, options);
}

/**
 * Cancels at most 1,000 actions that are PENDING or AWAITING_APPROVAL. What may have been sent is left.
 *
 * @param options with `onlyOwn` only what the same actor queued
 */
export async function cancelMany(
  db: Database,
  selection: Selection<CancelFilter>,
  { onlyOwn, ...options }: ManyOptions & { readonly onlyOwn?: boolean },
): Promise<ManyResult> {
  const own: Part[] = onlyOwn ? [(value) => `created_by = ${value(options.actor)}`] : [];
  const where = [...(await waiting(db, selection)), ...own];
  return decideMany(db, CANCEL, { ...selection, where }, options);
}

async function deadLetters(db: Queryable, selection: DlqSelection): Promise<Part[]> {
  if ('ids' in selection) return [hasId(selection.ids)];
  const { lane, type, dlqReason, before, account, cause } = selection.filter;
  const parts: Part[] = [isLane(await lanesOf(db, lane))];
  if (type !== undefined) parts.push((value) => `type = ${value(type)}`);
  if (dlqReason !== undefined) parts.push((value) => `dlq_reason = ${value(dlqReason)}`);
  if (before !== undefined) parts.push((value) => `updated_at < ${value(before)}::timestamptz`);
  if (account !== undefined) parts.push(await speaksAs(db, account));
  if (cause !== undefined) parts.push((value) => `aol_cause(last_error) = ${value(cause)}`);
  return parts;
}

async function waiting(db: Queryable, selection: Selection<CancelFilter>): Promise<Part[]> {
  if ('ids' in selection) return [hasId(selection.ids)];
  const { lane, status, q, ...filter } = selection.filter;
  return [
    isLane(await lanesOf(db, lane)),
    ...(status === undefined ? [] : [isStatus([status].flat())]),
    ...(await conditionsOf(db, { ...filter, q })),
  ];
}

/** The lanes are named so that the index by lane and status is used. */
async function lanesOf(db: Queryable, lane: string | undefined): Promise<readonly string[]> {
  if (lane === undefined) return listLanes(db);
  await requireLane(db, lane);
  return [lane];
}

function hasId(ids: readonly string[]): Part {
  return (value) => `id = ANY (${value(ids)}::uuid[])`;
}

/** All of it, or nothing: what was decided is always told. */
async function decideMany(
  db: Database,
  decision: Decision,
  selection: { readonly ids?: readonly string[]; readonly where: readonly Part[] },
  { dryRun = false, scope = UNBOUND, ...by }: ManyOptions,
): Promise<ManyResult> {
  const where = all([...selection.where, ...within(scope)]);
  const { matched, asOf } = await count(db, decision, where);
  const { changed, refused } = await transaction(db, async (connection) => {
    const rows = dryRun
      ? []
      : await decide<{ id: string; lane: string }>(connection, decision, by, {
          columns: 'id, lane',
          limit: MAX_BULK_DECISIONS,
          where,
        });
    const done = dryRun ? undefined : new Set(rows.map((row) => row.id));
    const left = selection.ids ? await refusedOf(connection, decision, selection.ids, { done, scope }) : [];
    return { changed: rows, refused: left };
  });
  return {
    dryRun,
    matched,
    changed: changed.length,
    remaining: selection.ids ? 0 : Math.max(0, matched - changed.length),
    refused,
    asOf,
    lanes: [...new Set(changed.map((row) => row.lane))].sort(),
  };
}

function all(parts: readonly Part[]): Part {
  return (value) => parts.map((part) => `(${part(value)})`).join(' AND ');
}

function within({ lanes, types }: Scope): Part[] {
  return [
    ...(lanes === null ? [] : [isLane(lanes)]),
    ...(types === null ? [] : [(value: (given: unknown) => string) => `type = ANY (${value(types)}::text[])`]),
  ];
}

async function count(
  db: Queryable,
  { from, condition = 'true' }: Decision,
  where: Part,
): Promise<{ readonly matched: number; readonly asOf: Date }> {
  const [row] = await run<{ matched: number; as_of: Date }>(
    db,
    // Times go out in milliseconds: rounded up, so that what is there now lies before it.
    (
      value,
    ) => `SELECT count(*) AS matched, date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond' AS as_of
     FROM aol_actions WHERE status = ANY (${value(from)}::text[]) AND ${condition} AND ${where(value)}`,
  );
  if (!row) throw new Error('a count answered nothing');
  return { matched: row.matched, asOf: row.as_of };
}

/** Those of the ids that were not decided, or of a dry run would not be. */
async function refusedOf(
  db: Queryable,
  { from, condition = 'true' }: Decision,
  ids: readonly string[],
  { done, scope }: { readonly done: ReadonlySet<string> | undefined; readonly scope: Scope },
): Promise<ManyResult['refused']> {
  const rows = await query<{ id: string; status: ActionStatus; fits: boolean }>(
    db,
    `SELECT id, status, status = ANY ($4::text[]) AND ${condition} AS fits FROM aol_actions
     WHERE id = ANY ($1::uuid[]) AND ($2::text[] IS NULL OR lane = ANY ($2)) AND ($3::text[] IS NULL OR type = ANY ($3))`,
    [ids, scope.lanes, scope.types, from],
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  const isLeft = (id: string) => (done ? !done.has(id) : !found.get(id)?.fits);
  return [...new Set(ids)].filter(isLeft).map((id) => ({ id, currentStatus: found.get(id)?.status ?? null }));
}
