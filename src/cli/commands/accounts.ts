import { useText } from '../../contracts/budget-words.ts';
import type { AccountDescription } from '../../contracts/http/account.ts';
import { counted } from '../../contracts/words.ts';
import type { Register } from '../context.ts';
import type { Cell } from '../terminal/paint.ts';
import { table } from '../terminal/text.ts';
import { clock, when, withLocalTimes, zoned } from '../terminal/time.ts';

/** `aol accounts list|check` */
export const registerAccounts: Register = (program, run) => {
  const accounts = program.command('accounts').description('in whose name actions are sent');

  accounts
    .command('list')
    .description('list all accounts: state, budget, when the token expires')
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
      'check an account by a login that changes nothing; without a name, all. Exit status 1: one does not work',
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
};

const NONE = 'no worker has an account: aol.accounts.yaml names them, or the variables of a provider';

function isCheckable({ configured }: AccountDescription): boolean {
  return configured;
}

function accountTable(items: readonly AccountDescription[], isColored: boolean): string {
  const rows = items.map((account) => [
    account.name,
    account.provider,
    account.identity,
    stateWord(account),
    account.budgets.map(useText).join(', ') || 'no bound',
    account.tokenExpiresAt === null ? '' : clock(account.tokenExpiresAt),
  ]);
  return table(['NAME', 'PROVIDER', 'SPEAKS AS', 'STATE', 'BUDGET', zoned('TOKEN UNTIL')], rows, isColored);
}

function stateWord({ state, reason, until, configured, waiting, why }: AccountDescription): Cell {
  if (!configured) return { text: 'no worker has it any more', tone: 'proof' };
  const waits =
    waiting > 0 &&
    `${counted(waiting, 'action')} wait${reason === null && why !== null ? `: ${withLocalTimes(why)}` : ''}`;
  const words = [state, reason && withLocalTimes(reason), until && `until ${when(until)}`, waits];
  return { text: words.filter(Boolean).join(': '), tone: state === 'ready' ? 'real' : 'proof' };
}
