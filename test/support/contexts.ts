/** What adapters are given in tests: no account, files in memory, the real way out. */

import { createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard } from '../../src/adapters/exchange/ssrf-guard.ts';
import { memoryBlobs } from '../../src/adapters/memory-blobs.ts';
import type { Effect, PerformContext, RenderAccount, RenderContext } from '../../src/adapters/port.ts';
import type { RegisteredAdapter } from '../../src/adapters/registry.ts';

export { memoryBlobs } from '../../src/adapters/memory-blobs.ts';

export const SAMPLE_CONTEXT: RenderContext = {
  actionId: '01937e4a-5b6c-7d8e-9f01-23456789abcd',
  providerKey: 'aol-01937e4a-5b6c-7d8e-9f01-23456789abcd',
  account: null,
  blobs: memoryBlobs(),
};

/** The account that a payload needs, as it is where none is configured; null where it needs none, or is no payload. */
export function accountFor(adapter: RegisteredAdapter, payload: unknown): RenderAccount | null {
  let wanted: ReturnType<RegisteredAdapter['account']>;
  try {
    wanted = adapter.account(payload);
  } catch {
    return null;
  }
  const provider = adapter.providers.find(({ name }) => name === wanted?.provider);
  if (!provider) return null;
  return { name: wanted?.name ?? 'default', provider: provider.name, ...provider.placeholder, settings: {}, facts: {} };
}

/** Everything else of a first attempt; `allow` names what the way out may reach on this machine: `127.0.0.1:9000`. */
export function performContext(
  more: Partial<PerformContext> & { readonly allow?: readonly string[] } = {},
): PerformContext {
  const { allow = [], ...given } = more;
  const { account: _none, ...rendering } = SAMPLE_CONTEXT;
  return {
    ...rendering,
    account: null,
    attempt: 1,
    signal: new AbortController().signal,
    firstAttemptAt: new Date(),
    lastAttemptAt: given.firstAttemptAt ?? new Date(),
    results: {},
    exchange: createExchange(createSsrfGuard(allow), (given.blobs ?? rendering.blobs).read),
    ...given,
  };
}

/** What an adapter that needs no time to render returns. */
export function renderNow(
  adapter: RegisteredAdapter,
  payload: unknown,
  context: RenderContext = SAMPLE_CONTEXT,
): Effect {
  const effect = adapter.render(payload, context);
  if (effect instanceof Promise) throw new Error('this adapter takes its time');
  return effect;
}
