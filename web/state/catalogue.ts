/** Lanes, action types and accounts, for pages, filters and forms. */

import type { AccountList } from '../../src/contracts/http/account.ts';
import type { AdapterList } from '../../src/contracts/http/adapter.ts';
import type { BudgetList } from '../../src/contracts/http/budget.ts';
import type { LogEntry } from '../../src/contracts/http/log.ts';
import { type Resource, useResource } from './resource.ts';
import { client } from './session.ts';
import { status } from './status.ts';

interface Choice {
  readonly value: string;
  readonly text: string;
}

export function laneChoices(): readonly Choice[] {
  return (status.value?.lanes ?? []).map(({ lane }) => ({ value: lane, text: lane }));
}

export function typeChoices(adapters: AdapterList | undefined): readonly Choice[] {
  return (adapters?.items ?? []).map(({ type, title }) => ({ value: type, text: title }));
}

export function accountChoices(accounts: AccountList | undefined): readonly Choice[] {
  return (accounts?.items ?? []).map(({ name }) => ({ value: name, text: name }));
}

/** They change with a deployment only. */
export function useAdapters(): Resource<AdapterList> {
  return useResource('adapters', () => client.listAdapters(), { isLive: false });
}

/** When one of them changes or speaks; and every 10 s for holds that end by the clock. */
const ABOUT_ACCOUNTS = {
  isAbout: ({ event }: LogEntry) => event === 'ACCOUNT_CHANGED' || event === 'ATTEMPT_STARTED' || event === 'RELEASED',
  everyMs: 10_000,
};

export function useAccounts(): Resource<AccountList> {
  return useResource('accounts', () => client.listAccounts(), ABOUT_ACCOUNTS);
}

export function useBudgets(): Resource<BudgetList> {
  return useResource('budgets', () => client.listBudgets(), ABOUT_ACCOUNTS);
}
