/** No account is configured: proofs say so, and nothing is sent for one. */

import { createExchange } from '../adapters/exchange/index.ts';
import { createSsrfGuard } from '../adapters/exchange/ssrf-guard.ts';
import type { Blobs } from '../adapters/port.ts';
import type { Provider } from '../adapters/provider.ts';
import { InvalidRequestError } from '../domain/errors.ts';
import type { Accounts } from './port.ts';

/** @param allow hosts and ports inside private ranges that may be reached, as `parseWebhookAllow` gives them */
export function noAccounts(
  providers: readonly Provider[],
  blobs: Pick<Blobs, 'read'>,
  allow: readonly string[] = [],
): Accounts {
  const exchange = createExchange(createSsrfGuard(allow), blobs.read);
  return {
    forRendering({ provider, name = 'default' }) {
      const known = providers.find((each) => each.name === provider);
      if (!known) throw new InvalidRequestError(`there is no provider ${provider}`);
      return { name, provider, ...known.placeholder, settings: {}, facts: {} };
    },
    forSending: async ({ name, provider }) => ({
      kind: 'rejected',
      reason: `REAL is refused: the account ${name} of ${provider} is not configured`,
    }),
    exchangeFor: () => exchange,
    scrub: (text) => text,
    learn: async () => undefined,
  };
}
