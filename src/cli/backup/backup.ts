/** Makes a backup: every table as it was at one moment, then every artifact and file. */

import { createReadStream } from 'node:fs';
import { lstat, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { databaseError } from '../../db/errors.ts';
import { migratedSteps } from '../../db/keep/migrate.ts';
import { BackupError, errorCode } from '../../domain/errors.ts';
import { type ArchiveWriter, readArchive, readJson, verifyArchive, writeArchive } from './archive.ts';
import { dumpTable, listSequences, listTables, sequenceSchema, tableSchema } from './tables.ts';

/** The first entry of an archive. */
const DESCRIPTION = 'backup.json';
const descriptionSchema = z.object({
  format: z.literal(1),
  /** By the database's clock: what was committed later is not in it. */
  at: z.iso.datetime({ offset: true }),
  steps: z.array(z.string()).min(1),
  tables: z.array(tableSchema).min(1),
  sequences: z.array(sequenceSchema),
});
export type Description = z.output<typeof descriptionSchema>;

export interface BackupSources {
  readonly databaseUrl: string;
  /** The folder of artifacts, with the files that payloads name. */
  readonly artifactsFolder: string;
}

export interface BackupReport {
  readonly file: string;
  readonly at: string;
  readonly rows: number;
  readonly files: number;
  /** Of tables and files, before they were compressed. */
  readonly byteCount: number;
}

/**
 * Writes a backup beside whatever is at work, and reads it again. One that is stopped leaves no file.
 *
 * @throws BackupError when the file is there already, or cannot be read again as it was written
 */
export async function makeBackup(
  file: string,
  { databaseUrl, artifactsFolder }: BackupSources,
  progress: (what: string) => void = () => undefined,
  signal?: AbortSignal,
): Promise<BackupReport> {
  const steps = await migratedSteps(databaseUrl);
  if (steps.length === 0) throw new BackupError('the database has no tables of AOL: there is nothing to back up');
  let at = '';
  let rows = 0;
  let files = 0;
  const fill = async (archive: ArchiveWriter) => {
    ({ at, rows } = await inSnapshot(databaseUrl, async (client, now) => {
      const description: Description = {
        format: 1,
        at: now,
        steps,
        tables: await listTables(client),
        sequences: await listSequences(client),
      };
      await archive.addBytes(DESCRIPTION, Buffer.from(JSON.stringify(description)));
      let dumped = 0;
      for (const table of description.tables) {
        progress(`the table ${table.name}`);
        dumped += await dumpTable(client, table, archive);
      }
      return { at: now, rows: dumped };
    }));
    // After the snapshot: a row names an artifact only once that is stored.
    progress('artifacts and files');
    files = await addFiles(archive, artifactsFolder, 'files');
  };
  await writeArchive(file, fill, signal);
  progress('reading it again');
  try {
    const { byteCount } = await verifyArchive(file, signal);
    return { file, at, rows, files, byteCount };
  } catch (error) {
    if (signal?.aborted) await rm(file);
    throw error;
  }
}

/**
 * What an archive says of itself: when it was made, and of which tables.
 *
 * @throws BackupError when it is no backup, or one of a newer version
 */
export async function readDescription(file: string): Promise<Description> {
  for await (const { name, content } of readArchive(file)) {
    if (name !== DESCRIPTION) break;
    const parsed = descriptionSchema.safeParse(await readJson(content));
    if (parsed.success) return parsed.data;
  }
  throw new BackupError(`${file} is not a backup that this version of AOL can read`);
}

async function inSnapshot<Result>(
  databaseUrl: string,
  work: (client: pg.Client, now: string) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'aol-backup',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ now: string }>(
      `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now`,
    );
    return await work(client, rows[0]?.now ?? '');
  } catch (error) {
    throw databaseError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Every file below a folder. One that retention removes meanwhile is left out: no row of the snapshot that is kept needs it. */
async function addFiles(archive: ArchiveWriter, folder: string, name: string): Promise<number> {
  let count = 0;
  for await (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    const nameInArchive = `${name}/${entry.name}`;
    if (entry.isDirectory()) count += await addFiles(archive, path, nameInArchive);
    else if (entry.isFile() && !entry.name.endsWith('.tmp') && (await addFile(archive, path, nameInArchive)))
      count += 1;
  }
  return count;
}

async function addFile(archive: ArchiveWriter, path: string, name: string): Promise<boolean> {
  const found = await lstat(path).catch(unlessGone);
  if (!found) return false;
  // A file of artifacts never changes once it has its name.
  const content = createReadStream(path, { end: Math.max(0, found.size - 1) });
  if (found.size === 0) await archive.addBytes(name, new Uint8Array());
  else await archive.add(name, found.size, content);
  return true;
}

async function* entriesOf(folder: string) {
  try {
    yield* await opendir(folder);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function unlessGone(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
}
