/** `aol_actions` as lists: filtered pages, what a lane's next tick would claim, what an action may be compared with. */

import { z } from 'zod';
import type { ActionListQuery } from '../../contracts/http/action.ts';
import { ACTION_STATUSES } from '../../domain/states.ts';
import { type ActionRow, SUMMARY_COLUMNS } from '../action-row.ts';
import { listLanes } from '../decide/flags.ts';
import { type Queryable, query } from '../pool.ts';
import { listByExpiry } from './approval-list.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { holds, jsonHolds, type Part, readPage } from './page.ts';

/** Rows that a page looks through for what no index finds: so many take about 20 ms. Long texts have a bound of time besides. */
const SIFT_BUDGET = 20_000;
const TEXT_BUDGET = 2_000;
/** Rows of each status that something to compare with is looked for in. */
const COMPARED_ROWS = 2_000;
/** One walk through the index for each lane and status; with more of them it is quicker to look at every row. */
const MAX_WALKS = 200;

export interface ActionPage {
  readonly rows: ActionRow[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly totalIsExact: boolean;
}

/**
 * Newest first, or by what runs out first. Ids are UUIDv7, so their order is the order of creation.
 *
 * @param lanes those that are looked through; absent: all, or the filter's
 */
export async function listActions(
  db: Queryable,
  filter: ActionListQuery,
  lanes: readonly string[] | undefined = filter.lane === undefined ? undefined : [filter.lane],
): Promise<ActionPage> {
  const { limit, cursor, q, fields, order } = filter;
  if (order === 'expires') return listByExpiry(db, filter, lanes);
  const { sources, sift } = await walks(db, filter, lanes);
  const { nextBefore, ...page } = await readPage<ActionRow>(db, {
    sources,
    sift: [...sift, ...siftOf(filter)],
    before: cursor === undefined ? null : decodeCursor(cursor, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    limit,
    budget: q === undefined ? SIFT_BUDGET : TEXT_BUDGET,
    readsText: q !== undefined,
    ...(fields === 'summary' && { columns: SUMMARY_COLUMNS }),
  });
  return { ...page, nextCursor: nextBefore === null ? null : encodeCursor(nextBefore) };
}

async function walks(
  db: Queryable,
  { status, q }: ActionListQuery,
  asked: readonly string[] | undefined,
): Promise<{ readonly sources: readonly Part[]; readonly sift: readonly Part[] }> {
  const id = z.uuid().safeParse(q);
  if (id.success) {
    const sift = [...(asked === undefined ? [] : [isLane(asked)]), ...(status === undefined ? [] : [isStatus(status)])];
    return { sources: [(value) => `FROM aol_actions WHERE id = ${value(id.data)}`], sift };
  }
  if (asked === undefined && status === undefined) return { sources: [() => 'FROM aol_actions WHERE true'], sift: [] };
  const lanes = asked ?? (await listLanes(db));
  const statuses = status ?? ACTION_STATUSES;
  if (lanes.length * statuses.length > MAX_WALKS) {
    const sift = [isStatus(statuses), ...(asked === undefined ? [] : [isLane(asked)])];
    return { sources: [() => 'FROM aol_actions WHERE true'], sift };
  }
  const walk = (oneLane: string, oneStatus: string) => (value: (given: unknown) => string) =>
    `FROM aol_actions WHERE lane = ${value(oneLane)} AND status = ${value(oneStatus)}`;
  return { sources: lanes.flatMap((oneLane) => statuses.map((oneStatus) => walk(oneLane, oneStatus))), sift: [] };
}

const isLane =
  (lanes: readonly string[]): Part =>
  (value) =>
    `lane = ANY (${value(lanes)}::text[])`;
const isStatus =
  (statuses: readonly string[]): Part =>
  (value) =>
    `status = ANY (${value(statuses)}::text[])`;

function siftOf({ type, mode, q }: ActionListQuery): Part[] {
  const sift: Part[] = [];
  if (type !== undefined) sift.push((value) => `type = ${value(type)}`);
  if (mode !== undefined) sift.push((value) => `mode = ${value(mode)}`);
  if (q !== undefined && !z.uuid().safeParse(q).success)
    sift.push(anyOf([keyBegins(q), jsonHolds('payload', q), holds('last_error', q)]));
  return sift;
}

const keyBegins =
  (text: string): Part =>
  (value) =>
    `starts_with(idempotency_key, ${value(text)})`;

function anyOf(parts: readonly Part[]): Part {
  return (value) => parts.map((part) => part(value)).join(' OR ');
}

/**
 * The newest other action of the same lane, type and account or target that was really sent or that a person approved: what an
 * action's content may be compared with. It looks through the newest rows of each status only.
 */
export async function findLastApproved(db: Queryable, action: ActionRow): Promise<ActionRow | null> {
  const [row] = await query<ActionRow>(
    db,
    `SELECT found.* FROM unnest($2::text[]) AS s (status) CROSS JOIN LATERAL (
       SELECT * FROM (
         SELECT * FROM aol_actions WHERE lane = $1 AND status = s.status ORDER BY id DESC LIMIT ${COMPARED_ROWS}) AS newest
       WHERE id <> $3 AND type = $4 AND mode = 'REAL' AND (status = 'SUCCESS' OR approval_by IS NOT NULL)
         AND (payload ->> 'platform', payload ->> 'service', payload ->> 'url', payload ->> 'to')
           IS NOT DISTINCT FROM ($5::jsonb ->> 'platform', $5::jsonb ->> 'service', $5::jsonb ->> 'url', $5::jsonb ->> 'to')
       ORDER BY id DESC LIMIT 1) AS found
     ORDER BY found.id DESC LIMIT 1`,
    [action.lane, ACTION_STATUSES, action.id, action.type, JSON.stringify(action.payload)],
  );
  return row ?? null;
}
