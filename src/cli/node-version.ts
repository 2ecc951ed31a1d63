/** Which Node the command line, worker and API need. (`bin/ensure.mjs` brings it, and cannot read this before it is built.) */

const MINIMUM = [22, 12] as const;

export const MINIMUM_NODE = MINIMUM.join('.');

/** @param version as `process.versions.node` says it */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}
