/** Files that go out with effects, each once under its SHA-256, beside the artifacts. */

import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ArtifactError, errorCode } from '../domain/errors.ts';
import { sha256Hex } from '../domain/hashing.ts';
import {
  createDirectorySync,
  ensureDirectory,
  READ_ONLY,
  removeFile,
  storeError,
  withFile,
  writeWhole,
} from './files.ts';
import { SHA256 } from './port.ts';

/** Within the store of artifacts. */
export const BLOB_FOLDER = 'blobs';

/** Each throws UnavailableError for what may pass: a disk that is full, or fails. */
export interface BlobStore {
  /** Stores bytes durably and answers their SHA-256. The same may be put again. */
  put(bytes: Uint8Array): Promise<string>;
  /** The bytes, after their SHA-256 was checked. Throws ArtifactError when they are missing or altered. */
  get(sha256: string): Promise<Uint8Array>;
  /** Removes one; false when it was not there. */
  remove(sha256: string): Promise<boolean>;
}

/** @param directory made when the first file is put, together with its parents */
export function createBlobStore(directory: string): BlobStore {
  const root = resolve(directory);
  const syncDirectory = createDirectorySync();
  return {
    async put(bytes) {
      const sha256 = sha256Hex(bytes);
      const { folder, file } = pathsOf(root, sha256);
      try {
        if (await isWhole(file, sha256)) return sha256;
        if (await ensureDirectory(folder)) await syncDirectory(root);
        await writeWhole(folder, file, bytes);
        await syncDirectory(folder);
        return sha256;
      } catch (error) {
        throw storeError(error, `writing the file ${sha256}`);
      }
    },
    get: (sha256) => readChecked(pathsOf(root, sha256).file, sha256),
    async remove(sha256) {
      try {
        return await removeFile(pathsOf(root, sha256).file);
      } catch (error) {
        throw storeError(error, `removing the file ${sha256}`);
      }
    },
  };
}

function pathsOf(root: string, sha256: string): { readonly folder: string; readonly file: string } {
  if (!SHA256.test(sha256)) throw new ArtifactError("a file's SHA-256 must be 64 lower-case hexadecimal digits");
  const folder = join(root, sha256.slice(0, 2));
  return { folder, file: join(folder, sha256) };
}

async function readChecked(file: string, sha256: string): Promise<Uint8Array> {
  try {
    const bytes = await withFile(await open(file, READ_ONLY), (handle) => handle.readFile());
    if (sha256Hex(bytes) !== sha256) throw new ArtifactError(`the file ${sha256} was altered`);
    return bytes;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new ArtifactError(`the file ${sha256} is not there`, { cause: error });
    throw storeError(error, `reading the file ${sha256}`);
  }
}

/** One that is missing or altered is written anew. */
async function isWhole(file: string, sha256: string): Promise<boolean> {
  try {
    await readChecked(file, sha256);
    return true;
  } catch (error) {
    if (error instanceof ArtifactError) return false;
    throw error;
  }
}
