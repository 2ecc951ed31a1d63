/** What adapters see of the store of files. */

import { join } from 'node:path';
import type { Blobs } from '../adapters/port.ts';
import { createBlobStore } from '../artifacts/blobs.ts';
import { directoryOf } from '../artifacts/index.ts';
import { InvalidRequestError } from '../domain/errors.ts';

/** @param location of the artifacts: `file:/absolute/path` */
export function createBlobs(location: string): Blobs {
  const store = createBlobStore(join(directoryOf(location), 'blobs'));
  return {
    async describe(sha256) {
      throw new InvalidRequestError(`there is no file ${sha256}`);
    },
    read: store.get,
    async keep(bytes, mediaType) {
      return { sha256: await store.put(bytes), mediaType, byteCount: bytes.byteLength };
    },
  };
}
