/** A provider that could not tell yet is asked again, for a while. */

import type { Reconciled } from '../domain/outcomes.ts';

/** How long a provider is asked again before a person is. */
const ASKING_LIMIT_MS = 30 * 60_000;

/** In how long to ask again; undefined: it is for a person. */
export function askAgainAfter(
  { askAgainAfterMs }: Extract<Reconciled, { kind: 'cannot_tell' }>,
  { firstAttemptAt }: { readonly firstAttemptAt: string },
): number | undefined {
  if (askAgainAfterMs === undefined || Date.now() - Date.parse(firstAttemptAt) > ASKING_LIMIT_MS) return undefined;
  return Math.max(1_000, askAgainAfterMs);
}
