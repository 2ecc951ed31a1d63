/** The tables of AOL as they were at one moment: into an archive, and out of it into an empty schema. */

import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { z } from 'zod';
import { BackupError } from '../../domain/errors.ts';
import type { ArchiveWriter } from './archive.ts';

/** Sessions end with the installation; which migrations ran stands in the archive's description. */
const LEFT_OUT = ['aol_sessions', 'aol_migrations', 'aol_migrations_lock'];
const CHUNK_BYTES = 4 * 1024 * 1024;
const NAME = /^[a-z_][a-z0-9_]*$/u;

const nameSchema = z.string().regex(NAME);
export const tableSchema = z.object({ name: nameSchema, columns: z.array(nameSchema).min(1) });
export type Table = z.output<typeof tableSchema>;
export const sequenceSchema = z.object({ name: nameSchema, lastValue: z.string().regex(/^\d+$/).nullable() });
export type Sequence = z.output<typeof sequenceSchema>;

/** Every table after those that its foreign keys name. */
export async function listTables(client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; needs: string[] }>(
    `SELECT c.relname AS name,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
       ARRAY(SELECT DISTINCT f.confrelid::regclass::text FROM pg_constraint f
        WHERE f.contype = 'f' AND f.conrelid = c.oid AND f.confrelid <> c.oid) AS needs
     FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND starts_with(c.relname, 'aol_')
       AND c.relname <> ALL ($1) ORDER BY c.relname`,
    [LEFT_OUT],
  );
  const ordered: Table[] = [];
  let left = rows.map((row) => ({ ...row, needs: row.needs.filter((need) => !LEFT_OUT.includes(need)) }));
  while (left.length > 0) {
    const next = left.filter(({ needs }) => needs.every((need) => ordered.some(({ name }) => name === need)));
    if (next.length === 0) throw new Error(`tables depend on each other: ${left.map(({ name }) => name).join(', ')}`);
    ordered.push(...next.map(({ name, columns }) => ({ name, columns })));
    left = left.filter((table) => !next.includes(table));
  }
  return ordered;
}

export async function listSequences(client: pg.ClientBase): Promise<Sequence[]> {
  const { rows } = await client.query<Sequence>(
    `SELECT sequencename AS name, last_value::text AS "lastValue" FROM pg_sequences
     WHERE schemaname = current_schema() AND starts_with(sequencename, 'aol_') AND NOT starts_with(sequencename, 'aol_migrations')
     ORDER BY sequencename`,
  );
  return rows;
}

/** Adds a table's rows in PostgreSQL's text form, in entries of some megabytes. Answers how many rows. */
export async function dumpTable(
  client: pg.ClientBase,
  { name, columns }: Table,
  archive: ArchiveWriter,
): Promise<number> {
  const rows = client.query(copyTo(`COPY ${name} (${columns.join(', ')}) TO STDOUT`));
  let chunks: Uint8Array[] = [];
  let byteCount = 0;
  let part = 0;
  const flush = async () => {
    if (byteCount === 0) return;
    await archive.addBytes(`tables/${name}/${String(part).padStart(6, '0')}`, Buffer.concat(chunks));
    part += 1;
    chunks = [];
    byteCount = 0;
  };
  for await (const chunk of rows) {
    if (!(chunk instanceof Uint8Array)) throw new Error('COPY answers bytes');
    chunks.push(chunk);
    byteCount += chunk.byteLength;
    if (byteCount >= CHUNK_BYTES) await flush();
  }
  await flush();
  return rows.rowCount;
}

/** A table's rows, fed part by part. */
export interface TableLoad {
  add(part: Readable): Promise<void>;
  /** @throws BackupError when the database refuses a row */
  end(): Promise<void>;
}

export function loadTable(client: pg.ClientBase, { name, columns }: Table): TableLoad {
  const rows = client.query(copyFrom(`COPY ${name} (${columns.join(', ')}) FROM STDIN`));
  const finished = once(rows, 'finish');
  finished.catch(() => undefined);
  const refused = (error: unknown) => new BackupError(`the rows of ${name} cannot be restored`, { cause: error });
  return {
    async add(part) {
      try {
        await Promise.race([pipeline(part, rows, { end: false }), finished]);
      } catch (error) {
        throw refused(error);
      }
    },
    async end() {
      try {
        rows.end();
        await finished;
      } catch (error) {
        throw refused(error);
      }
    },
  };
}
