import { randomBytes } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigurationError, errorText } from '../domain/errors.ts';

/**
 * Makes the data folder where it is missing and makes sure that we can write in it. It may be passed through by others,
 * not listed: the embedded PostgreSQL may run as another user. What is secret in it has its own mode.
 *
 * @returns its path without symbolic links
 * @throws ConfigurationError naming AOL_DATA_DIR
 */
export function prepareDataDir(dataDir: string): string {
  try {
    makeFolder(dataDir);
    const probe = join(dataDir, `.write-test-${randomBytes(6).toString('hex')}`);
    writeFileSync(probe, '', { flag: 'wx' });
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
 * Not by Node's own `recursive`: that never returns where the system says that the parent does not exist although it
 * does, as /proc does.
 */
function makeFolder(path: string): void {
  const mode = 0o711;
  try {
    mkdirSync(path, { mode });
  } catch (thrown) {
    const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
    if (code === 'ENOENT' && dirname(path) !== path) {
      makeFolder(dirname(path));
      mkdirSync(path, { mode });
    } else if (code !== 'EEXIST') {
      throw thrown;
    }
  }
}
