/** What adapters see of the store of files. */

import type { Blobs } from '../adapters/port.ts';
import type { BlobStore } from '../artifacts/blobs.ts';
import type { Database } from '../db/pool.ts';
import { addBlob, findBlob, useBlobs } from '../db/queue/blobs.ts';
import { sha256Hex } from '../domain/hashing.ts';

/** What an action keeps is recorded as used by it, and is not pruned before it. */
export function createBlobs(db: Database, store: BlobStore): (actionId: string) => Blobs {
  return (actionId) => ({
    async describe(sha256) {
      const { width, height, ...blob } = await findBlob(db, sha256);
      return width === null || height === null ? blob : { ...blob, width, height };
    },
    read: store.get,
    async keep(bytes, mediaType) {
      const blob = { sha256: sha256Hex(bytes), mediaType, byteCount: bytes.byteLength };
      await addBlob(db, { ...blob, width: null, height: null, createdBy: 'engine' });
      await useBlobs(db, actionId, [blob.sha256]);
      await store.put(bytes);
      return blob;
    },
  });
}
