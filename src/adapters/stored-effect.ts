/** Whether a stored effect is one that this worker can send. */

import type { Effect } from './port.ts';

/**
 * What another version rendered may mean something else; a placeholder that nobody fills in must not go out as it stands.
 *
 * @param version the newest that is understood
 * @param filledIn the paths that sending fills in
 */
export function storedEffectProblem(
  { type, adapterVersion, addedAtSending }: Effect,
  version: number,
  filledIn: readonly string[],
): string | undefined {
  if (adapterVersion > version) {
    return `the artifact is of ${type} version ${adapterVersion}; this worker sends up to version ${version}`;
  }
  const isKnown = addedAtSending.every((path) => filledIn.includes(path));
  return isKnown ? undefined : 'the artifact has a placeholder that this adapter does not fill in';
}
