/** What waits for approval, in the order in which it runs out. */

import type { ActionListQuery } from '../../contracts/http/action.ts';
import { MAX_EXACT_TOTAL } from '../../domain/limits.ts';
import { type ActionRow, SUMMARY_COLUMNS } from '../action-row.ts';
import { type Queryable, query } from '../pool.ts';
import type { ActionPage } from './action-list.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { cappedTotal } from './page.ts';

const CURSOR = /^(\d{1,16}|never)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Keyset pages along the index of what runs out; what never does comes last.
 *
 * @param lanes those that are looked through; absent: all
 * @throws InvalidRequestError when the cursor is not one of these pages
 */
export async function listByExpiry(
  db: Queryable,
  { type, mode, cursor, limit, fields }: ActionListQuery,
  lanes: readonly string[] | undefined,
): Promise<ActionPage> {
  const [, after = null, afterId = null] =
    cursor === undefined ? [] : (CURSOR.exec(decodeCursor(cursor, CURSOR)) ?? []);
  const waits = `status = 'AWAITING_APPROVAL' AND ($1::text[] IS NULL OR lane = ANY ($1)) AND ($2::text IS NULL OR type = $2) AND ($3::text IS NULL OR mode = $3)`;
  const filters = [lanes ?? null, type ?? null, mode ?? null];
  const [rows, [count]] = await Promise.all([
    query<ActionRow & { expires: string }>(
      db,
      `SELECT ${fields === 'summary' ? SUMMARY_COLUMNS : '*'}, coalesce((extract(epoch FROM approval_expires_at) * 1000000)::bigint::text, 'never') AS expires
       FROM aol_actions
       WHERE ${waits} AND CASE
         WHEN $4::text IS NULL THEN true
         WHEN $4 = 'never' THEN approval_expires_at IS NULL AND id > $5::uuid
         ELSE approval_expires_at IS NULL
           OR (approval_expires_at, id) > ('epoch'::timestamptz + $4::bigint * interval '1 microsecond', $5) END
       ORDER BY approval_expires_at, id LIMIT ${limit + 1}`,
      [...filters, after, afterId],
    ),
    query<{ total: number }>(
      db,
      `SELECT count(*) AS total FROM (SELECT FROM aol_actions WHERE ${waits} LIMIT ${MAX_EXACT_TOTAL + 1}) AS t`,
      filters,
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
