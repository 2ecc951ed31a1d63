/** Lanes and action types, for filters and forms. */

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
