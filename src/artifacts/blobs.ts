/** Files that go out with effects, each once under its SHA-256, beside the artifacts. */

import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtifactError, errorCode } from '../domain/errors.ts';
import { sha256Hex } from '../domain/hashing.ts';
import { SHA256 } from './port.ts';

export interface BlobStore {
  /** Stores bytes durably and answers their SHA-256. The same may be put again. */
  put(bytes: Uint8Array): Promise<string>;
  /** The bytes, after their SHA-256 was checked. Throws ArtifactError when they are missing or altered. */
  get(sha256: string): Promise<Uint8Array>;
  /** Removes one; false when it was not there. */
  remove(sha256: string): Promise<boolean>;
}

/** @param directory absolute; made where it is not there */
export function createBlobStore(directory: string): BlobStore {
  const folderOf = (sha256: string) => join(directory, sha256.slice(0, 2));
  const read = async (sha256: string): Promise<Uint8Array | undefined> => {
    if (!SHA256.test(sha256)) throw new ArtifactError("a file's SHA-256 must be 64 lower-case hexadecimal digits");
    const bytes = await readFile(join(folderOf(sha256), sha256)).catch(() => undefined);
    if (bytes && sha256Hex(bytes) !== sha256) throw new ArtifactError(`the file ${sha256} was altered`);
    return bytes;
  };
  return {
    async put(bytes) {
      const sha256 = sha256Hex(bytes);
      if (await read(sha256).catch(() => undefined)) return sha256;
      const folder = folderOf(sha256);
      await mkdir(folder, { recursive: true });
      const temporary = join(folder, `${sha256}.${randomUUID()}.part`);
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, join(folder, sha256));
      const parent = await open(folder, 'r');
      await parent.sync().finally(() => parent.close());
      return sha256;
    },
    async get(sha256) {
      const bytes = await read(sha256);
      if (!bytes) throw new ArtifactError(`the file ${sha256} is not there`);
      return bytes;
    },
    async remove(sha256) {
      if (!SHA256.test(sha256)) throw new ArtifactError("a file's SHA-256 must be 64 lower-case hexadecimal digits");
      try {
        await unlink(join(folderOf(sha256), sha256));
        return true;
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return false;
        throw error;
      }
    },
  };
}
