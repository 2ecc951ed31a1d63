/** File operations that follow no planted link, and whose errors have names. */

import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, opendir, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AolError, ArtifactError, errorCode, UnavailableError } from '../domain/errors.ts';

/** Neither exists on Windows, where making a link needs a privilege. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NO_WAIT = constants.O_NONBLOCK ?? 0;

export const CREATE_ONLY = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
/** Does not wait for the writer of a planted pipe. */
export const READ_ONLY = constants.O_RDONLY | NO_FOLLOW | NO_WAIT;

/** What {@link writeWhole} writes to before it is renamed. */
export const TEMPORARY_NAME = /^\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/u;

/** A store's directory, and how its directories are made durable. */
export interface Place {
  readonly root: string;
  readonly syncDirectory: (path: string) => Promise<void>;
}

/** ArtifactError for what stands where an artifact should; UnavailableError for what may pass: a full or failing disk. */
export function storeError(error: unknown, doing: string): AolError {
  if (error instanceof AolError) return error;
  const code = errorCode(error) ?? 'unknown error';
  if (code === 'ELOOP') return new ArtifactError(`${doing}: refused, a link stands in its place`, { cause: error });
  return new UnavailableError('artifacts', `${doing}: ${code}`, { cause: error });
}

/** What stands at a path, without following a link; undefined for nothing. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes a directory. Refuses a link or a file in its place. Answers whether it is new. */
export async function ensureDirectory(path: string): Promise<boolean> {
  const found = await statOf(path);
  if (found?.isDirectory()) return false;
  if (found) throw new ArtifactError('refused: a file or a link stands where a directory of artifacts should');
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    else if (code !== 'EEXIST') throw error;
    return ensureDirectory(path);
  }
}

/** Refuses a link or a file in place of a directory of ours. */
export async function checkDirectory(path: string): Promise<void> {
  const found = await statOf(path);
  if (found && !found.isDirectory()) {
    throw new ArtifactError('refused: a file or a link stands where a directory of artifacts should');
  }
}

/** Refuses what stands where a file of ours should, and is none. */
export function refuseOther(found: Stats | undefined): void {
  if (found && !found.isFile()) {
    throw new ArtifactError('refused: a link or a directory stands where the artifact should');
  }
}

/** Writes a file durably, in place of what had its name; its name is durable only after its directory is. */
export async function writeWhole(directory: string, file: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(directory, `.${randomUUID()}.tmp`);
  try {
    await withFile(await open(temporary, CREATE_ONLY, 0o600), async (handle) => {
      await handle.writeFile(bytes);
      await handle.sync();
    });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** False when there is no such file. */
export async function removeFile(file: string): Promise<boolean> {
  const found = await statOf(file);
  if (!found) return false;
  refuseOther(found);
  return unlinked(file);
}

/** Whether this call removed it, and not another one at the same time. */
export async function unlinked(file: string): Promise<boolean> {
  try {
    await unlink(file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The entries of a directory; none when it is not there. */
export async function* entries(path: string) {
  try {
    yield* await opendir(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw storeError(error, 'listing artifacts');
  }
}

/**
 * Makes the names in a directory durable. Callers that come while a round is under way share the next one: theirs may
 * have begun too early to cover them.
 */
export function createDirectorySync(): (path: string) => Promise<void> {
  const nextRounds = new Map<string, Promise<void>>();
  const lastRounds = new Map<string, Promise<void>>();
  return (path) => {
    const next = nextRounds.get(path);
    if (next) return next;
    const before = lastRounds.get(path) ?? Promise.resolve();
    const round = before
      .catch(() => undefined)
      .then(() => {
        nextRounds.delete(path);
        return syncDirectory(path);
      })
      .finally(() => {
        if (lastRounds.get(path) === round) lastRounds.delete(path);
      });
    nextRounds.set(path, round);
    lastRounds.set(path, round);
    return round;
  };
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  await withFile(await open(path, constants.O_RDONLY), (directory) => directory.sync());
}

export async function withFile<Result>(file: FileHandle, use: (file: FileHandle) => Promise<Result>): Promise<Result> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
