/** Budgets in words: the same in the terminal and in the dashboard. */

import { usdText } from '../domain/budgets.ts';
import type { Budget } from './http/budget.ts';
import { count, counted } from './words.ts';

type Spent = Pick<Budget, 'span' | 'unit' | 'limit' | 'used' | 'resetsAt'>;

const PRESENT: Readonly<Record<string, string>> = { hour: 'this hour', day: 'today', month: 'this month' };

/** `20 effects in an hour`, `2.50 USD in a day` */
export function limitText({ span, unit, limit }: Pick<Budget, 'span' | 'unit' | 'limit'>): string {
  return `${unit === 'microUsd' ? usdText(limit) : counted(limit, 'effect')} in ${span === 'hour' ? 'an' : 'a'} ${span}`;
}

/** `3 of 20 this hour`, `0.20 of 2.50 USD today` */
export function useText({ span, unit, limit, used }: Spent): string {
  const words =
    unit === 'microUsd'
      ? `${usdText(used).replace(' USD', '')} of ${usdText(limit)}`
      : `${count(used)} of ${count(limit)}`;
  return `${words} ${PRESENT[span] ?? `this ${span}`}`;
}

/** `its budget of 20 effects in an hour is used up; there is room again at 2026-11-28T23:00:00.000Z` */
export function spentText(budget: Spent): string {
  const again = budget.limit === 0 ? 'it lets nothing pass' : `there is room again at ${budget.resetsAt}`;
  return `its budget of ${limitText(budget)} is used up; ${again}`;
}

/** `account brand`, `mail to example.com`, `each host` */
export function budgetName({ scope, name }: Pick<Budget, 'scope' | 'name'>): string {
  if (name === '*') return `each ${scope === 'domain' ? 'domain of a recipient' : scope}`;
  return scope === 'domain' ? `mail to ${name}` : `${scope} ${name}`;
}
