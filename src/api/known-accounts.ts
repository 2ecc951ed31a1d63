/** Whether an account is there for what is to be REAL. */

import { type KnownAccount, listConfiguredAccounts } from '../db/look/accounts.ts';
import type { Database } from '../db/pool.ts';
import { RealUnavailableError } from '../domain/errors.ts';
import type { QueueableType } from './context.ts';

const KEPT_MS = 1_000;

export class KnownAccounts {
  readonly #database: Database;
  #kept: { readonly accounts: Promise<KnownAccount[]>; readonly atMs: number } | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** As of at most a second ago: many ask. */
  list(): Promise<KnownAccount[]> {
    if (this.#kept && performance.now() - this.#kept.atMs < KEPT_MS) return this.#kept.accounts;
    const accounts = listConfiguredAccounts(this.#database);
    this.#kept = { accounts, atMs: performance.now() };
    accounts.catch(() => {
      this.#kept = undefined;
    });
    return accounts;
  }

  /**
   * Refuses REAL of a type that needs an account while no worker has one for it.
   *
   * @throws RealUnavailableError naming what is missing
   */
  async require(type: QueueableType | undefined, payload: unknown): Promise<void> {
    const wanted = type?.account?.(payload);
    if (!type || !wanted) return;
    const { provider, name } = wanted;
    const theirs = (await this.list()).filter((account) => account.provider === provider);
    if (theirs.length === 0)
      throw unavailable('mode', `must be PROOF: no worker has an account of ${provider}: ${cure(type, provider)}`);
    const names = theirs.map((account) => account.name);
    if (name === undefined && theirs.length === 1) return;
    if (name === undefined) throw unavailable('payload.account', `must be given: ${provider} has ${names.join(', ')}`);
    const key = name === 'default' ? `${provider}.default` : name;
    if (!names.includes(key))
      throw unavailable('payload.account', `must be an account of ${provider}: ${names.join(', ')}`);
  }
}

function cure({ providers }: QueueableType, provider: string): string {
  const variables = providers?.[provider] ?? [];
  const set = variables.length > 0 ? `set ${variables.join(', ')}, or ` : '';
  return `${set}name it in aol.accounts.yaml`;
}

function unavailable(field: string, rule: string): RealUnavailableError {
  return new RealUnavailableError(`${field} ${rule}`, [{ field, rule }]);
}
