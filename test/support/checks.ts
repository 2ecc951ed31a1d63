/** What documents name as checks: plays of the fault suite, npm scripts, and files of tests with a part of a test's name. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allFaults } from '../faults/faults/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A play by its name, an npm script, or a file or folder of tests, a file with a part of it after a colon. */
export function isCheck(check: string): boolean {
  if (allFaults.some(({ id }) => id === check)) return true;
  if (check.startsWith('npm run ')) {
    return readFileSync(join(root, 'package.json'), 'utf8').includes(`"${check.slice('npm run '.length)}":`);
  }
  const [path = '', part = ''] = check.split(': ');
  if (!path.startsWith('test/') || !existsSync(join(root, path))) return false;
  if (!statSync(join(root, path)).isDirectory()) return readFileSync(join(root, path), 'utf8').includes(part);
  return part === '' && readdirSync(join(root, path)).some((name) => name.endsWith('.test.ts'));
}
