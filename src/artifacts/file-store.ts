/** Artifacts as files below one directory: written whole or not at all, and never through a link. */

import { open } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { ArtifactError, errorCode } from '../domain/errors.ts';
import { sha256Hex } from '../domain/hashing.ts';
import { BLOB_FOLDER } from './blobs.ts';
import {
  checkDirectory,
  createDirectorySync,
  ensureDirectory,
  entries,
  type Place,
  READ_ONLY,
  refuseOther,
  removeFile,
  statOf,
  storeError,
  TEMPORARY_NAME,
  unlinked,
  withFile,
  writeWhole,
} from './files.ts';
import { createLimiter } from './limiter.ts';
import { isPackedUri, PACK_FOLDER, parseMemberUri, parsePackUri } from './pack.ts';
import { listMembers, oldPacks, packFolders, readMember, removePack, writePack } from './pack-files.ts';
import {
  type ArtifactKey,
  type ArtifactStore,
  artifactKey,
  artifactUri,
  parseArtifactUri,
  parseFileName,
} from './port.ts';

/** Node runs four file operations at once; a few more keep those busy. */
const MAX_CONCURRENT_WRITES = 16;
/** Effects are at most 1 MiB; anything larger was not written by us. */
const MAX_ARTIFACT_BYTES = 4 * 1024 * 1024;

/** @param directory made when the first artifact is put, together with its parents */
export function createFileStore(directory: string): ArtifactStore {
  const root = resolve(directory);
  const place: Place = { root, syncDirectory: createDirectorySync() };
  const limited = createLimiter(MAX_CONCURRENT_WRITES);
  return {
    async put(actionId, sha256, bytes) {
      const key = artifactKey(actionId, sha256);
      if (sha256Hex(bytes) !== sha256) throw new ArtifactError(`the bytes of ${artifactUri(key)} have another SHA-256`);
      try {
        await limited(() => write(place, key, bytes));
      } catch (error) {
        throw storeError(error, `writing ${artifactUri(key)}`);
      }
      return artifactUri(key);
    },

    async putAll(tickId, artifacts) {
      try {
        return await limited(() => writePack(place, tickId, artifacts));
      } catch (error) {
        throw storeError(error, `writing the artifacts of tick ${tickId}`);
      }
    },

    async get(uri) {
      const readIt = reader(root, uri);
      try {
        return await readIt();
      } catch (error) {
        if (errorCode(error) === 'ENOENT') throw new ArtifactError(`${uri} is missing`, { cause: error });
        throw storeError(error, `reading ${uri}`);
      }
    },

    async *list() {
      yield* listFiles(root);
      yield* listMembers(root);
    },

    async *files({ olderThanMs }) {
      const beforeMs = Date.now() - olderThanMs;
      for await (const artifact of listFiles(root)) {
        const { file } = pathsOf(root, parseArtifactUri(artifact.uri));
        if (((await statOf(file))?.mtimeMs ?? beforeMs) < beforeMs) yield artifact;
      }
    },

    packs: ({ olderThanMs }) => oldPacks(root, Date.now() - olderThanMs),

    async removePack(uri) {
      const key = parsePackUri(uri);
      try {
        return await removePack(root, key);
      } catch (error) {
        throw storeError(error, `removing ${uri}`);
      }
    },

    async remove(uri) {
      if (isPackedUri(uri)) {
        parseMemberUri(uri);
        return false;
      }
      const key = parseArtifactUri(uri);
      try {
        return await remove(root, key);
      } catch (error) {
        throw storeError(error, `removing ${uri}`);
      }
    },

    async sweep(options) {
      try {
        return await sweep(root, options);
      } catch (error) {
        throw storeError(error, 'sweeping artifacts');
      }
    },
  };
}

function reader(root: string, uri: string): () => Promise<Uint8Array> {
  if (isPackedUri(uri)) {
    const member = parseMemberUri(uri);
    return () => readMember(root, member, uri);
  }
  const key = parseArtifactUri(uri);
  return () => read(root, key);
}

