/** Budgets as people see them: what holds, what is used of it, who waits. */

import type { Budget } from '../../contracts/http/budget.ts';
import { ALL_NAMES, type BudgetScope } from '../../domain/budgets.ts';
import { type Queryable, query } from '../pool.ts';

export interface ListedBudgets {
  readonly items: Budget[];
  readonly isWhole: boolean;
}

interface Row extends Omit<Budget, 'resetsAt' | 'setBy'> {
  readonly resets_at: Date;
  readonly set_by: string | null;
  readonly [column: string]: unknown;
}

/** Recipients' domains are as many as there are; nobody reads more than this. */
const MOST_LISTED = 1_000;

/**
 * Every budget that was set, those of accounts, and of what is set for all names those that something was drawn from. By their names;
 * what is set for all goes first.
 *
 * @param lanes those in which what waits is counted; undefined is all
 */
export async function listBudgets(
  db: Queryable,
  { scope, name }: { readonly scope?: BudgetScope | undefined; readonly name?: string | undefined },
  lanes?: readonly string[],
): Promise<ListedBudgets> {
  const rows = await query<Row>(db, LIST, [scope ?? null, name ?? null, lanes ?? null]);
  const items = rows.slice(0, MOST_LISTED).map(({ resets_at, set_by, ...row }): Budget => {
    const { scope: of, name: whose, span, unit, limit, used, source, waiting } = row;
    const times = { resetsAt: resets_at.toISOString(), setBy: set_by };
    return { scope: of, name: whose, span, unit, limit, used, source, waiting, ...times };
  });
  return { items, isWhole: rows.length <= MOST_LISTED };
}

const LIST = `
  WITH present AS (
    SELECT u.* FROM aol_budget_use u WHERE u.begins_at = date_trunc(u.span, clock_timestamp(), 'UTC')
      AND ($1::text IS NULL OR u.scope = $1) AND ($2::text IS NULL OR u.name = $2 OR $2 = '${ALL_NAMES}')),
  named AS (
    SELECT scope, name FROM aol_budgets UNION SELECT 'account', name FROM aol_accounts
    UNION SELECT scope, name FROM present WHERE used > 0
    UNION SELECT $1, $2 WHERE $1 IS NOT NULL AND $2 IS NOT NULL),
  listed AS (
    SELECT n.scope, n.name, l.span, l.unit, l.most AS "limit", l.source, l.set_by,
      date_trunc(l.span, clock_timestamp(), 'UTC') AS begins_at
    FROM named n, LATERAL aol_budget_limits(n.scope, n.name) AS l
    WHERE ($1 IS NULL OR n.scope = $1) AND ($2 IS NULL OR n.name = $2)
    ORDER BY n.scope, n.name <> '${ALL_NAMES}', n.name, l.unit, array_position('{hour,day,month}'::text[], l.span) LIMIT ${MOST_LISTED + 1})
  SELECT b.scope, b.name, b.span, b.unit, b."limit", b.source, b.set_by, aol_budget_ends(b.begins_at, b.span) AS resets_at,
    coalesce((SELECT max(p.used) FROM present p
      WHERE p.scope = b.scope AND p.span = b.span AND p.unit = b.unit AND (p.name = b.name OR (b.name = '${ALL_NAMES}' AND NOT EXISTS (
        SELECT FROM aol_budgets own WHERE (own.scope, own.name, own.span, own.unit) = (p.scope, p.name, p.span, p.unit))))), 0) AS used,
    (SELECT count(*) FROM aol_actions w WHERE w.held_by = aol_budget_key(b.scope, b.name) AND w.status = 'PENDING'
      AND ($3::text[] IS NULL OR w.lane = ANY ($3)))::integer AS waiting
  FROM listed b
  ORDER BY b.scope, b.name <> '${ALL_NAMES}', b.name, b.unit, array_position('{hour,day,month}'::text[], b.span)`;
