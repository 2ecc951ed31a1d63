import type { AccountDescription } from '../../contracts/http/account.ts';
import { counted } from '../../contracts/words.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { Cell } from '../terminal/paint.ts';
import { table } from '../terminal/text.ts';

/** `aol accounts list|check|budget` */
export const registerAccounts: Register = (program, run) => {
  const accounts = program.command('accounts').description('on whose behalf effects are performed');

  accounts
    .command('list')
    .description('all accounts: whether each can act, its budget, when its token runs out')
    .action(() =>
      run(async ({ io, client, print }) => {
        const list = await (await client()).listAccounts();
        print(list, () => (list.items.length === 0 ? NONE : accountTable(list.items, io.color)));
        return undefined;
      }),
    );

  accounts
    .command('check [name]')
    .description(
      'look whether an account works, by a log-in that changes nothing; without a name: all. Exit status 1: one does not',
    )
    .action((name: string | undefined) =>
      run(async ({ io, client: connect, print }) => {
        const client = await connect();
        const known = name === undefined ? (await client.listAccounts()).items.filter(isCheckable) : [{ name }];
        const answers = await Promise.all(known.map((account) => client.checkAccount(account.name)));
        const late = answers.flatMap(({ checked, account }) => (checked ? [] : [account.name]));
        print({ items: answers }, () => {
          if (answers.length === 0) return NONE;
          const unchecked =
            late.length > 0 ? `\n\nnot checked, for no worker answered within 10 s: ${late.join(', ')}` : '';
          return `${accountTable(
            answers.map(({ account }) => account),
            io.color,
          )}${unchecked}`;
        });
        return answers.every(({ checked, account }) => checked && account.state === 'ready') ? undefined : 1;
      }),
    );

  accounts
    .command('budget <name>')
    .description('how many effects an account may have, or a host of webhooks (webhook:HOST); needs an admin')
    .option('--per-hour <n>', 'in an hour of UTC; default takes the number back')
    .option('--per-day <n>', 'in a day of UTC; default takes the number back')
    .action((name: string, options: { readonly perHour?: string; readonly perDay?: string }) =>
      run(async ({ io, client, print }) => {
        const [perHour, perDay] = [bound('--per-hour', options.perHour), bound('--per-day', options.perDay)];
        if (perHour === undefined && perDay === undefined) throw new UsageError('give --per-hour or --per-day');
        const asked = { ...(perHour !== undefined && { perHour }), ...(perDay !== undefined && { perDay }) };
        const account = await (await client()).setBudget(name, asked);
        print(account, () => accountTable([account], io.color));
        return undefined;
      }),
    );
};

const NONE = 'no worker has an account: aol.accounts.yaml names them, or the variables of a provider';

function isCheckable({ provider, configured }: AccountDescription): boolean {
  return configured && provider !== 'webhook';
}

function bound(option: string, given: string | undefined): number | null | undefined {
  if (given === undefined) return undefined;
  if (given === 'default') return null;
  if (/^\d{1,7}$/u.test(given)) return Number(given);
  throw new UsageError(`${option} must be a number, or default`);
}

function accountTable(items: readonly AccountDescription[], isColored: boolean): string {
  const rows = items.map((account) => [
    account.name,
    account.provider,
    account.identity,
    stateWord(account),
    budgetText(account.budget),
    account.tokenExpiresAt ?? '',
  ]);
  return table(['NAME', 'PROVIDER', 'SPEAKS AS', 'STATE', 'BUDGET', 'TOKEN UNTIL'], rows, isColored);
}

/** What has no bound is not counted. */
function budgetText({ perHour, usedThisHour, perDay, usedToday }: AccountDescription['budget']): string {
  const hour = perHour === null ? [] : [`${usedThisHour} of ${perHour} this hour`];
  const day = perDay === null ? [] : [`${usedToday} of ${perDay} today`];
  return [...hour, ...day].join(', ') || 'no bound';
}

function stateWord({ state, reason, until, configured, waiting }: AccountDescription): Cell {
  if (!configured) return { text: 'no worker has it any more', tone: 'proof' };
  const words = [state, reason, until && `until ${until}`, waiting > 0 && `${counted(waiting, 'action')} wait`];
  return { text: words.filter(Boolean).join(': '), tone: state === 'ready' ? 'real' : 'proof' };
}
