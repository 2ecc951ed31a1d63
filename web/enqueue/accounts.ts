/** Whose accounts a payload may name. */

import type { AccountDescription } from '../../src/contracts/http/account.ts';
import type { AdapterDescription } from '../../src/contracts/http/adapter.ts';
import { findContract } from '../../src/contracts/payloads/index.ts';

/**
 * The provider that a payload needs an account of, as far as it is filled in; of types whose rules are not known here, all that
 * the type can speak for.
 */
function providersFor(
  { type, example, providers }: AdapterDescription,
  payload: Readonly<Record<string, unknown>>,
): readonly string[] {
  const { platform = example.platform, service = example.service } = payload;
  const chosen = findContract(type)?.account({
    ...example,
    ...(platform !== undefined && { platform }),
    ...(service !== undefined && { service }),
  });
  return chosen ? [chosen.provider] : providers.map(({ provider }) => provider);
}

/** As payloads name it: the account of a provider’s variables is its `default`. */
export function payloadName({ name, provider }: Pick<AccountDescription, 'name' | 'provider'>): string {
  return name === `${provider}.default` ? 'default' : name;
}

export interface Speakers {
  readonly providers: readonly string[];
  /** Undefined until they are read. */
  readonly choices: readonly AccountDescription[] | undefined;
}

export function speakersFor(
  adapter: AdapterDescription,
  payload: Readonly<Record<string, unknown>>,
  accounts: readonly AccountDescription[] | undefined,
): Speakers {
  const providers = providersFor(adapter, payload);
  return {
    providers,
    choices: accounts?.filter(({ provider, configured }) => configured && providers.includes(provider)),
  };
}
