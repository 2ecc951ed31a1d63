/**
 * Where the embedded PostgreSQL keeps its data: in the data folder, or, where the account that it runs as could not reach that, elsewhere
 * behind a link.
 */

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openFolder } from './data-dir.ts';

export const unreachableRoot = '/var/lib/aol';
/** Of a database that is being made. */
export const initPrefix = '.postgres-init-';

/** The database, or the link to it. */
export function databaseLink(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/** Where the data of a data folder goes that the server's account cannot reach. */
export function databasePlace(dataDir: string): string {
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return join(unreachableRoot, hash, 'postgres');
}

export function openUnreachable(parent: string): void {
  for (const folder of [unreachableRoot, parent]) {
    openFolder(folder);
  }
}

/** What a start that was killed in the middle left behind. */
export function removeUnfinished(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (name.startsWith(initPrefix)) {
      rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
}

/**
 * Removes a data folder with its database, also where a link leads to that. What stands in that place without the link was made for an
 * earlier folder of the same path, and stays.
 *
 * @param dataDir without symbolic links
 */
export function removeDataDir(dataDir: string): void {
  const place = databasePlace(dataDir);
  const link = databaseLink(dataDir);
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(link) === place) {
    rmSync(place, { recursive: true, force: true });
  }
  rmSync(dataDir, { recursive: true, force: true });
  const parent = dirname(place);
  if (lstatSync(parent, { throwIfNoEntry: false }) === undefined) return;
  removeUnfinished(parent);
  if (readdirSync(parent).length === 0) rmdirSync(parent);
}
