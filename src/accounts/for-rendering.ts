/** Whose account an effect is rendered with. */

import type { RenderAccount } from '../adapters/port.ts';
import type { Provider } from '../adapters/provider.ts';
import { InvalidRequestError } from '../domain/errors.ts';

/**
 * The account that a payload names, or the only one of its provider; where none is configured, one that says so.
 *
 * @param theirs the accounts of the provider
 * @throws InvalidRequestError when there are several and none is named, or none has that name
 */
export function accountForRendering(
  theirs: readonly RenderAccount[],
  providers: readonly Provider[],
  { provider, name }: { readonly provider: string; readonly name?: string | undefined },
): RenderAccount {
  const known = providers.find((each) => each.name === provider);
  if (!known) throw new InvalidRequestError(`there is no provider ${provider}`);
  if (theirs.length === 0) {
    return { name: name ?? 'default', provider, ...known.placeholder, settings: {}, facts: {} };
  }
  const [only, ...more] = name === undefined ? theirs : theirs.filter((account) => account.name === name);
  if (only && more.length === 0) return only;
  const names = theirs.map((account) => account.name).join(', ');
  throw new InvalidRequestError(
    only
      ? `account must be given, for ${provider} has several: ${names}`
      : `account must be one of ${provider}: ${names}`,
    [{ field: 'payload.account', rule: `must be one of ${names}` }],
  );
}
