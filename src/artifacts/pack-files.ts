/** Packs as files: one for each tick, in a folder for each day. */

import { open, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtifactError } from '../domain/errors.ts';
import { sha256Hex } from '../domain/hashing.ts';
import {
  checkDirectory,
  ensureDirectory,
  entries,
  type Place,
  READ_ONLY,
  refuseOther,
  removeFile,
  statOf,
  withFile,
  writeWhole,
} from './files.ts';
import {
  dayOf,
  encodePack,
  isDay,
  isPackName,
  MAX_PACK_BYTES,
  memberUri,
  PACK_FOLDER,
  type PackKey,
  type PackMember,
  packUri,
  readIndex,
} from './pack.ts';
import type { NewArtifact, StoredArtifact, StoredPack } from './port.ts';

export async function writePack(
  { root, syncDirectory }: Place,
  tickId: string,
  artifacts: readonly NewArtifact[],
): Promise<string[]> {
  const pack = encodePack(tickId, artifacts);
  const key = { day: dayOf(Date.now()), fileName: pack.fileName };
  const { all, folder, file } = pathsOf(root, key);
  if (await ensureDirectory(all)) await syncDirectory(root);
  if (await ensureDirectory(folder)) await syncDirectory(all);
  refuseOther(await statOf(file));
  await writeWhole(folder, file, pack.bytes);
  await syncDirectory(folder);
  return pack.entries.map((entry) => memberUri(key, entry));
}

export async function readMember(root: string, member: PackMember, uri: string): Promise<Uint8Array> {
  const bytes = await readPackFile(root, member.pack, async (handle, size) => {
    if (member.offset + member.length > size) throw new ArtifactError(`${uri} is not whole`);
    const buffer = new Uint8Array(member.length);
    const { bytesRead } = await handle.read(buffer, 0, member.length, member.offset);
    return buffer.subarray(0, bytesRead);
  });
  if (sha256Hex(bytes) !== member.sha256) throw new ArtifactError(`the bytes of ${uri} were altered`);
  return bytes;
}

/** The artifacts in all packs that can be read. */
export async function* listMembers(root: string): AsyncGenerator<StoredArtifact> {
  for await (const { key } of packKeys(root)) {
    for (const entry of await indexOf(root, key)) {
      yield { uri: memberUri(key, entry), actionId: entry.actionId, sha256: entry.sha256 };
    }
  }
}

/** Packs written before, but none that is damaged: nobody knows whose it is. Empty folders of earlier days go. */
export async function* oldPacks(root: string, beforeMs: number): AsyncGenerator<StoredPack> {
  const lastDay = dayOf(beforeMs);
  let folder = '';
  for await (const { key } of packKeys(root, lastDay)) {
    const paths = pathsOf(root, key);
    if (folder !== paths.folder) await removeEmpty(folder);
    folder = key.day < lastDay ? paths.folder : '';
    const found = await statOf(paths.file);
    if (!found || found.mtimeMs >= beforeMs) continue;
    const index = await indexOf(root, key);
    if (index.length > 0) yield { uri: packUri(key), actionIds: index.map((entry) => entry.actionId) };
  }
  await removeEmpty(folder);
}

export async function removePack(root: string, key: PackKey): Promise<boolean> {
  const { all, folder, file } = pathsOf(root, key);
  for (const directory of [all, folder]) await checkDirectory(directory);
  return removeFile(file);
}

/** The folders in which packs, and what writers of packs left, may lie. */
export async function* packFolders(root: string, lastDay?: string): AsyncGenerator<string> {
  const all = join(root, PACK_FOLDER);
  if (!(await statOf(all))?.isDirectory()) return;
  for await (const day of entries(all)) {
    if (day.isDirectory() && isDay(day.name) && (lastDay === undefined || day.name <= lastDay)) yield day.name;
  }
}

async function* packKeys(root: string, lastDay?: string): AsyncGenerator<{ readonly key: PackKey }> {
  for await (const day of packFolders(root, lastDay)) {
    for await (const entry of entries(join(root, PACK_FOLDER, day))) {
      if (entry.isFile() && isPackName(entry.name)) yield { key: { day, fileName: entry.name } };
    }
  }
}

async function indexOf(root: string, key: PackKey): Promise<ReturnType<typeof readIndex>> {
  try {
    return readIndex(await readPackFile(root, key, async (handle) => new Uint8Array(await handle.readFile())));
  } catch (error) {
    if (error instanceof ArtifactError) return [];
    throw error;
  }
}

async function readPackFile<Result>(
  root: string,
  key: PackKey,
  use: (handle: Awaited<ReturnType<typeof open>>, size: number) => Promise<Result>,
): Promise<Result> {
  const { all, folder, file } = pathsOf(root, key);
  for (const directory of [all, folder]) await checkDirectory(directory);
  return withFile(await open(file, READ_ONLY), async (handle) => {
    const found = await handle.stat();
    if (!found.isFile() || found.size > MAX_PACK_BYTES) throw new ArtifactError(`${packUri(key)} is no pack`);
    return use(handle, found.size);
  });
}

function pathsOf(root: string, { day, fileName }: PackKey) {
  if (!isDay(day) || !isPackName(fileName)) throw new ArtifactError('refused: the pack would lie outside its store');
  const all = join(root, PACK_FOLDER);
  const folder = join(all, day);
  return { all, folder, file: join(folder, fileName) };
}

async function removeEmpty(folder: string): Promise<void> {
  if (folder !== '') await rmdir(folder).catch(() => undefined);
}