function pathsOf(root: string, key: ArtifactKey) {
  const shard = join(root, key.shard);
  const file = resolve(shard, key.fileName);
  if (!file.startsWith(shard + sep)) throw new ArtifactError('refused: the artifact would lie outside its store');
  return { shard, file };
}

async function write({ root, syncDirectory }: Place, key: ArtifactKey, bytes: Uint8Array): Promise<void> {
  const { shard, file } = pathsOf(root, key);
  const isNew = await ensureDirectory(shard);
  const writing = async () => {
    if (isNew || !(await isStored(root, key, file))) await writeWhole(shard, file, bytes);
    await syncDirectory(shard);
  };
  await Promise.all([isNew ? syncDirectory(root) : undefined, writing()]);
}

/** Whether the right bytes are there already. A truncated or altered file of ours is written anew. */
async function isStored(root: string, key: ArtifactKey, file: string): Promise<boolean> {
  const found = await statOf(file);
  if (!found) return false;
  refuseOther(found);
  try {
    await read(root, key);
    return true;
  } catch (error) {
    if (error instanceof ArtifactError) return false;
    throw error;
  }
}

async function remove(root: string, key: ArtifactKey): Promise<boolean> {
  const { shard, file } = pathsOf(root, key);
  await checkDirectory(shard);
  return removeFile(file);
}

async function sweep(
  root: string,
  { olderThanMs, dryRun = false }: { readonly olderThanMs: number; readonly dryRun?: boolean },
): Promise<number> {
  const beforeMs = Date.now() - olderThanMs;
  let swept = 0;
  for await (const { shard, entry } of allEntries(root)) {
    if (!entry.isFile() || !TEMPORARY_NAME.test(entry.name)) continue;
    const file = join(root, shard, entry.name);
    const found = await statOf(file);
    if (!found?.isFile() || found.mtimeMs >= beforeMs) continue;
    if (dryRun || (await unlinked(file))) swept += 1;
  }
  return swept;
}

async function read(root: string, key: ArtifactKey): Promise<Uint8Array> {
  const { shard, file } = pathsOf(root, key);
  await checkDirectory(shard);
  const bytes = await withFile(await open(file, READ_ONLY), async (handle) => {
    const found = await handle.stat();
    if (!found.isFile() || found.size > MAX_ARTIFACT_BYTES) {
      throw new ArtifactError(`${artifactUri(key)} is not a file of an artifact's size`);
    }
    return new Uint8Array(await handle.readFile());
  });
  if (sha256Hex(bytes) !== key.sha256) throw new ArtifactError(`the bytes of ${artifactUri(key)} were altered`);
  return bytes;
}

async function* listFiles(root: string) {
  for await (const { shard, entry } of shardEntries(root)) {
    const key = entry.isFile() ? parseFileName(entry.name) : undefined;
    if (key?.shard !== shard) continue;
    yield { uri: artifactUri(key), actionId: key.actionId, sha256: key.sha256 };
  }
}

/** What stands in the directories of artifacts. */
async function* shardEntries(root: string) {
  for await (const shard of entries(root)) {
    if (!shard.isDirectory() || !/^[0-9a-f]{2}$/u.test(shard.name)) continue;
    for await (const entry of entries(join(root, shard.name))) yield { shard: shard.name, entry };
  }
}

async function* allEntries(root: string) {
  yield* shardEntries(root);
  // Files that go out with effects lie below in the same way.
  if ((await statOf(join(root, BLOB_FOLDER)))?.isDirectory()) {
    for await (const { shard, entry } of shardEntries(join(root, BLOB_FOLDER))) {
      yield { shard: join(BLOB_FOLDER, shard), entry };
    }
  }
  for await (const day of packFolders(root)) {
    const shard = join(PACK_FOLDER, day);
    for await (const entry of entries(join(root, shard))) yield { shard, entry };
  }
}
