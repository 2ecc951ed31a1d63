/** Where rendered effects are kept: the port, and the names that every store uses. */

import { ArtifactError } from '../domain/errors.ts';

export interface StoredArtifact {
  /** `artifact:<key>`: relative to the store, so that rows stay valid when the store moves. */
  readonly uri: string;
  readonly actionId: string;
  readonly sha256: string;
}

export interface NewArtifact {
  readonly actionId: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** One file with the artifacts of several actions. It can only go as a whole. */
export interface StoredPack {
  /** What the URIs of its artifacts begin with. */
  readonly uri: string;
  readonly actionIds: readonly string[];
}

export interface ArtifactStore {
  /** Stores bytes durably and answers their URI. The same artifact may be put again. */
  put(actionId: string, sha256: string, bytes: Uint8Array): Promise<string>;
  /**
   * Stores what one tick made, durably, all of it or nothing, at the price of one; answers the URIs in the order given. 8 MiB at
   * most. The same artifacts may be put again.
   */
  putAll(tickId: string, artifacts: readonly NewArtifact[]): Promise<string[]>;
  /** The bytes, after their SHA-256 was checked. Throws ArtifactError when they are missing or altered. */
  get(uri: string): Promise<Uint8Array>;
  /** Every artifact that is there, in no particular order. */
  list(): AsyncIterable<StoredArtifact>;
  /**
   * Removes an artifact; false when it was not there, or goes with its pack. Throws ArtifactError for what is no artifact of this
   * store.
   */
  remove(uri: string): Promise<boolean>;
  /** Single artifacts that were written longer ago than that. */
  files(options: { readonly olderThanMs: number }): AsyncIterable<StoredArtifact>;
  /** Packs that were written longer ago than that. */
  packs(options: { readonly olderThanMs: number }): AsyncIterable<StoredPack>;
  /** Removes a pack; false when it was not there. */
  removePack(uri: string): Promise<boolean>;
  /** Removes what writers that died left half written, if it is older than that, and answers how many; `dryRun` only counts. */
  sweep(options: { readonly olderThanMs: number; readonly dryRun?: boolean }): Promise<number>;
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u;
export const SHA256 = /^[0-9a-f]{64}$/u;
const FILE_NAME = /^([0-9a-f-]{36})-([0-9a-f]{64})\.json$/u;
export const SCHEME = 'artifact:';

export interface ArtifactKey {
  readonly actionId: string;
  readonly sha256: string;
  /** The last two digits of the id, which are random in a UUIDv7. */
  readonly shard: string;
  readonly fileName: string;
}

/** Throws ArtifactError unless the id is a UUID in lower case and the hash 64 lower-case hexadecimal digits. */
export function artifactKey(actionId: string, sha256: string): ArtifactKey {
  if (!UUID.test(actionId)) throw new ArtifactError("an artifact's action id must be a UUID in lower case");
  if (!SHA256.test(sha256)) throw new ArtifactError("an artifact's SHA-256 must be 64 lower-case hexadecimal digits");
  return { actionId, sha256, shard: actionId.slice(-2), fileName: `${actionId}-${sha256}.json` };
}

/** The key of a stored file's name, or undefined when it is none of ours. */
export function parseFileName(fileName: string): ArtifactKey | undefined {
  const [, actionId, sha256] = FILE_NAME.exec(fileName) ?? [];
  if (actionId === undefined || sha256 === undefined || !UUID.test(actionId)) return undefined;
  return artifactKey(actionId, sha256);
}

export function artifactUri({ shard, fileName }: ArtifactKey): string {
  return `${SCHEME}${shard}/${fileName}`;
}

/** Throws ArtifactError when the URI is not exactly one that `artifactUri` makes. */
export function parseArtifactUri(uri: string): ArtifactKey {
  const key = parseFileName(uri.slice(SCHEME.length + 3));
  if (!key || artifactUri(key) !== uri) throw new ArtifactError('this is no URI of an artifact');
  return key;
}
