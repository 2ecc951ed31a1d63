import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError, errorCode, errorText } from '../domain/errors.ts';
import { PAYLOAD_KEY_BYTES, parsePayloadKeys } from '../domain/payload-keys.ts';

export interface SecretsKeySettings {
  readonly dataDir: string;
  /** Those that the environment gives. */
  readonly secretsKeys: readonly Uint8Array[];
}

/**
 * The keys for what providers rotate: the environment's, else the one of `<dataDir>/secrets-key`; none where there is neither.
 *
 * @throws ConfigurationError when the file cannot be read
 */
export function findSecretsKeys({ dataDir, secretsKeys }: SecretsKeySettings): readonly Uint8Array[] {
  if (secretsKeys.length > 0) return secretsKeys;
  const path = join(dataDir, 'secrets-key');
  try {
    const keys = parsePayloadKeys(readFileSync(path, 'utf8').trim());
    if (!keys) throw unusable(path, 'it is damaged; what providers rotated cannot be read without it');
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    return keys;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
    throw error instanceof ConfigurationError ? error : unusable(path, errorText(error), error);
  }
}

/** Makes the key of a data folder where it has none and the environment gives none. Whoever is first makes it. */
export function ensureSecretsKey(settings: SecretsKeySettings): void {
  if (findSecretsKeys(settings).length > 0) return;
  const path = join(settings.dataDir, 'secrets-key');
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(temporary, `${randomBytes(PAYLOAD_KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flush: true });
    linkSync(temporary, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw unusable(path, errorText(error), error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function unusable(path: string, why: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('AOL_SECRETS_KEY', `AOL_SECRETS_KEY: the key in ${path} cannot be used: ${why}`, {
    cause,
  });
}
