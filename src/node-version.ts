/**
 * To be imported before anything else: what follows uses what older versions of Node lack, and would fail somewhere inside
 * with an error that names no cause.
 */

import { NodeVersionError } from './domain/errors.ts';

const MINIMUM = [22, 12] as const;

/** @throws NodeVersionError when this Node is too old for AOL as a library */
export function checkNodeVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return;
  throw new NodeVersionError(
    `the library aol needs Node ${MINIMUM.join('.')} or newer; this is ${version}. Under Node 20 there are the command aol, which ` +
      'brings its own Node, and the client: import it from aol/client or from the package aol-client',
  );
}

checkNodeVersion(process.versions.node);
