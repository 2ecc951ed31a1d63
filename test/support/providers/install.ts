/** Servers of others, installed once for all projects of this user: in the user's cache folder, under name and version. */

import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { childEnvironment, loadConfig } from '../../../src/config/index.ts';
import { errorText } from '../../../src/domain/errors.ts';
import { isAlive } from '../../../src/local/processes.ts';
import { run } from '../../../src/local/run.ts';
import { until } from '../until.ts';

/** For what starts a server: the first time on a machine installs it, which takes minutes on a busy one. */
export const INSTALL_LIMIT_MS = 15 * 60_000;

export interface Installation {
  /** With its version: `mailpit-1.33.1`. */
  readonly name: string;
  /** What a person has to have who gets the error: `Go`. */
  readonly needs: string;
  /** Fills a folder of its own, which is moved to its place afterwards. */
  readonly fill: (folder: string) => Promise<void>;
}

/**
 * The folder that it lies in, installed now if it was not.
 *
 * @throws when it cannot be installed, with what it needs: a test of a real server is never skipped
 */
export async function installed({ name, needs, fill }: Installation): Promise<string> {
  const { cacheDir } = loadConfig().machine;
  const folder = join(cacheDir, name);
  if (existsSync(folder)) return folder;
  const [draft, lock] = [`${folder}.${process.pid}`, `${folder}.installing`];
  await mkdir(cacheDir, { recursive: true });
  // Two that install at once do no harm: each fills its own folder. The lock saves the second one's work.
  await until(`${name} is installed`, () => existsSync(folder) || takeLock(lock), INSTALL_LIMIT_MS);
  if (existsSync(folder)) return folder;
  process.stderr.write(`installing ${name} for the tests, once …\n`);
  try {
    await mkdir(draft, { recursive: true });
    await fill(draft);
    await rename(draft, folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
    return folder;
  } catch (thrown) {
    throw new Error(`${name} cannot be installed. It needs ${needs}. ${errorText(thrown, 1_000)}`, { cause: thrown });
  } finally {
    await Promise.all([draft, lock].map((path) => rm(path, { recursive: true, force: true })));
  }
}

async function takeLock(lock: string): Promise<boolean> {
  const isTaken = await writeFile(lock, String(process.pid), { flag: 'wx' }).then(
    () => true,
    () => false,
  );
  if (isTaken) return true;
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
  return false;
}

/** Runs a tool of the installation; a tool that is missing or fails is an error that names it. */
export async function tool(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  await run(program, args, {
    cwd: '/',
    timeoutMs: INSTALL_LIMIT_MS,
    env: { ...childEnvironment({ NODE_OPTIONS: undefined }), ...env },
  });
}

/** Python packages in an environment of their own; answers its `python`. Its programs are started by `python -m`. */
export async function pythonWith(name: string, ...packages: readonly string[]): Promise<string> {
  const folder = await installed({
    name,
    needs: 'python3 with venv and pip (Debian: python3-venv)',
    async fill(draft) {
      await tool('python3', ['-m', 'venv', draft]);
      const quiet = ['--quiet', '--no-input', '--disable-pip-version-check'];
      await tool(join(draft, 'bin', 'python'), ['-m', 'pip', 'install', ...quiet, ...packages]);
    },
  });
  return join(folder, 'bin', 'python');
}

/** npm packages in a folder of their own, for those that are too large to be dependencies; answers the folder. */
export async function npmWith(name: string, packages: readonly string[], more?: (folder: string) => Promise<void>) {
  return installed({
    name,
    needs: 'npm, and what the packages build with (python3, make, a C++ compiler)',
    async fill(draft) {
      await writeFile(join(draft, 'package.json'), '{"private":true,"type":"module"}');
      const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts', '--save-exact'];
      await tool('npm', ['install', ...quiet, '--prefix', draft, ...packages]);
      await more?.(draft);
    },
  });
}
