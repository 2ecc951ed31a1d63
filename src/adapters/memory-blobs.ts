/** Files that are kept nowhere: for what is sent at once, and for tests. */

import { ArtifactError, InvalidRequestError } from '../domain/errors.ts';
import { sha256Hex } from '../domain/hashing.ts';
import type { Blobs } from './port.ts';

export function memoryBlobs(): Blobs {
  const files = new Map<string, { readonly bytes: Uint8Array; readonly mediaType: string }>();
  return {
    async describe(sha256) {
      const file = files.get(sha256);
      if (!file) throw new InvalidRequestError(`there is no file ${sha256}`);
      return { sha256, mediaType: file.mediaType, byteCount: file.bytes.byteLength };
    },
    async read(sha256) {
      const file = files.get(sha256);
      if (!file) throw new ArtifactError(`the file ${sha256} is not there`);
      return file.bytes;
    },
    async keep(bytes, mediaType) {
      const sha256 = sha256Hex(bytes);
      files.set(sha256, { bytes, mediaType });
      return { sha256, mediaType, byteCount: bytes.byteLength };
    },
  };
}
