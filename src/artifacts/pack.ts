/**
 * A pack: the artifacts of one tick in one file. Its first line is its index, then come the artifacts' bytes. Named by its tick and
 * its own content, so that a second, different pack of a tick never takes the first one's place.
 */

import { ArtifactError } from '../domain/errors.ts';
import { sha256Hex } from '../domain/hashing.ts';
import { artifactKey, type NewArtifact, SCHEME, UUID } from './port.ts';

/** A tick of the largest effects (1 MiB) is divided before it gets there. */
export const MAX_PACK_BYTES = 8 * 1024 * 1024;

export const PACK_FOLDER = 'pack';
const DAY = /^\d{4}-\d{2}-\d{2}$/u;
const FILE_NAME = /^([0-9a-f-]{36})-[0-9a-f]{16}\.pack$/u;
const PACK_URI = /^artifact:pack\/([0-9-]{10})\/([0-9a-f-]{36}-[0-9a-f]{16}\.pack)$/u;
const MEMBER_URI = /^(artifact:pack\/[^#]{1,80})#(\d{1,8})\+(\d{1,8}),([0-9a-f]{64})$/u;

export interface PackKey {
  /** Packs of a day lie together, so that old ones are found without looking at all. */
  readonly day: string;
  readonly fileName: string;
}

/** Where one artifact lies. */
export interface PackMember {
  readonly pack: PackKey;
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
}

export interface IndexEntry {
  readonly actionId: string;
  readonly sha256: string;
  readonly offset: number;
  readonly length: number;
}

export function isDay(name: string): boolean {
  return DAY.test(name);
}

export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** Whether a file's name is one that a pack has. */
export function isPackName(fileName: string): boolean {
  const tickId = FILE_NAME.exec(fileName)?.[1];
  return tickId !== undefined && UUID.test(tickId);
}

/**
 * The bytes of a pack, its name, and what is where. Throws ArtifactError for ids and hashes that could not be part of a name,
 * and for bytes that have another hash.
 */
export function encodePack(
  tickId: string,
  artifacts: readonly NewArtifact[],
): { readonly fileName: string; readonly bytes: Uint8Array; readonly entries: readonly IndexEntry[] } {
  if (!UUID.test(tickId)) throw new ArtifactError('a tick id must be a UUID in lower case');
  for (const { actionId, sha256, bytes } of artifacts) {
    artifactKey(actionId, sha256);
    if (sha256Hex(bytes) !== sha256) throw new ArtifactError(`the bytes of ${actionId} have another SHA-256`);
  }
  const index = artifacts.map(({ actionId, sha256, bytes }) => [actionId, sha256, bytes.byteLength]);
  const head = Buffer.from(`${JSON.stringify(index)}\n`);
  const bytes = Buffer.concat([head, ...artifacts.map((artifact) => artifact.bytes)]);
  if (bytes.byteLength > MAX_PACK_BYTES) throw new ArtifactError(`a pack has at most ${MAX_PACK_BYTES} bytes`);
  const fileName = `${tickId}-${sha256Hex(bytes).slice(0, 16)}.pack`;
  return { fileName, bytes, entries: entriesFrom(head.byteLength, index) };
}

/** What a pack says that it holds. Throws ArtifactError when it cannot be read. */
export function readIndex(bytes: Uint8Array): readonly IndexEntry[] {
  const end = bytes.indexOf(0x0a);
  const index = parse(Buffer.from(bytes.subarray(0, Math.max(0, end))).toString());
  if (!Array.isArray(index)) throw new ArtifactError('a pack without an index');
  return entriesFrom(end + 1, index);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ArtifactError('the index of a pack is damaged', { cause: error });
  }
}

function entriesFrom(start: number, index: readonly unknown[]): IndexEntry[] {
  let offset = start;
  return index.map((entry) => {
    const [actionId, sha256, length]: unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof actionId !== 'string' || typeof sha256 !== 'string' || typeof length !== 'number') {
      throw new ArtifactError('the index of a pack is damaged');
    }
    artifactKey(actionId, sha256);
    const here = { actionId, sha256, offset, length };
    offset += length;
    return here;
  });
}

export function packUri({ day, fileName }: PackKey): string {
  return `${SCHEME}${PACK_FOLDER}/${day}/${fileName}`;
}

export function memberUri(pack: PackKey, { offset, length, sha256 }: IndexEntry): string {
  return `${packUri(pack)}#${offset}+${length},${sha256}`;
}

export function isPackedUri(uri: string): boolean {
  return uri.startsWith(`${SCHEME}${PACK_FOLDER}/`);
}

/** Throws ArtifactError when the URI is not one that {@link packUri} makes. */
export function parsePackUri(uri: string): PackKey {
  const [, day, fileName] = PACK_URI.exec(uri) ?? [];
  if (day === undefined || fileName === undefined || !isDay(day) || !isPackName(fileName)) {
    throw new ArtifactError('this is no URI of a pack');
  }
  return { day, fileName };
}

/** Throws ArtifactError when the URI is not one that {@link memberUri} makes. */
export function parseMemberUri(uri: string): PackMember {
  const [, pack, offset, length, sha256] = MEMBER_URI.exec(uri) ?? [];
  if (pack === undefined || offset === undefined || length === undefined || sha256 === undefined) {
    throw new ArtifactError('this is no URI of an artifact');
  }
  return { pack: parsePackUri(pack), offset: Number(offset), length: Number(length), sha256 };
}
