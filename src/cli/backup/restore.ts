/** Restores a backup into an empty database: killed, and in doubt about what was sent since. */

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { databaseError } from '../../db/errors.ts';
import { migrate, migrateDown, migratedSteps } from '../../db/keep/migrate.ts';
import { createPool } from '../../db/pool.ts';
import { BackupError, errorCode } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { readArchive, verifyArchive } from './archive.ts';
import { type Description, readDescription } from './backup.ts';
import { type Doubts, markDoubts } from './doubt.ts';
import { listTables, loadTable, type Table, type TableLoad } from './tables.ts';

export interface RestoreTarget {
  readonly databaseUrl: string;
  readonly artifactsFolder: string;
  /** Whatever the database holds of AOL goes first. */
  readonly replace: boolean;
}

export interface RestoreReport extends Doubts {
  readonly at: string;
  readonly files: number;
}

const STATEMENT_TIMEOUT_MS = 600_000;

/**
 * Restores a backup. It is read whole and compared with its list before anything is touched, and its tables come back all or none.
 * When it returns, all lanes are killed.
 *
 * @param signal stops it between two steps. Before the tables are committed they stay empty. Once they are, what may have been sent
 * since is marked first.
 * @throws BackupError when the archive is not whole, is of a newer version, or the database is not empty
 */
export async function restoreBackup(
  file: string,
  target: RestoreTarget,
  progress: (what: string) => void = () => undefined,
  signal?: AbortSignal,
): Promise<RestoreReport> {
  progress('reading the archive');
  await verifyArchive(file, signal);
  const description = await readDescription(file);
  const { databaseUrl } = target;
  await refuseAtWork(databaseUrl);
  if (target.replace) {
    progress('deleting what the database holds');
    await migrateDown(databaseUrl, signal);
  } else if ((await migratedSteps(databaseUrl)).length > 0) {
    await refuseUsed(databaseUrl);
  }
  // First the tables as the backup knows them; later steps then change its rows as they changed everybody's.
  await migrate(databaseUrl, () => undefined, description.steps, signal);
  progress('tables');
  await loadTables(file, databaseUrl, description, signal);
  await migrate(databaseUrl);
  const doubts = await doubtAll(databaseUrl, description);
  progress('artifacts and files');
  const files = await extractFiles(file, target.artifactsFolder, signal);
  return { at: description.at, files, ...doubts };
}

async function doubtAll(databaseUrl: string, { at }: Description): Promise<Doubts> {
  const pool = createPool({
    databaseUrl,
    applicationName: 'aol-restore',
    maxConnections: 1,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  try {
    return await markDoubts(pool, at);
  } finally {
    await pool.end();
  }
}

async function refuseAtWork(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT DISTINCT application_name AS name FROM pg_stat_activity
       WHERE datname = current_database() AND application_name ~ '^aol-(worker|api)' ORDER BY 1`,
    );
    if (rows.length === 0) return;
    throw new BackupError(
      `these processes use the database, stop them first: ${rows.map(({ name }) => name).join(', ')}`,
    );
  });
}

async function refuseUsed(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    const { rows } = await client.query('SELECT FROM aol_actions LIMIT 1');
    if (rows.length > 0) {
      throw new BackupError('the database has actions: use an empty one, or --replace to delete them first');
    }
  });
}

/** All rows in one transaction, with the rules of the tables off: they are of changes, and these rows have changed already. */
async function loadTables(
  file: string,
  databaseUrl: string,
  { at, tables, sequences }: Description,
  signal: AbortSignal | undefined,
): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query('BEGIN');
    const here = await listTables(client);
    for (const { name } of here) await client.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
    for (const { name } of [...here].reverse()) await client.query(`DELETE FROM ${name}`);
    await copyAll(file, client, tables, signal);
    for (const { name, lastValue } of sequences) {
      if (lastValue !== null) await client.query('SELECT setval($1::regclass, $2::bigint)', [name, lastValue]);
    }
    await client.query(
      `INSERT INTO aol_control_flags AS f (lane, name, value, updated_by, reason) VALUES ($1, 'killed', 'true', 'restore', $2)
       ON CONFLICT (lane, name) DO UPDATE SET value = excluded.value, version = f.version + 1, updated_by = excluded.updated_by,
         reason = excluded.reason, updated_at = clock_timestamp()`,
      [ALL_LANES, `restored from a backup of ${at}`],
    );
    await client.query(
      `INSERT INTO aol_execution_logs (lane, event, level, actor, message)
       VALUES ($1, 'FLAG_CHANGED', 'WARNING', 'restore', $2)`,
      [ALL_LANES, `killed = true: restored from a backup of ${at}`],
    );
    for (const { name } of here) await client.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
    signal?.throwIfAborted();
    await client.query('COMMIT');
  });
}

async function copyAll(
  file: string,
  client: pg.Client,
  tables: readonly Table[],
  signal: AbortSignal | undefined,
): Promise<void> {
  let open: { readonly name: string; readonly load: TableLoad } | undefined;
  for await (const { name, content } of readArchive(file)) {
    signal?.throwIfAborted();
    const [folder, tableName] = name.split('/');
    if (folder !== 'tables') continue;
    const table = tables.find((one) => one.name === tableName);
    if (!table) throw new BackupError(`the archive has rows of ${tableName}, which it does not describe`);
    if (open?.name !== table.name) {
      await open?.load.end();
      open = { name: table.name, load: loadTable(client, table) };
    }
    await open.load.add(content);
  }
  await open?.load.end();
}

async function extractFiles(file: string, folder: string, signal: AbortSignal | undefined): Promise<number> {
  let count = 0;
  for await (const { name, content } of readArchive(file)) {
    signal?.throwIfAborted();
    if (!name.startsWith('files/')) continue;
    await extractFile(join(folder, name.slice('files/'.length)), content);
    count += 1;
  }
  return count;
}

/** What stands there already is what an earlier try left: the same bytes, or nothing is touched. */
async function extractFile(path: string, content: Readable): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const found = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
  if (!found) {
    await pipeline(content, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }));
    return;
  }
  const [there, wanted] = await Promise.all([sha256Of(createReadStream(path)), sha256Of(content)]);
  if (there !== wanted) throw new BackupError(`${path} is there with other bytes: name another folder for artifacts`);
}

async function sha256Of(content: Readable): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(content, hash);
  return hash.digest('hex');
}

async function withClient<Result>(databaseUrl: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'aol-restore',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw databaseError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
