import { Option } from 'commander';
import { useText } from '../../contracts/budget-words.ts';
import type { Budget } from '../../contracts/http/budget.ts';
import { age, knownWord } from '../../contracts/words.ts';
import {
  BUDGET_SCOPES,
  type BudgetLimit,
  type BudgetScope,
  type BudgetUnit,
  LIMIT_NAMES,
  type LimitName,
  microUsdIn,
} from '../../domain/budgets.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { Cell } from '../terminal/paint.ts';
import { table } from '../terminal/text.ts';

type SetOptions = Readonly<Partial<Record<LimitName, string>>> & { readonly reason?: string };

/** `aol budgets list|set` */
export const registerBudgets: Register = (program, run) => {
  const budgets = program.command('budgets').description('how much may be sent in an hour, a day or a month');

  budgets
    .command('list')
    .description('list budgets with their use, their reset time and what waits for them')
    .addOption(new Option('--scope <scope>', 'only of these').choices(BUDGET_SCOPES))
    .option('--name <name>', 'only budgets of this name')
    .action((of: { readonly scope?: BudgetScope; readonly name?: string }) =>
      run(async ({ io, client, print }) => {
        const list = await (await client()).listBudgets(of);
        print(list, () => (list.items.length === 0 ? NONE : budgetTable(list.items, io.color)));
        return undefined;
      }),
    );

  const set = budgets
    .command('set')
    .description('set the numbers of a budget; default removes one. Only an admin can raise it')
    .argument(
      '<budget>',
      'account:NAME, host:NAME, type:NAME, or domain:NAME of mail receivers; * for every name without its own budget',
    );
  for (const [name, words] of Object.entries(OPTIONS)) {
    set.option(`--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)} <n>`, words);
  }
  set.option('--reason <text>', 'for the log').action((budget: string, { reason, ...options }: SetOptions) =>
    run(async ({ io, client, print }) => {
      const { scope, name } = budgetIn(budget);
      const limits = Object.entries(LIMIT_NAMES).flatMap(([option, kind]): BudgetLimit[] => {
        const given = Object.entries(options).find(([known]) => known === option)?.[1];
        return given === undefined ? [] : [{ ...kind, limit: limitIn(option, kind.unit, given) }];
      });
      if (limits.length === 0) throw new UsageError('give a number: --per-hour, --per-day, --usd-per-day');
      const list = await (await client()).setBudget({ scope, name, limits, ...(reason !== undefined && { reason }) });
      print(list, () =>
        list.items.length === 0 ? `${scope} ${name} has no bound` : budgetTable(list.items, io.color),
      );
      return undefined;
    }),
  );
};

const OPTIONS: Readonly<Record<LimitName, string>> = {
  perHour: 'effects in an hour of UTC',
  perDay: 'effects in a day',
  perMonth: 'effects in a month',
  usdPerHour: 'US dollars in an hour: 2.50',
  usdPerDay: 'US dollars in a day',
  usdPerMonth: 'US dollars in a month',
};

const NONE = 'there is no budget, and no account';

function budgetIn(text: string): { readonly scope: BudgetScope; readonly name: string } {
  const at = text.indexOf(':');
  const scope = knownWord(BUDGET_SCOPES, text.slice(0, Math.max(0, at)));
  if (scope !== undefined) return { scope, name: text.slice(at + 1) };
  throw new UsageError(`the name of a budget must be like ${BUDGET_SCOPES.map((known) => `${known}:NAME`).join(', ')}`);
}

function limitIn(option: string, unit: BudgetUnit, given: string): number | null {
  if (given === 'default') return null;
  const limit = unit === 'microUsd' ? microUsdIn(given) : /^\d{1,7}$/u.test(given) ? Number(given) : undefined;
  if (limit !== undefined) return limit;
  throw new UsageError(`${option} must be ${unit === 'microUsd' ? 'an amount such as 2.50' : 'a number'}, or default`);
}

const SOURCES: Readonly<Record<string, string>> = {
  entry: 'its entry',
  all: 'what is set for *',
  default: 'the default',
};

function budgetTable(items: readonly Budget[], isColored: boolean): string {
  const rows = items.map((budget): Cell[] => {
    const { scope, name, used, limit, resetsAt, source, setBy, waiting } = budget;
    return [
      scope,
      name,
      used >= limit ? { text: `${useText(budget)}: used up`, tone: 'bad' } : useText(budget),
      age(Date.parse(resetsAt) - Date.now()),
      source === 'set' ? (setBy ?? '') : (SOURCES[source] ?? source),
      String(waiting),
    ];
  });
  return table(['OF', 'NAME', 'USED', 'BEGINS ANEW IN', 'SET BY', 'WAITING'], rows, isColored);
}
