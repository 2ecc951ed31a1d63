/** How many actions of each lane stand in each status. */

import { ACTION_STATUSES, type ActionStatus } from '../../domain/states.ts';
import { type Queryable, query } from '../pool.ts';
import { AdaptiveInterval } from '../queue/adaptive-interval.ts';

export interface CountRow {
  readonly lane: string;
  readonly status: ActionStatus;
  readonly count: number;
}

/** Counts all lanes, or one. */
export type Count = (db: Queryable, lane: string | undefined) => Promise<CountRow[]>;

/** Those that ended well or were cancelled grow without end. */
export const FINISHED_STATUSES = ['SUCCESS', 'CANCELLED'] as const satisfies readonly ActionStatus[];
const finished: ReadonlySet<ActionStatus> = new Set(FINISHED_STATUSES);
export const UNFINISHED_STATUSES: readonly ActionStatus[] = ACTION_STATUSES.filter((status) => !finished.has(status));

/** A count that takes no longer is made anew each time. */
const CHEAP_MS = 1;

/** Every action, counted now: as long as the table is. */
export const countExactly: Count = async (db, lane) =>
  (await Promise.all([countUnfinished(db, lane), countFinished(db, lane)])).flat();

/**
 * Counts for those who look again and again: what is not finished is counted anew each time. What is finished too, unless that
 * takes long: then it may be as old as twenty times what it takes, which is two seconds with a million of them.
 */
export function createCount(): Count {
  let last: CountRow[] = [];
  const interval = new AdaptiveInterval(CHEAP_MS);
  const recount = async (db: Queryable): Promise<CountRow[]> => {
    const startedMs = performance.now();
    last = await countFinished(db, undefined);
    interval.took(performance.now() - startedMs);
    return last;
  };
  return async (db, lane) => {
    const [unfinished, ended] = await Promise.all([countUnfinished(db, lane), interval.isTime ? recount(db) : last]);
    return [...unfinished, ...ended.filter((row) => lane === undefined || row.lane === lane)];
  };
}

/** Those whose status is not final; each count stops at a number, if one is given. */
export function countUnfinished(
  db: Queryable,
  lane: string | undefined,
  atMost: number | null = null,
): Promise<CountRow[]> {
  return query<{ lane: string; status: ActionStatus; count: number }>(
    db,
    'SELECT lane, status, count FROM aol_count_by_status($1, $2, $3)',
    [lane ?? null, UNFINISHED_STATUSES, atMost],
  );
}

function countFinished(db: Queryable, lane: string | undefined): Promise<CountRow[]> {
  return query<{ lane: string; status: ActionStatus; count: number }>(
    db,
    `SELECT lane, status, count(*) AS count FROM aol_actions
     WHERE status = ANY ($2::text[]) AND ($1::text IS NULL OR lane = $1) GROUP BY lane, status`,
    [lane ?? null, FINISHED_STATUSES],
  );
}
