/** The accounts of a worker process, from its configuration. Opens no connection. */

import { allowedHosts } from '../adapters/index.ts';
import type { Blobs } from '../adapters/port.ts';
import type { Provider } from '../adapters/provider.ts';
import type { Database } from '../db/pool.ts';
import { errorText } from '../domain/errors.ts';
import { createAccounts } from './accounts.ts';
import { type AccountSettings, NO_ACCOUNTS, readAccounts } from './entries.ts';
import { type AccountKeeper, createAccountKeeper } from './look-after.ts';
import type { Accounts } from './port.ts';
import { createScrubber } from './scrubbing.ts';
import { createSealer } from './sealed.ts';

export interface AccountOptions {
  /** What the file and the environment say of accounts; absent: there are none. */
  readonly accounts?: AccountSettings;
  /** What providers rotate is encrypted with the first and decrypted with all of them. */
  readonly secretsKeys?: readonly Uint8Array[];
  readonly webhook?: { readonly allow?: string };
}

export interface OpenAccounts extends AccountKeeper {
  readonly accounts: Accounts;
}

interface Log {
  warn(detail: object, message: string): void;
}

/** @throws ConfigurationError when an entry is not as its provider needs it */
export function openAccounts(
  options: AccountOptions,
  providers: readonly Provider[],
  parts: {
    readonly db: Database;
    readonly databaseUrl: string;
    readonly readBlob: Blobs['read'];
    readonly worker: string;
    readonly wake: (lane: string) => void;
    readonly log: Log;
  },
): OpenAccounts {
  const { log, ...ports } = parts;
  const settings = options.accounts ?? NO_ACCOUNTS;
  const configured = readAccounts(settings, providers);
  const all = {
    ...ports,
    variable: settings.variable,
    sealer: createSealer(options.secretsKeys ?? []),
    scrubber: createScrubber(),
    allow: allowedHosts(options.webhook),
    onTrouble: (part: string, error: unknown) =>
      log.warn({ part, error: errorText(error, 300) }, 'an account could not be looked after'),
    onDying: (account: string, expiresAt: Date) =>
      log.warn({ account, expiresAt: expiresAt.toISOString() }, 'the token of an account runs out within 7 days'),
  };
  const book = createAccounts(configured, providers, all);
  return { accounts: book.accounts, ...createAccountKeeper(configured, book, all) };
}
