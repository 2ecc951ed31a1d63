import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { ConfigurationError, errorCode } from '../domain/errors.ts';
import { isAlive, startIdentity } from './processes.ts';

/** Held until `release`, or until its process is gone. */
export interface DataDirLock {
  release(): void;
}

const ownerSchema = z.object({ pid: z.int(), started: z.string().optional(), released: z.boolean().optional() });
type Owner = z.output<typeof ownerSchema>;

const prefix = 'up.lock.';

/**
 * Makes this process the only one that runs `aol up` on a data folder.
 *
 * Lock files are numbered and the highest one counts. A lock is taken by linking the next number, which only one process
 * can do, so that two that find the same stale lock cannot both take it over; the highest is never deleted. Its owner is
 * known by pid and start time, so neither kill -9 nor a reused pid can hold it.
 *
 * @throws ConfigurationError naming AOL_DATA_DIR and the pid that holds it
 */
export function acquireLock(dataDir: string): DataDirLock {
  const mine: Owner = { pid: process.pid, started: startIdentity(process.pid) };
  for (;;) {
    const highest = lockNumbers(dataDir).at(-1) ?? 0;
    const holder = highest === 0 ? undefined : readOwner(dataDir, highest);
    if (holder !== undefined && holds(holder)) {
      throw new ConfigurationError(
        'AOL_DATA_DIR',
        `AOL_DATA_DIR: ${dataDir} is in use by another \`aol up\` (pid ${holder.pid}). ` +
          'Stop that one, or set AOL_DATA_DIR (and the ports) to run a second one beside it.',
      );
    }
    const number = highest + 1;
    if (createLock(dataDir, number, mine)) {
      const numbers = lockNumbers(dataDir);
      if (numbers.at(-1) === number) {
        for (const old of numbers.slice(0, -1)) {
          rmSync(lockPath(dataDir, old), { force: true });
        }
        return { release: () => replaceLock(dataDir, number, { ...mine, released: true }) };
      }
      rmSync(lockPath(dataDir, number), { force: true });
    }
  }
}

function holds(owner: Owner): boolean {
  if (owner.released === true || !isAlive(owner.pid)) {
    return false;
  }
  const started = startIdentity(owner.pid);
  return owner.started === undefined || started === undefined || owner.started === started;
}

function createLock(dataDir: string, number: number, owner: Owner): boolean {
  const temporary = writeTemporary(dataDir, owner);
  try {
    linkSync(temporary, lockPath(dataDir, number));
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === 'EEXIST') {
      return false;
    }
    throw thrown;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function replaceLock(dataDir: string, number: number, owner: Owner): void {
  try {
    renameSync(writeTemporary(dataDir, owner), lockPath(dataDir, number));
  } catch (thrown) {
    // The data folder was deleted under us: there is nothing left to release.
    if (errorCode(thrown) !== 'ENOENT') {
      throw thrown;
    }
  }
}

function writeTemporary(dataDir: string, owner: Owner): string {
  const path = join(dataDir, `.lock-${randomBytes(6).toString('hex')}`);
  writeFileSync(path, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  return path;
}

/** Undefined for a lock that vanished or is damaged: nobody is known to hold it. */
function readOwner(dataDir: string, number: number): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(lockPath(dataDir, number), 'utf8')));
  } catch {
    return undefined;
  }
}

function lockNumbers(dataDir: string): number[] {
  return readdirSync(dataDir)
    .filter((name) => name.startsWith(prefix) && /^[0-9]+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((left, right) => left - right);
}

function lockPath(dataDir: string, number: number): string {
  return join(dataDir, `${prefix}${number}`);
}
