/** The artifact stores, chosen by location. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '../domain/errors.ts';
import { BLOB_FOLDER, type BlobStore, createBlobStore } from './blobs.ts';
import { createFileStore } from './file-store.ts';
import type { ArtifactStore } from './port.ts';

/**
 * The store at a location: `file:/absolute/path`, `file:relative/path` or `file:///url`. Touches nothing before it is
 * used. Throws ConfigurationError for a location that it does not know.
 */
export function createArtifactStore(location: string): ArtifactStore {
  return createFileStore(directoryOf(location));
}

/** The store of files beside the artifacts of a location. */
export function createBlobStoreAt(location: string): BlobStore {
  return createBlobStore(join(directoryOf(location), BLOB_FOLDER));
}

/** The directory that a location names. Throws ConfigurationError for a location that it does not know. */
function directoryOf(location: string): string {
  if (location.startsWith('file://')) return pathOfUrl(location);
  if (/^file:./u.test(location) && !location.includes('\u0000')) return location.slice('file:'.length);
  throw new ConfigurationError('AOL_ARTIFACTS', 'must be file:<directory>');
}

function pathOfUrl(location: string): string {
  try {
    return fileURLToPath(location);
  } catch (error) {
    throw new ConfigurationError('AOL_ARTIFACTS', 'must be file:<directory>', { cause: error });
  }
}

export type { ArtifactStore, StoredArtifact } from './port.ts';
