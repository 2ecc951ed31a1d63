/** PostgreSQL over TLS, as docs/how-to/postgres.md says it: on a server of its own, whose certificate is for 127.0.0.1. */

import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { loadConfig } from '../../src/config/index.ts';
import { rejectAction } from '../../src/db/decide/approvals.ts';
import { createPool, type Database, query, quickTransaction, snapshot, transaction } from '../../src/db/pool.ts';
import { freePort, type PostgresServer, startPostgres } from '../../src/local/index.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../support/receiver.ts';
import { awaiting, queued } from '../support/settled.ts';
import { until } from '../support/until.ts';

let folder: string;
let server: PostgresServer;
let authority: string;
let cli: TestCli;
const pools: Database[] = [];

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'aol-tls-')));
  // Passable: as root PostgreSQL runs as another user.
  chmodSync(folder, 0o711);
  authority = join(folder, 'ca.pem');
  writeFileSync(authority, TEST_CERTIFICATE);
  const { cacheDir } = loadConfig().machine;
  server = await startPostgres({ dataDir: folder, port: await freePort(), cacheDir, log: () => undefined });
  await useTls();
  cli = createTestCli({});
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  cli?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The server itself writes its files, because nobody else may read its key. From now on it takes nobody without TLS. */
async function useTls(): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  for (const [name, text] of [
    ['server.crt', TEST_CERTIFICATE],
    ['server.key', TEST_KEY],
    ['pg_hba.conf', 'hostssl all all 127.0.0.1/32 scram-sha-256'],
  ] as const) {
    const lines = `SELECT regexp_split_to_table('${text}', E'\\n')`;
    await client.query(`COPY (${lines}) TO PROGRAM 'umask 077; cat > ${name}'`);
  }
  await client.query('ALTER SYSTEM SET ssl = on');
  await client.query('SELECT pg_reload_conf()');
  await client.end();
  await until('the server takes TLS, and nothing else', () =>
    plainly().then(
      () => false,
      (error: Error) => /no pg_hba.conf entry.*no encryption/u.test(error.message),
    ),
  );
}

async function plainly(): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.end();
}

function address(mode: string, host = '127.0.0.1'): string {
  const url = new URL(server.url);
  url.hostname = host;
  url.search = `?sslmode=${mode}&sslrootcert=${authority}`;
  return url.href;
}

function pool(url: string, maxConnections = 10): Database {
  const made = createPool({ databaseUrl: url, applicationName: 'aol-test', maxConnections });
  pools.push(made);
  return made;
}

test('aol migrate, what is queued and what is decided, with the certificate and the name checked', async () => {
  const url = address('verify-full');
  expect(await cli.run(['migrate'], { env: { DATABASE_URL: url } })).toMatchObject({ exitCode: 0 });
  const db = pool(url);
  const text = 'ö'.repeat(30_000);
  const ids = await Promise.all(
    Array.from({ length: 30 }, (_, key) =>
      queued(db, { idempotencyKey: `tls-${key}`, payload: { platform: 'bluesky', content: text } }),
    ),
  );
  expect(new Set(ids).size).toBe(30);
  const rejected = await rejectAction(db, await awaiting(db, null), { actor: 'test' });
  expect(rejected.status).toBe('CANCELLED');
  const [lengths, isTls] = await snapshot(db, (connection) =>
    Promise.all([
      query(
        connection,
        "SELECT DISTINCT length(payload ->> 'content') AS length FROM aol_actions WHERE lane = 'default'",
      ),
      query(connection, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
    ]),
  );
  expect(lengths).toContainEqual({ length: text.length });
  expect(isTls).toEqual([{ ssl: true }]);
});

test('a transaction that leaves in few packets is whole, or not there', async () => {
  const db = pool(address('verify-full'), 1);
  await query(db, 'CREATE TABLE written (number integer PRIMARY KEY)');
  const write = (number: number) =>
    quickTransaction(db, (connection, { last }) => {
      const first = query(connection, 'INSERT INTO written VALUES ($1)', [number]);
      return Promise.all([first, last(query(connection, 'INSERT INTO written VALUES ($1)', [number + 1]))]);
    });
  await write(1);
  await expect(write(0)).rejects.toMatchObject({ code: 'AOL_INVALID_REQUEST' });
  expect(await query(db, 'SELECT number FROM written ORDER BY 1')).toEqual([{ number: 1 }, { number: 2 }]);
  await transaction(db, (connection) => query(connection, 'DROP TABLE written'));
});

test.each([
  [
    'a certificate that nobody known has signed',
    () => address('verify-full').replace(/&sslrootcert=.*/u, ''),
    /self-signed/u,
  ],
  ['a name that the certificate does not have', () => address('verify-full', 'localhost'), /altnames/u],
  ['no TLS', () => address('disable'), /no encryption/u],
])('%s is refused, and says so', async (_name, url, words) => {
  const refused = query(pool(url(), 1), 'SELECT 1');
  await expect(refused).rejects.toMatchObject({ code: 'AOL_UNAVAILABLE' });
  await expect(refused).rejects.toThrow(words);
});
