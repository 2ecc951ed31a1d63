/** Where the servers of a data folder listen: `aol up` writes it there, and clients on this machine find it. */

import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigurationError, errorCode, errorText } from '../domain/errors.ts';

const port = z.int().min(1).max(65_535);
const addressesSchema = z.object({
  apiHost: z.string().min(1).max(253),
  apiPort: port,
  postgresPort: port,
  temporalPort: port,
  temporalUiPort: port,
});

export type Addresses = Readonly<z.output<typeof addressesSchema>>;

/**
 * What the last `aol up` on this folder wrote, whether it still runs or not; undefined when there was none.
 *
 * @throws ConfigurationError when the file cannot be used
 */
export function readAddresses(dataDir: string): Addresses | undefined {
  const path = addressesPath(dataDir);
  try {
    return addressesSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(thrown) ?? '')) return undefined;
    throw new ConfigurationError(
      'AOL_DATA_DIR',
      `AOL_DATA_DIR: ${path} cannot be used: ${errorText(thrown, 200)}; delete it, the next \`aol up\` writes it anew`,
      { cause: thrown },
    );
  }
}

export function writeAddresses(dataDir: string, addresses: Addresses): void {
  const path = addressesPath(dataDir);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, `${JSON.stringify(addresses, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

function addressesPath(dataDir: string): string {
  return join(dataDir, 'addresses.json');
}
