/** What waits for approval, in the order in which it runs out. */

import type { ActionListQuery } from '../../contracts/http/action.ts';
import { MAX_EXACT_TOTAL } from '../../domain/limits.ts';
import { type ActionRow, SUMMARY_COLUMNS } from '../action-row.ts';
import type { Queryable } from '../pool.ts';
import { isLane } from './action-filter.ts';
import type { ActionPage } from './action-list.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { cappedTotal, type Part, run } from './page.ts';

const CURSOR = /^(\d{1,16}|never)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Keyset pages along the index of what runs out; what never does comes last.
 *
 * @param lanes those that are looked through; absent: all
 * @throws InvalidRequestError when the cursor is not one of these pages
 */
export async function listByExpiry(
  db: Queryable,
  { cursor, limit, fields }: ActionListQuery,
  lanes: readonly string[] | undefined,
  conditions: readonly Part[],
): Promise<ActionPage> {
  const [, after = null, afterId = null] =
    cursor === undefined ? [] : (CURSOR.exec(decodeCursor(cursor, CURSOR)) ?? []);
  const waits: Part = (value) =>
    [
      "status = 'AWAITING_APPROVAL'",
      ...[...conditions, ...(lanes ? [isLane(lanes)] : [])].map((one) => `(${one(value)})`),
    ].join(' AND ');
  const follows: Part = (value) => {
    if (after === null) return 'true';
    if (after === 'never') return `approval_expires_at IS NULL AND id > ${value(afterId)}::uuid`;
    const time = `'epoch'::timestamptz + ${value(after)}::bigint * interval '1 microsecond'`;
    return `(approval_expires_at IS NULL OR (approval_expires_at, id) > (${time}, ${value(afterId)}::uuid))`;
  };
  const [rows, [count]] = await Promise.all([
    run<ActionRow & { expires: string }>(
      db,
      (value) => `SELECT ${fields === 'summary' ? SUMMARY_COLUMNS : '*'},
         coalesce((extract(epoch FROM approval_expires_at) * 1000000)::bigint::text, 'never') AS expires
       FROM aol_actions WHERE ${waits(value)} AND ${follows(value)}
       ORDER BY approval_expires_at, id LIMIT ${limit + 1}`,
    ),
    run<{ total: number }>(
      db,
      (value) =>
        `SELECT count(*) AS total FROM (SELECT FROM aol_actions WHERE ${waits(value)} LIMIT ${MAX_EXACT_TOTAL + 1}) AS t`,
    ),
  ]);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    rows: page,
    nextCursor: last ? encodeCursor(`${last.expires}/${last.id}`) : null,
    ...cappedTotal(count?.total ?? 0),
  };
}
