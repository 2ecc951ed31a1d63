/** `aol_actions` as lists: filtered pages. */

import { type ActionListQuery, DUE_STATUSES } from '../../contracts/http/action.ts';
import { ACTION_MODES, ACTION_STATUSES } from '../../domain/states.ts';
import { type ActionRow, SUMMARY_COLUMNS } from '../action-row.ts';
import { listLanes } from '../decide/flags.ts';
import type { Queryable } from '../pool.ts';
import { conditionsOf, firstIdOf, isId, isLane, isStatus } from './action-filter.ts';
import { listByExpiry } from './approval-list.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { listByDueTime } from './due-list.ts';
import { type Part, readPage } from './page.ts';

/** Rows that a page looks through for what no index finds: so many take about 20 ms. Long texts have a bound of time besides. */
const SIFT_BUDGET = 20_000;
const TEXT_BUDGET = 2_000;
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
  const conditions = await conditionsOf(db, filter, order === 'due' ? 'due' : undefined);
  if (order === 'expires') return listByExpiry(db, filter, lanes, conditions);
  if (order === 'due') {
    const walked = {
      lanes: lanes ?? (await listLanes(db)),
      modes: filter.mode === undefined ? ACTION_MODES : [filter.mode],
      statuses: filter.status ?? DUE_STATUSES,
    };
    return listByDueTime(db, filter, walked, conditions);
  }
  const { sources, sift } = await walks(db, filter, lanes);
  const { nextBefore, ...page } = await readPage<ActionRow>(db, {
    sources: sources.map((source) => withinIds(source, filter)),
    sift: [...sift, ...conditions],
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
  if (q !== undefined && isId(q)) {
    const sift = [...(asked === undefined ? [] : [isLane(asked)]), ...(status === undefined ? [] : [isStatus(status)])];
    return { sources: [(value) => `FROM aol_actions WHERE id = ${value(q)}`], sift };
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

/** Clocks of the processes that made the ids, and the database's, which wrote the times, are that close. */
const SKEW_MS = 10 * 60_000;

/** Ids begin with their time, so that what was made earlier or later is not walked through. */
function withinIds(source: Part, { createdFrom, createdTo }: ActionListQuery): Part {
  const bounds: readonly (readonly [string, string | undefined, number])[] = [
    ['>=', createdFrom, -SKEW_MS],
    ['<', createdTo, SKEW_MS],
  ];
  return (value) => {
    const within = bounds.flatMap(([compare, time, skewMs]) =>
      time === undefined ? [] : [` AND id ${compare} ${value(firstIdOf(new Date(Date.parse(time) + skewMs)))}::uuid`],
    );
    return `${source(value)}${within.join('')}`;
  };
}
