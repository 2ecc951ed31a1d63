/** What `aol` ships besides its own code, by package-lock.json, and under which licences. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './ensure.mjs';

/** What the build puts into dist/web, so that it is no dependency of the package. */
export const IN_THE_DASHBOARD = new Set(['@preact/signals', '@preact/signals-core', 'dompurify', 'preact', 'uplot']);

/** Licences that somebody read and that let everybody use, change and pass on. Another one stops a release until somebody read it. */
const READ = new Set([
  '(MIT OR EUPL-1.1+)',
  '(MPL-2.0 OR Apache-2.0)',
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 AND MIT',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC-BY-4.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
]);
/** Packages whose description names no licence; it stands in their file LICENSE. */
const BY_THEIR_FILE = new Map([['unionfs', 'Unlicense']]);

/** Each package that is shipped, for all platforms, in the order of their names: name, version, licence. */
export function shippedPackages(lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))) {
  const packages = Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      ...entry,
    }))
    .filter(({ name, dev }) => !dev || IN_THE_DASHBOARD.has(name))
    .map(({ name, version, license }) => ({ name, version, license: license ?? BY_THEIR_FILE.get(name) ?? 'unknown' }));
  // One version of a package may lie at several places.
  const once = new Map(packages.map((found) => [`${found.name}@${found.version}`, found]));
  return [...once.values()].sort((one, other) => one.name.localeCompare(other.name, 'en'));
}

/** Those of them whose licence nobody has read. */
export function withUnreadLicence(packages) {
  return packages.filter(({ license }) => !READ.has(license));
}
