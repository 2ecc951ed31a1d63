/** Limits and counters of budgets as they are kept. What counts is in `src/db/sql/budgets.sql`. */

import type { BudgetLimit, BudgetScope, BudgetSpan, BudgetUnit } from '../../domain/budgets.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';

export interface LimitInForce {
  readonly span: BudgetSpan;
  readonly unit: BudgetUnit;
  readonly most: number;
  readonly [column: string]: unknown;
}

export interface LimitsPut {
  readonly scope: BudgetScope;
  readonly name: string;
  readonly source: 'set' | 'entry';
  readonly limits: readonly BudgetLimit[];
  readonly actor: string;
  readonly reason?: string | undefined;
}

/** What holds for a name; for `*`: for each of the scope. */
export function limitsInForce(db: Queryable, scope: BudgetScope, name: string): Promise<LimitInForce[]> {
  return query<LimitInForce>(db, 'SELECT span, unit, most FROM aol_budget_limits($1, $2)', [scope, name]);
}

/**
 * Sets limits. They count what was drawn before them, as far as the log goes back.
 *
 * @param within runs in the same transaction, when they are set: what it throws takes them back. It is given what held before, which
 *   nobody else changes meanwhile
 */
export async function putLimits<Result>(
  db: Database,
  put: LimitsPut,
  within: (connection: Queryable, before: readonly LimitInForce[]) => Promise<Result>,
): Promise<Result> {
  const { scope, name, source, limits, actor, reason } = put;
  const counted = await countDrawn(db, put);
  return transaction(db, async (connection) => {
    await query(connection, 'SELECT FROM aol_lease ORDER BY lane FOR UPDATE');
    const before = await limitsInForce(connection, scope, name);
    await query(connection, 'SELECT aol_set_budgets($1, $2, $3, $4, $5, $6, $7, $8)', [
      scope,
      name,
      source,
      JSON.stringify(limits),
      actor,
      reason ?? null,
      JSON.stringify(counted.hours),
      counted.fromId,
    ]);
    return within(connection, before);
  });
}

interface Counted {
  readonly hours: readonly object[];
  /** The first row of the log that is not among them; null: none of the limits needs to count. */
  readonly fromId: number | null;
}

/** Rows of the log that one statement looks through. */
const ROWS_AT_ONCE = 200_000;
const LONGEST_FIRST: readonly BudgetSpan[] = ['month', 'day', 'hour'];

/**
 * What the log says of the present month, day or hour, without holding anybody up: all but the last minute, which may still be
 * written to. What had a limit before was counted all along.
 */
async function countDrawn(db: Database, { scope, name, limits }: LimitsPut): Promise<Counted> {
  const known = await limitsInForce(db, scope, name);
  const isNew = ({ span, unit, limit }: BudgetLimit) =>
    limit !== null && !known.some((one) => one.span === span && one.unit === unit);
  const span = LONGEST_FIRST.find((each) => limits.some((limit) => limit.span === each && isNew(limit)));
  if (span === undefined) return { hours: [], fromId: null };
  const [first] = await query<{ id: number }>(
    db,
    `SELECT aol_first_log_since(date_trunc($1, clock_timestamp(), 'UTC') - interval '1 minute') AS id`,
    [span],
  );
  const hours: object[] = [];
  let fromId = first?.id ?? 0;
  for (;;) {
    const [settled] = await query<{ id: number }>(
      db,
      `SELECT aol_first_log_since(clock_timestamp() - interval '1 minute') AS id`,
    );
    const endId = settled?.id ?? 0;
    const beforeId = Math.min(endId, fromId + ROWS_AT_ONCE);
    hours.push(
      ...(await query(db, 'SELECT name, hour, effects, micro_usd FROM aol_drawn_between($1, $2, $3, $4)', [
        scope,
        name,
        fromId,
        beforeId,
      ])),
    );
    fromId = beforeId;
    // What came meanwhile is little.
    if (fromId >= endId) return { hours, fromId };
  }
}

/** Counters of windows that are over. */
export async function forgetOldBudgetUse(db: Queryable): Promise<void> {
  await query(
    db,
    `DELETE FROM aol_budget_use WHERE aol_budget_ends(begins_at, span) < clock_timestamp() - interval '2 days'`,
  );
}

/** What waits for an account, or for a budget, is due at once. Answers its lanes. */
export async function releaseHeld(db: Queryable, scope: BudgetScope, name: string): Promise<string[]> {
  const rows = await query<{ lane: string }>(db, 'SELECT lane FROM aol_release_held($1, $2)', [scope, name]);
  return rows.map(({ lane }) => lane);
}
