/** Lanes, action types and accounts, for pages, filters and forms. */

import type { AccountList } from '../../src/contracts/http/account.ts';
import type { AdapterList } from '../../src/contracts/http/adapter.ts';
import { type Resource, useResource } from './resource.ts';
import { client } from './session.ts';
import { status } from './status.ts';

export function laneChoices(): readonly { readonly value: string; readonly text: string }[] {
  return (status.value?.lanes ?? []).map(({ lane }) => ({ value: lane, text: lane }));
}

/** They change with a deployment only. */
export function useAdapters(): Resource<AdapterList> {
  return useResource('adapters', () => client.listAdapters(), { isLive: false });
}

/** They are read again when one of them changes, when one of them speaks, and for holds that end by the clock. */
export function useAccounts(): Resource<AccountList> {
  return useResource('accounts', () => client.listAccounts(), {
    isAbout: ({ event }) => event === 'ACCOUNT_CHANGED' || event === 'ATTEMPT_STARTED' || event === 'RELEASED',
    everyMs: 10_000,
  });
}
