/** The archive of a backup: a compressed tar file, whose last entry lists every other one with its SHA-256. */

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, lstat, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { z } from 'zod';
import { BackupError, errorCode, errorText } from '../../domain/errors.ts';

const MANIFEST = 'manifest.json';
/** No entry of a table is larger; a file's entry is as large as the file. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

const manifestSchema = z.object({
  format: z.literal(1),
  entries: z.array(z.object({ name: z.string(), byteCount: z.int(), sha256: z.string() })),
});

export interface ArchiveWriter {
  /** Adds an entry of exactly so many bytes. */
  add(name: string, byteCount: number, content: Readable): Promise<void>;
  addBytes(name: string, bytes: Uint8Array): Promise<void>;
}

/**
 * Writes an archive that appears whole or not at all, for this user alone. It does not replace a file.
 *
 * @param signal counts before each entry
 * @throws BackupError when the file is there already
 */
export async function writeArchive(
  file: string,
  fill: (writer: ArchiveWriter) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const temporary = join(dirname(file), `.${randomUUID()}.tmp`);
  const tar = pack();
  const entries: z.output<typeof manifestSchema>['entries'] = [];
  const written = pipeline(tar, createGzip(), createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }));
  // Seen when it is awaited below; until then a failing disk ends `fill` through the stream it writes to.
  written.catch(() => undefined);
  const add = async (name: string, byteCount: number, content: Readable) => {
    signal?.throwIfAborted();
    const hash = createHash('sha256');
    const entry = tar.entry({ name, size: byteCount, mode: 0o600 });
    content.on('data', (chunk: Uint8Array) => hash.update(chunk));
    await Promise.race([pipeline(content, entry), written.then(() => undefined)]);
    entries.push({ name, byteCount, sha256: hash.digest('hex') });
  };
  const addBytes = async (name: string, bytes: Uint8Array) => {
    const content = new PassThrough();
    content.end(bytes);
    await add(name, bytes.byteLength, content);
  };
  try {
    await refuseExisting(file);
    await fill({ add, addBytes });
    await addBytes(MANIFEST, Buffer.from(JSON.stringify({ format: 1, entries })));
    tar.finalize();
    await written;
    // A name that is taken meanwhile is not replaced.
    await link(temporary, file).catch((error: unknown) => {
      throw errorCode(error) === 'EEXIST' ? isThere(file) : error;
    });
  } finally {
    tar.destroy();
    // Why it failed is known by then; here it must only have let go of its file.
    await written.catch(() => undefined);
    await rm(temporary, { force: true });
  }
}

async function refuseExisting(file: string): Promise<void> {
  const found = await lstat(file).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
  if (found) throw isThere(file);
}

function isThere(file: string): BackupError {
  return new BackupError(`${file} is there already: name another file`);
}

/**
 * Each entry in the order in which it was written. Whoever asks for the next one has read this one, or leaves it.
 *
 * @throws BackupError when it breaks off, or names an entry that would lead out of the folder that it is restored into
 */
export async function* readArchive(
  file: string,
): AsyncGenerator<{ readonly name: string; readonly content: Readable }> {
  const tar = extract();
  const read = pipeline(createReadStream(file), createGunzip(), tar);
  read.catch(() => undefined);
  try {
    for await (const entry of tar) {
      const { name } = entry.header;
      if (leadsElsewhere(name)) throw new BackupError(`${file} names ${name}, which leads elsewhere`);
      yield { name, content: Readable.from(entry) };
      entry.resume();
    }
    await read;
  } catch (error) {
    throw notWhole(file, error);
  } finally {
    tar.destroy();
  }
}

function notWhole(file: string, cause: unknown): BackupError {
  if (cause instanceof BackupError) return cause;
  // Of the operating system: it is not there, or may not be read.
  const isOutside = /^E(?!RR_)[A-Z]+$/u.test(errorCode(cause) ?? '');
  const what = isOutside ? `cannot be read: ${errorText(cause)}` : 'is no whole archive of a backup';
  return new BackupError(`${file} ${what}`, { cause });
}

function leadsElsewhere(name: string): boolean {
  return name.split(/[/\\]/u).some((part) => ['', '.', '..'].includes(part));
}

/**
 * Reads a whole archive and compares it with its list: every entry is there once, with its SHA-256, and nothing else is.
 *
 * @param signal counts before each entry
 * @throws BackupError that names what is missing or altered
 */
export async function verifyArchive(
  file: string,
  signal?: AbortSignal,
): Promise<{ readonly entries: number; readonly byteCount: number }> {
  const found = new Map<string, { readonly byteCount: number; readonly sha256: string }>();
  let manifest: z.output<typeof manifestSchema> | undefined;
  try {
    for await (const { name, content } of readArchive(file)) {
      signal?.throwIfAborted();
      if (name === MANIFEST) manifest = manifestSchema.safeParse(await readJson(content)).data;
      else found.set(name, await digest(content));
    }
  } catch (error) {
    signal?.throwIfAborted();
    // An entry that breaks off says so to whoever reads it.
    throw notWhole(file, error);
  }
  if (!manifest)
    throw new BackupError(`${file} has no list of what must be in it: it was cut off, or is no backup of AOL`);
  for (const { name, byteCount, sha256 } of manifest.entries) {
    const there = found.get(name);
    if (!there) throw new BackupError(`${file} lacks ${name}`);
    if (there.sha256 !== sha256 || there.byteCount !== byteCount)
      throw new BackupError(`${name} in ${file} is altered`);
  }
  if (found.size !== manifest.entries.length)
    throw new BackupError(`${file} holds entries that its list does not have`);
  return { entries: found.size, byteCount: [...found.values()].reduce((sum, { byteCount }) => sum + byteCount, 0) };
}

async function digest(content: Readable): Promise<{ readonly byteCount: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let byteCount = 0;
  await pipeline(
    content,
    new Writable({
      write(chunk: Uint8Array, _encoding, done) {
        hash.update(chunk);
        byteCount += chunk.byteLength;
        done();
      },
    }),
  );
  return { byteCount, sha256: hash.digest('hex') };
}

/** @throws BackupError for what is no JSON */
export async function readJson(content: Readable): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of content) {
    if (!(chunk instanceof Uint8Array)) throw new BackupError('an archive holds bytes');
    byteCount += chunk.byteLength;
    if (byteCount > MAX_JSON_BYTES) throw new BackupError('an entry of the archive is too large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new BackupError('an entry of the archive is no JSON', { cause: error });
  }
}
