/** An adapter through the engine, speaking for an account that nobody has to configure. */

import { createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard } from '../../src/adapters/exchange/ssrf-guard.ts';
import { type AnyAdapter, registerAdapter } from '../../src/adapters/index.ts';
import type { Effect, PerformContext, RenderAccount } from '../../src/adapters/port.ts';
import type { Credential } from '../../src/adapters/provider.ts';
import { memoryBlobs } from './contexts.ts';

/** Of a type of its own: the engine knows no account for it, and asks for none. */
export function speaking(adapter: AnyAdapter, type: string, account: RenderAccount, secrets: Credential): AnyAdapter {
  const { perform, reconcile } = registerAdapter(adapter);
  const blobs = memoryBlobs();
  const { name, provider, identity, server } = account;
  const exchange = createExchange(createSsrfGuard([new URL(server).host]), blobs.read);
  const named = (effect: Effect): Effect => ({ ...effect, account: { name, provider, identity, server } });
  const within = (context: PerformContext): PerformContext => ({
    ...context,
    exchange,
    blobs,
    account: { ...account, credential: async () => secrets },
  });
  return {
    contract: { ...adapter.contract, type },
    version: adapter.version,
    redelivery: (payload) => adapter.redelivery(payload, account),
    async render(payload, context) {
      const effect = await adapter.render(payload, { ...context, account });
      return { ...effect, type, account: null };
    },
    ...(perform && { perform: (effect, context) => perform(named(effect), within(context)) }),
    ...(reconcile && { reconcile: (effect, context) => reconcile(named(effect), within(context)) }),
  };
}
