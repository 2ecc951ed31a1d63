/** Older versions of AOL as they were: their sources from this repository's history, kept in the user's cache with what they build. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const BUILD_LIMIT_MS = 900_000;

/** The last commit of each version. */
export const VERSIONS = { '0.1.0': '24602b443bdfafa52a0350453acf19f6d3402a94' } as const;

/** The folder of a version that is installed and built. Takes minutes where it is the first time. */
export async function olderVersion(version: keyof typeof VERSIONS): Promise<string> {
  const folder = join(loadConfig().machine.cacheDir, `aol-${version}`);
  if (!existsSync(folder)) {
    const commit = VERSIONS[version];
    const archive = `${folder}-${process.pid}.tar`;
    const fresh = `${folder}-${process.pid}`;
    await mkdir(fresh, { recursive: true });
    await run('git', ['-C', root, 'archive', '--output', archive, commit]).catch((error) => {
      throw new Error(`the history of this repository does not reach back to ${version} (${commit}): ${error}`);
    });
    await run('tar', ['xf', archive, '-C', fresh]);
    await rm(archive);
    await rename(fresh, folder);
  }
  const env = childEnvironment({ NODE_OPTIONS: undefined });
  await run('node', ['bin/build.mjs'], { cwd: folder, env, timeout: BUILD_LIMIT_MS, maxBuffer: 16 * 1024 * 1024 });
  return folder;
}
