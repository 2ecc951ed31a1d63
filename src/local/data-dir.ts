import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigurationError, errorCode, errorText } from '../domain/errors.ts';

/** Others may pass through, not list: the embedded PostgreSQL may run as another user. What is secret has its own mode. */
const passable = 0o711;

/**
 * Makes the data folder where it is missing and makes sure that we can write in it.
 *
 * @returns its path without symbolic links
 * @throws ConfigurationError naming AOL_DATA_DIR
 */
export function prepareDataDir(dataDir: string): string {
  try {
    makePassableFolder(dataDir);
    const probe = join(dataDir, `.write-test-${randomBytes(6).toString('hex')}`);
    writeFileSync(probe, '', { flag: 'wx', mode: 0o600 });
    rmSync(probe);
    return realpathSync(dataDir);
  } catch (thrown) {
    throw new ConfigurationError(
      'AOL_DATA_DIR',
      `AOL_DATA_DIR: ${dataDir} cannot be written: ${errorText(thrown)}. Set AOL_DATA_DIR to a folder that you may write.`,
      { cause: thrown },
    );
  }
}

/**
 * Makes a folder that others may pass through, with its parents, whatever the umask.
 *
 * Not by Node's own `recursive`: that never returns where the system says that the parent does not exist although it
 * does, as /proc does.
 */
export function makePassableFolder(path: string): void {
  try {
    makeOne(path);
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === 'ENOENT' && dirname(path) !== path) {
      makePassableFolder(dirname(path));
      makeOne(path);
    } else if (code !== 'EEXIST') {
      throw thrown;
    }
  }
}

/** Makes a folder of ours that another account must pass through; one that an earlier start made too narrow is opened. */
export function openFolder(path: string): void {
  makePassableFolder(path);
  const { mode } = statSync(path);
  if ((mode & 0o001) === 0) {
    chmodSync(path, (mode & 0o777) | 0o011);
  }
}

function makeOne(path: string): void {
  mkdirSync(path, { mode: passable });
  // What is asked for at the making is less than that under a narrow umask.
  chmodSync(path, passable);
}
