/** What people decide about budgets. */

import type { BudgetPut } from '../../contracts/http/budget.ts';
import { ALL_NAMES, amountText, type BudgetLimit } from '../../domain/budgets.ts';
import { ForbiddenError, NotFoundError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { type LimitInForce, limitsInForce, putLimits, releaseHeld } from '../keep/budgets.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, query } from '../pool.ts';

/**
 * Sets what an hour, a day or a month may have. It counts what was sent before, holds from the next gate on, and what waits for it is
 * looked at again at once.
 *
 * @returns the lanes in which something waited
 * @throws NotFoundError for an account that there is not
 * @throws ForbiddenError when it lets more pass than before, and the caller may not
 */
export async function setBudget(
  db: Database,
  { scope, name, limits, reason }: BudgetPut,
  by: { readonly actor: string; readonly mayLoosen: boolean },
): Promise<string[]> {
  if (scope === 'account' && name !== ALL_NAMES) {
    const [known] = await query(db, 'SELECT FROM aol_accounts WHERE name = $1', [name]);
    if (!known) throw new NotFoundError(`there is no account ${name}`);
  }
  return putLimits(db, { scope, name, source: 'set', limits, actor: by.actor, reason }, async (connection, before) => {
    const after = await limitsInForce(connection, scope, name);
    const looser = limits.find((limit) => mostOf(after, limit) > mostOf(before, limit));
    if (looser && !by.mayLoosen) {
      const words = [mostOf(before, looser), mostOf(after, looser)].map((most) => boundText(most, looser));
      throw new ForbiddenError(
        `the budget of ${scope} ${name}: ${words.join(' → ')} raises the budget: this needs an admin`,
      );
    }
    const words = limits.map((limit) => boundText(mostOf(after, limit), limit)).join(', ');
    await appendLog(connection, {
      lane: ALL_LANES,
      event: 'ACCOUNT_CHANGED',
      level: 'WARNING',
      actor: by.actor,
      message: `budget of ${scope} ${name}: ${words}${reason ? `: ${reason}` : ''}`,
      detail: { scope, name, limits, reason: reason ?? null },
    });
    return releaseHeld(connection, scope, name);
  });
}

function mostOf(limits: readonly LimitInForce[], { span, unit }: BudgetLimit): number {
  return limits.find((limit) => limit.span === span && limit.unit === unit)?.most ?? Number.POSITIVE_INFINITY;
}

function boundText(most: number, { span, unit }: BudgetLimit): string {
  return `${Number.isFinite(most) ? amountText(most, unit) : 'no bound'} in ${span === 'hour' ? 'an' : 'a'} ${span}`;
}
