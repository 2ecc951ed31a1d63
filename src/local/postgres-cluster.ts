import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigurationError, errorCode } from '../domain/errors.ts';
import { type Account, canEnter } from './account.ts';
import { makePassableFolder } from './data-dir.ts';
import {
  databaseLink,
  databasePlace,
  initPrefix,
  openUnreachable,
  removeUnfinished,
  unreachableRoot,
} from './database-place.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { run } from './run.ts';

/** The superuser of the embedded server, and the name of its database. */
export const databaseUser = 'aol';

/** A database folder, ready for a server. */
export interface Cluster {
  /** Without symbolic links. */
  readonly folder: string;
  readonly password: string;
  readonly account: Account | undefined;
}

export interface ClusterOptions {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly account: Account | undefined;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Finds the cluster of a data folder, or makes it: complete or not at all. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const link = databaseLink(options.dataDir);
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) {
    return await createCluster(options, link);
  }
  if (!existsSync(link)) {
    throw dataDirError(`${link} points to a folder that is gone; delete this link to start with an empty database`);
  }
  const folder = realpathSync(link);
  checkVersion(folder, options.binaries);
  const password = readPassword(options.dataDir);
  if (password === undefined) {
    throw dataDirError(
      `${passwordPath(options.dataDir)} is missing: the database in ${folder} cannot be opened without`,
    );
  }
  if (options.account !== undefined && folder.startsWith(`${unreachableRoot}/`)) {
    openUnreachable(dirname(folder));
  }
  const account = options.account === undefined ? undefined : owner(folder);
  if (account !== undefined && !canEnter(account, folder)) {
    throw dataDirError(
      `the user that PostgreSQL runs as cannot reach ${folder}: allow passing (chmod o+x) its parents`,
    );
  }
  return { folder, password, account };
}

async function createCluster(options: ClusterOptions, link: string): Promise<Cluster> {
  const { dataDir, account, log } = options;
  const password = readPassword(dataDir) ?? writePassword(dataDir);
  const target = account === undefined || canEnter(account, dataDir) ? link : databasePlace(dataDir);
  if (target !== link) {
    log(`PostgreSQL's user cannot reach ${dataDir}: its data is kept in ${target} (${link} points there)`);
    setAside(target, log);
  }
  const parent = dirname(target);
  if (target === link) {
    makePassableFolder(parent);
  } else {
    openUnreachable(parent);
  }
  removeUnfinished(parent);
  const folder = join(parent, `${initPrefix}${randomBytes(6).toString('hex')}`);
  try {
    await initialise(options, folder, password);
    options.signal?.throwIfAborted();
    renameSync(folder, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (target !== link) {
    symlinkSync(target, link);
  }
  return { folder: realpathSync(target), password, account };
}

async function initialise({ binaries, account, signal }: ClusterOptions, folder: string, password: string) {
  const passwordFile = `${folder}.pw`;
  try {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    if (account !== undefined) {
      chownSync(folder, account.uid, account.gid);
      chownSync(passwordFile, account.uid, account.gid);
    }
    const args = [
      `--pgdata=${folder}`,
      `--username=${databaseUser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ];
    await run(binaries.initdb, args, { ...account, env: { LC_ALL: 'C' }, cwd: '/', timeoutMs: 120_000, signal });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Data of a data folder that was deleted and made anew: not ours to use, not ours to destroy. */
function setAside(target: string, log: (line: string) => void): void {
  if (existsSync(target)) {
    const aside = `${target}.orphan-${Date.now()}`;
    renameSync(target, aside);
    log(`an older database of this place was moved to ${aside}`);
  }
}

/** As root the server runs as whoever owns the data: `postgres`, or the user who made it without root. */
function owner(folder: string): Account {
  const { uid, gid } = statSync(folder);
  if (uid === 0) {
    throw dataDirError(`${folder} belongs to root, and PostgreSQL does not run as root: chown it to postgres`);
  }
  return { uid, gid };
}

function checkVersion(folder: string, binaries: PostgresBinaries): void {
  const ours = binaries.version.split('.')[0] ?? '';
  const theirs = readIfThere(join(folder, 'PG_VERSION'))?.trim();
  if (theirs === undefined) {
    throw dataDirError(`${folder} holds no PostgreSQL database`);
  }
  if (theirs !== ours) {
    throw dataDirError(
      `${folder} was made by PostgreSQL ${theirs}, this is ${ours}: take it over by \`aol backup\`, with the version of AOL that made it, ` +
        'and `aol restore` (docs/upgrading.md)',
    );
  }
}

function writePassword(dataDir: string): string {
  const password = randomBytes(24).toString('base64url');
  const path = passwordPath(dataDir);
  writeFileSync(`${path}.new`, `${password}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
  return password;
}

function readPassword(dataDir: string): string | undefined {
  return readIfThere(passwordPath(dataDir))?.trim();
}

function passwordPath(dataDir: string): string {
  return join(dataDir, 'postgres-password');
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') {
      return undefined;
    }
    throw thrown;
  }
}

function dataDirError(why: string): ConfigurationError {
  return new ConfigurationError('AOL_DATA_DIR', `AOL_DATA_DIR: ${why}`);
}
