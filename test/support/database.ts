/** Real databases for tests: each test file gets its own, cloned from one that was migrated once. */

import { randomBytes } from 'node:crypto';
import process from 'node:process';
import pg from 'pg';
import { schemaSteps } from '../../migrations/index.ts';
import { engineSql } from '../../src/db/keep/engine-sql.ts';
import { migrate } from '../../src/db/keep/migrate.ts';
import { createPool, type Database, type PoolOptions } from '../../src/db/pool.ts';

export interface TestDatabase {
  readonly url: string;
  readonly pool: Database;
  /** Whether new connections are taken; those that are open stay. */
  takeConnections(taken: boolean): Promise<void>;
  /** Closes the pool and drops the database, whoever is connected. */
  drop(): Promise<void>;
}

/** The server that the tests use; its user may create databases. */
export function testServerUrl(): string {
  // biome-ignore lint/style/noProcessEnv: the tests' only setting, set by the global set-up
  const url = process.env.AOL_TEST_DATABASE_URL;
  if (!url) throw new Error('AOL_TEST_DATABASE_URL is not set: run the tests by `npm test`');
  return url;
}

/** A fresh, migrated database of its own. Tests of what happens to who waits for a connection say how long it may take. */
export async function createTestDatabase(options: Partial<PoolOptions> = {}): Promise<TestDatabase> {
  const name = `aol_test_${randomBytes(6).toString('hex')}`;
  await withServer(async (server) => {
    await server.query('SELECT pg_advisory_lock(7465737400)');
    const template = await migratedTemplate(server);
    await server.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const url = databaseUrl(name);
  const pool = createPool({ databaseUrl: url, applicationName: 'aol-test', connectTimeoutMs: 30_000, ...options });
  // Beside other tests this process may be away from a transaction for longer than a server of ours ever is.
  pool.on('connect', (client) => client.query("SET idle_in_transaction_session_timeout = '30s'"));
  return {
    url,
    pool,
    async takeConnections(taken) {
      await withServer((server) => server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${taken}`));
    },
    async drop() {
      await pool.end();
      await withServer((server) => server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** Migrates once per version of the schema's text; the caller holds the lock. */
async function migratedTemplate(server: pg.Client): Promise<string> {
  const { createHash } = await import('node:crypto');
  const text = schemaSteps.map((step) => step.name + step.up.toString()).join() + (await schemaText()) + engineSql();
  const name = `aol_template_${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  const { rowCount } = await server.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 0) {
    const draft = `${name}_draft`;
    await server.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await server.query(`CREATE DATABASE ${draft}`);
    await migrate(databaseUrl(draft));
    await server.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
  }
  return name;
}

async function schemaText(): Promise<string> {
  const { readdir, readFile } = await import('node:fs/promises');
  const folder = new URL('../../migrations/', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort();
  return (await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')))).join('\n');
}

function databaseUrl(name: string): string {
  const url = new URL(testServerUrl());
  url.pathname = `/${name}`;
  return url.href;
}

async function withServer<Result>(work: (server: pg.Client) => Promise<Result>): Promise<Result> {
  const server = new pg.Client({ connectionString: testServerUrl() });
  await server.connect();
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}
