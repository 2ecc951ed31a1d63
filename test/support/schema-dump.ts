/** The schema that the migrations make, as text: `migrations/schema.sql`. Run by itself it writes that file (`npm run schema`). */

import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { loadConfig } from '../../src/config/index.ts';
import { migrate } from '../../src/db/keep/migrate.ts';
import { freePort, removeDataDir, startPostgres } from '../../src/local/index.ts';

export const schemaFile = fileURLToPath(new URL('../../migrations/schema.sql', import.meta.url));

const HEAD = `-- The schema after all migrations, written by \`npm run schema\`; a test compares it with a fresh database.
-- Functions are named only: the engine's stand in src/db/sql, the others in the migrations that made them.
`;

const OURS = `nspname = 'public' AND relname LIKE 'aol\\_%' AND relname NOT LIKE 'aol\\_migrations%'`;

/** Tables with their columns and rules, indexes, triggers, views, sequences, functions: each a line, in order. */
export async function dumpSchema(client: Pick<pg.ClientBase, 'query'>): Promise<string> {
  const { rows } = await client.query<{ line: string }>(`
    SELECT line FROM (
      SELECT 1 AS part, relname AS name, attnum::int AS place, format('%s.%s %s%s%s', relname, attname, format_type(atttypid, atttypmod),
        CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END, CASE WHEN d.oid IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END) AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = attnum
      WHERE ${OURS} AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
      UNION ALL SELECT 2, relname || conname, 0, format('%s: %s %s', relname, conname, pg_get_constraintdef(k.oid))
      FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE ${OURS} AND contype <> 'n'
      UNION ALL SELECT 3, indexname, 0, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename LIKE 'aol\\_%' AND tablename NOT LIKE 'aol\\_migrations%'
      UNION ALL SELECT 4, tgname, 0, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        JOIN pg_namespace n ON n.oid = relnamespace WHERE ${OURS} AND NOT tgisinternal
      UNION ALL SELECT 5, relname, 0, format('%s %s', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'SEQUENCE' END, relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${OURS} AND relkind IN ('v', 'S')
      UNION ALL SELECT 6, proname, 0, format('FUNCTION %s(%s) RETURNS %s', proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid))
      FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public' AND proname LIKE 'aol\\_%'
    ) AS lines ORDER BY part, name, place`);
  return `${HEAD}\n${rows.map(({ line }) => line).join('\n')}\n`;
}

async function write(): Promise<void> {
  const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'aol-schema-')));
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const { cacheDir } = loadConfig().machine;
  const server = await startPostgres({ dataDir, port: await freePort(), cacheDir, log });
  try {
    await migrate(server.url);
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    writeFileSync(schemaFile, await dumpSchema(client));
    await client.end();
  } finally {
    await server.stop();
    removeDataDir(dataDir);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await write();
