/** What waits for its time, in the order in which it is due. */

import type { ActionListQuery } from '../../contracts/http/action.ts';
import { MAX_EXACT_TOTAL } from '../../domain/limits.ts';
import { type ActionRow, SUMMARY_COLUMNS } from '../action-row.ts';
import type { Queryable } from '../pool.ts';
import type { ActionPage } from './action-list.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { cappedTotal, type Part, run } from './page.ts';

const CURSOR = /^(-?\d{1,17})\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Which rows are walked through: each by an index that has them in this order. */
interface Walked {
  readonly lanes: readonly string[];
  readonly modes: readonly string[];
  readonly statuses: readonly string[];
}

/**
 * Keyset pages. What is PENDING is walked along the index of the claim order, one walk for each lane, mode and priority, of which there
 * are few; what is claimed before it is due, to be shown to a person, and what waits for approval along indexes of their own. Conditions
 * call the time `due`.
 *
 * @throws InvalidRequestError when the cursor is not one of these pages
 */
export async function listByDueTime(
  db: Queryable,
  { cursor, limit, fields }: Pick<ActionListQuery, 'cursor' | 'limit' | 'fields'>,
  walked: Walked,
  conditions: readonly Part[],
): Promise<ActionPage> {
  const [, micros, afterId] = cursor === undefined ? [] : (CURSOR.exec(decodeCursor(cursor, CURSOR)) ?? []);
  const follows: Part = (value) =>
    micros === undefined
      ? 'true'
      : `(a.due, a.id) > ('epoch'::timestamptz + ${value(micros)}::bigint * interval '1 microsecond', ${value(afterId)}::uuid)`;
  const [rows, [count]] = await Promise.all([
    run<ActionRow & { micros: string }>(
      db,
      (value) => `SELECT ${fields === 'summary' ? SUMMARY_COLUMNS : 'aol_actions.*'}, micros FROM (
           SELECT id, (extract(epoch FROM due) * 1000000)::bigint::text AS micros, row_number() OVER (ORDER BY due, id) AS place
           FROM (${walks(walked, [...conditions, follows], limit + 1, value)}) AS w ORDER BY due, id LIMIT ${limit + 1}) AS due
         JOIN aol_actions USING (id) ORDER BY place`,
    ),
    run<{ total: number }>(
      db,
      (value) => `SELECT count(*) AS total FROM (${walks(walked, conditions, MAX_EXACT_TOTAL + 1, value)}) AS w`,
    ),
  ]);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    rows: page,
    nextCursor: last ? encodeCursor(`${last.micros}/${last.id}`) : null,
    ...cappedTotal(count?.total ?? 0),
  };
}

const actionsBy = (column: 'due_at' | 'run_at') => `(SELECT *, ${column} AS due FROM aol_actions) AS a`;

function walks(
  { lanes, modes, statuses }: Walked,
  conditions: readonly Part[],
  limit: number,
  value: (given: unknown) => string,
): string {
  const of = () => `unnest(${value(lanes)}::text[]) AS l (lane)`;
  const first = () => {
    const where = conditions.map((condition) => ` AND (${condition(value)})`).join('');
    return `${where} ORDER BY a.due, a.id LIMIT ${limit}`;
  };
  // A value that no statement names would have no type: each walk names its own.
  const pending = () => `SELECT due.* FROM ${of()} CROSS JOIN unnest(${value(modes)}::text[]) AS m (mode)
    CROSS JOIN aol_waiting_priorities(l.lane, m.mode) AS p (priority) CROSS JOIN LATERAL (
      SELECT a.id, a.due FROM ${actionsBy('run_at')}
      WHERE a.lane = l.lane AND a.mode = m.mode AND a.priority = p.priority AND a.status = 'PENDING' AND a.run_at >= a.due_at${first()}) AS due`;
  const shownAhead = () => `SELECT due.* FROM ${of()} CROSS JOIN LATERAL (
      SELECT a.id, a.due FROM ${actionsBy('due_at')} WHERE a.lane = l.lane AND a.mode = ANY (${value(modes)}::text[])
        AND a.status = 'PENDING' AND a.run_at < a.due_at${first()}) AS due`;
  const awaiting = () => `SELECT due.* FROM ${of()} CROSS JOIN LATERAL (
      SELECT a.id, a.due FROM ${actionsBy('run_at')} WHERE a.lane = l.lane AND a.status = 'AWAITING_APPROVAL'${first()}) AS due`;
  return [
    ...(statuses.includes('PENDING') ? [pending(), shownAhead()] : []),
    ...(statuses.includes('AWAITING_APPROVAL') ? [awaiting()] : []),
  ].join(' UNION ALL ');
}
