/** Node, folders, and the file of tokens. */

import { randomBytes } from 'node:crypto';
import { access, constants, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/index.ts';
import { errorCode, errorText } from '../../domain/errors.ts';
import { findTokens } from '../../local/index.ts';
import { isNewEnough, MINIMUM_NODE } from '../node-version.ts';
import { type Check, failed, passed } from './check.ts';

export function checkNode(version: string): Check {
  if (isNewEnough(version)) return passed('node', version);
  const detail = `${version} is older than ${MINIMUM_NODE}`;
  return failed('node', detail, 'start by `npm start` or `npx aol`, or install Node 22');
}

export function checkFolders(config: Config): Promise<Check[]> {
  return Promise.all([
    checkFolder('data folder', config.dataDir, 'AOL_DATA_DIR'),
    checkFolder('artifacts', config.artifacts.folder, 'AOL_ARTIFACTS'),
  ]);
}

/** A file can be written there; or the folder is not there yet, and its parent may be written. */
async function checkFolder(name: string, folder: string, variable: string): Promise<Check> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const found = await stat(path);
      if (!found.isDirectory()) return failed(name, `${path} is not a folder`, `set ${variable} to a folder`);
      await access(path, constants.W_OK | constants.X_OK);
      if (path !== folder) return passed(name, `${folder} (not there yet)`);
      await writeAndRemove(folder);
      return passed(name, `${folder}, can be written`);
    } catch (error) {
      if (errorCode(error) === 'ENOENT' && path !== dirname(path)) continue;
      return failed(
        name,
        errorText(error),
        `free space there, or set ${variable} to a folder that this user may write`,
      );
    }
  }
}

/** Rights alone do not tell of a full disk or a quota. */
async function writeAndRemove(folder: string): Promise<void> {
  const probe = join(folder, `.doctor-${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(probe, 'x', { flag: 'wx' });
  } finally {
    await rm(probe, { force: true });
  }
}

export async function checkTokens(config: Config): Promise<Check> {
  const path = join(config.dataDir, 'tokens.json');
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => undefined,
  );
  if (mode !== undefined && (mode & 0o077) !== 0) {
    const detail = `${path} has the mode ${mode.toString(8).padStart(4, '0')}: others on this machine may read it`;
    return failed(
      'tokens',
      detail,
      `chmod 600 ${path}; if others use this machine, delete it too, and restart the API`,
    );
  }
  try {
    if (findTokens(config)) return passed('tokens', 'one for each role, readable by this user alone');
    return failed(
      'tokens',
      'there are none yet',
      'run `aol up` or `aol api` once, or set AOL_ADMIN_TOKEN, AOL_OPERATOR_TOKEN and AOL_VIEWER_TOKEN',
    );
  } catch (error) {
    return failed('tokens', errorText(error), 'correct or delete tokens.json in the data folder');
  }
}
