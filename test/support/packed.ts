/** The package `aol` as npm leaves it in another project: packed and unpacked, beside links to the packages of this repository. */

import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Packs `aol` into the folder; answers the file's path. */
export async function pack(folder: string): Promise<string> {
  const options = ['--silent', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', ['pack', ...options], { cwd: root });
  return join(folder, stdout.trim().split('\n').at(-1) ?? '');
}

/** @param without packages of this repository that the project has not */
export async function installPacked(project: string, without: readonly string[] = []): Promise<void> {
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, '.bin'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name.startsWith('.') || without.includes(name)) continue;
    await symlink(join(root, 'node_modules', name), join(modules, name));
  }
  const file = await pack(project);
  await mkdir(join(modules, 'aol'));
  await run('tar', ['xzf', file, '-C', join(modules, 'aol'), '--strip-components=1']);
  await rm(file);
  await symlink('../aol/bin/aol.mjs', join(modules, '.bin', 'aol'));
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
}
