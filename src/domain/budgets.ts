/** Budgets: what an effect draws from, and what a limit may be of. */

/** `account`; `host`: of webhooks, which nobody's account sends; `type` of action; `domain`: that mail goes to. */
export const BUDGET_SCOPES = ['account', 'host', 'type', 'domain'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

/** By the clock of UTC. */
export const BUDGET_SPANS = ['hour', 'day', 'month'] as const;
export type BudgetSpan = (typeof BUDGET_SPANS)[number];

/** `microUsd`: millionths of a US dollar. */
export const BUDGET_UNITS = ['effects', 'microUsd'] as const;
export type BudgetUnit = (typeof BUDGET_UNITS)[number];

/** Stands for each name of a scope that has no number of its own. */
export const ALL_NAMES = '*';

/** What one effect takes of one budget. */
export interface Draw {
  readonly scope: BudgetScope;
  readonly name: string;
  /** Places: one; of a domain one for each recipient. */
  readonly effects: number;
  /** What it may cost at most; absent: nothing. */
  readonly microUsd?: number;
  /** It costs something, and nobody knows how much: a budget in money does not let it pass. */
  readonly unpriced?: true;
}

export interface BudgetLimit {
  readonly span: BudgetSpan;
  readonly unit: BudgetUnit;
  /** Null: none of its own. */
  readonly limit: number | null;
}

/** What a budget's number is called in an account's entry, and with dashes in the command line. */
export const LIMIT_NAMES = {
  perHour: { span: 'hour', unit: 'effects' },
  perDay: { span: 'day', unit: 'effects' },
  perMonth: { span: 'month', unit: 'effects' },
  usdPerHour: { span: 'hour', unit: 'microUsd' },
  usdPerDay: { span: 'day', unit: 'microUsd' },
  usdPerMonth: { span: 'month', unit: 'microUsd' },
} as const satisfies Record<string, Omit<BudgetLimit, 'limit'>>;
export type LimitName = keyof typeof LIMIT_NAMES;

/** Above what anybody sets: places, or a million dollars. */
export const MOST_EFFECTS = 1_000_000;
export const MOST_MICRO_USD = 1_000_000_000_000;

const MICRO = 1_000_000;

/** `2.5` and `0.000001` as millionths; undefined for what is no amount, or more exact than a millionth. */
export function microUsdIn(text: string): number | undefined {
  const parts = /^(\d{1,10})(?:\.(\d{1,6}))?$/u.exec(text.trim());
  if (!parts) return undefined;
  const amount = Number(parts[1]) * MICRO + Number((parts[2] ?? '').padEnd(6, '0'));
  return amount <= MOST_MICRO_USD ? amount : undefined;
}

/** What a receipt says that its attempt cost (`price.usd`); undefined where it says nothing. */
export function spentMicroUsd({ price }: Readonly<Record<string, unknown>>): number | undefined {
  if (typeof price !== 'object' || price === null || !('usd' in price)) return undefined;
  const { usd } = price;
  return typeof usd === 'number' && usd >= 0 && usd <= MOST_MICRO_USD / MICRO ? toMicroUsd(usd) : undefined;
}

/** Dollars as millionths, rounded up. */
export function toMicroUsd(usd: number): number {
  // What is no more than the error of binary fractions adds no millionth.
  return Math.ceil(Number((usd * MICRO).toFixed(3)));
}

/** `2.50 USD`, `0.000125 USD` */
export function usdText(microUsd: number): string {
  const [whole = '0', part = ''] = (microUsd / MICRO).toFixed(6).split('.');
  return `${whole}.${part.replace(/0{1,4}$/u, '')} USD`;
}

/** `1 effect`, `20 effects`, `2.50 USD` */
export function amountText(amount: number, unit: string): string {
  if (unit === 'microUsd') return usdText(amount);
  return amount === 1 ? '1 effect' : `${amount} effects`;
}
