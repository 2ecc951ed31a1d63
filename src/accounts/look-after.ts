/** What a worker does for its accounts while it runs: says that it has them, and checks those that somebody asks about. */

import type { AccountCheck } from '../adapters/provider.ts';
import { type AccountRow, publishAccounts, readAccountRows, setAccountState } from '../db/keep/accounts.ts';
import { forgetOldBudgetUse } from '../db/keep/budgets.ts';
import { AccountOnHoldError, errorText } from '../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS } from '../domain/limits.ts';
import type { AccountBook, AccountPorts } from './accounts.ts';
import type { ConfiguredAccount } from './entries.ts';

const DYING_MS = 7 * 24 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;

export interface AccountKeeper {
  /** One look: publishes what is not known yet, checks what somebody asks about, and tells of tokens that die soon. */
  look(): Promise<void>;
}

export function createAccountKeeper(
  configured: readonly ConfiguredAccount[],
  book: AccountBook,
  ports: AccountPorts & { readonly onDying: (account: string, expiresAt: Date) => void },
): AccountKeeper {
  const names = configured.map(({ key }) => key);
  const told = new Map<string, number>();
  let isPublished = false;
  let forgotAtMs = Number.NEGATIVE_INFINITY;

  const publish = async () => {
    await publishAccounts(
      ports.db,
      ports.worker,
      configured.map(({ key, provider, identity, server, settings, budget }) => ({
        name: key,
        provider: provider.name,
        identity,
        server,
        settings,
        limits: budget,
      })),
    );
    isPublished = true;
  };

  const tellOfDeath = ({ name, token_expires_at: expiresAt, now }: AccountRow, account: ConfiguredAccount) => {
    // What is renewed by itself dies all the time.
    if (account.provider.logIn || !expiresAt || told.get(name) === expiresAt.getTime()) return;
    if (expiresAt.getTime() - now.getTime() > DYING_MS) return;
    told.set(name, expiresAt.getTime());
    ports.onDying(name, expiresAt);
  };

  return {
    async look() {
      if (!isPublished) await publish();
      if (performance.now() - forgotAtMs > FORGET_EVERY_MS) {
        await forgetOldBudgetUse(ports.db);
        forgotAtMs = performance.now();
      }
      if (names.length === 0) return;
      const rows = new Map((await readAccountRows(ports.db, names)).map((row) => [row.name, row]));
      if ([...rows.values()].some((row) => !row.is_configured) || rows.size < names.length) isPublished = false;
      for (const account of configured) {
        const row = rows.get(account.key);
        if (!row) continue;
        book.setFacts(account.key, row.facts);
        tellOfDeath(row, account);
        if (row.is_check_due) await checkAccount(account, row, book, ports);
      }
    },
  };
}

/** A read-only log-in, and what it says is kept. Two at once do no harm. */
async function checkAccount(
  account: ConfiguredAccount,
  row: AccountRow,
  book: AccountBook,
  ports: AccountPorts,
): Promise<void> {
  const said = await ask(account, book);
  const scrub = ports.scrubber.scrub;
  const to = (): Parameters<typeof setAccountState>[3] => {
    if (said.kind === 'ready') {
      const facts = { ...said.facts, identity: said.identity };
      const tokenExpiresAt = account.provider.logIn ? undefined : (said.expiresAt ?? null);
      return { state: 'ready', checked: { facts, tokenExpiresAt } };
    }
    const reason = scrub(said.reason);
    if (said.kind !== 'unreachable') return { state: said.kind, reason, checked: {} };
    const { state, until } = row;
    const words = `it could not be reached: ${reason}`.slice(0, 2_000);
    return { state, reason: words, until: until ?? undefined, checked: {} };
  };
  for (const lane of await setAccountState(ports.db, account.key, ports.worker, to())) ports.wake(lane);
}

async function ask(account: ConfiguredAccount, book: AccountBook): Promise<AccountCheck> {
  try {
    const secrets = account.secrets();
    const { credential } = await book.credential(account, { byPerson: true });
    const signal = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
    const exchange = book.exchangeOf(account);
    return await account.provider.check({ settings: account.settings, secrets, credential, exchange, signal });
  } catch (error) {
    const kind = error instanceof AccountOnHoldError && error.needsLogin ? 'needs_login' : 'unreachable';
    return { kind, reason: errorText(error, 300) };
  }
}
