/** What waits for a person, by what can be decided about it. */

import { totals } from '../state/status.ts';

export const KINDS = ['AWAITING_APPROVAL', 'UNCONFIRMED', 'DLQ'] as const;
export type Kind = (typeof KINDS)[number];

export const KIND_TITLES: Readonly<Record<Kind, string>> = {
  AWAITING_APPROVAL: 'Approvals',
  UNCONFIRMED: 'Unconfirmed',
  DLQ: 'Dead letters',
};

/** The one that was named; without a name what waits, most urgent first. */
export function kindOf(named: string | null): Kind {
  const sums = totals.value;
  return KINDS.find((one) => one === named) ?? KINDS.find((one) => (sums[one] ?? 0) > 0) ?? 'AWAITING_APPROVAL';
}

/** Filters of the address that hold for all kinds. */
export const FILTERS = ['lane', 'account', 'type', 'createdBy'] as const;
export type DecisionFilter = Partial<Record<(typeof FILTERS)[number], string>>;
