/** No account is configured: proofs say so, and nothing is sent for one. */

import type { Accounts } from '../../src/accounts/port.ts';
import { createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard } from '../../src/adapters/exchange/ssrf-guard.ts';
import type { Blobs } from '../../src/adapters/port.ts';
import type { Provider } from '../../src/adapters/provider.ts';
import { InvalidRequestError } from '../../src/domain/errors.ts';

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
    keepLimits: async () => undefined,
    learn: async () => undefined,
  };
}
