/** An abort in the middle of something. */

import type { ProviderServer } from './providers/index.ts';
import { until } from './until.ts';

/** Begins, aborts once `isThere` says so, and answers what became of it and how long after the abort. */
export async function abortOnce<Outcome>(
  what: string,
  isThere: () => boolean,
  begin: (signal: AbortSignal) => Promise<Outcome>,
): Promise<{ readonly outcome: Outcome; readonly tookMs: number }> {
  const stop = new AbortController();
  const begun = begin(stop.signal);
  await until(what, isThere);
  const abortedAtMs = performance.now();
  stop.abort();
  return { outcome: await begun, tookMs: performance.now() - abortedAtMs };
}

/** {@link abortOnce} the provider, which hangs or drips, holds the next request. */
export function abortOnTheWire<Outcome>(
  { seen }: Pick<ProviderServer, 'seen'>,
  begin: (signal: AbortSignal) => Promise<Outcome>,
): Promise<{ readonly outcome: Outcome; readonly tookMs: number }> {
  const before = seen().length;
  const isThere = () =>
    seen()
      .slice(before)
      .some(({ end }) => end === 'hang' || end === 'drip');
  return abortOnce('it is on the wire', isThere, begin);
}
