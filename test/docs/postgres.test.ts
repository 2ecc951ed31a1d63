/** docs/how-to/postgres.md: its statements make two users, of whom one migrates and the other can change rows and nothing else. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../src/db/keep/migrate.ts';
import { testServerUrl } from '../support/database.ts';
import { sqlIn } from '../support/markdown.ts';

const page = readFileSync(new URL('../../docs/how-to/postgres.md', import.meta.url), 'utf8');
const name = `aol_doc_${randomBytes(4).toString('hex')}`;
/** The page's statements under names of this test: the server is everybody's. */
const [before = '', inside = ''] = (sqlIn(page)[0] ?? '')
  .replaceAll('aol_run', `${name}_run`)
  .replaceAll(/\baol\b/g, name)
  .split(/^\\connect .*$/m);

const urlAs = (user: string, password: string) => {
  const url = new URL(testServerUrl());
  [url.username, url.password, url.pathname] = [user, password, `/${name}`];
  return url.href;
};

async function connected<Result>(
  connectionString: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const statements = (text: string) =>
  text
    .split(';')
    .map((one) => one.trim())
    .filter(Boolean);

beforeAll(async () => {
  await connected(testServerUrl(), async (server) => {
    for (const statement of statements(before)) await server.query(statement);
  });
  const asAdmin = new URL(testServerUrl());
  asAdmin.pathname = `/${name}`;
  await connected(asAdmin.href, async (database) => {
    for (const statement of statements(inside)) await database.query(statement);
  });
  await migrate(urlAs(name, 'ONE'));
});

afterAll(async () => {
  await connected(testServerUrl(), async (server) => {
    await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await server.query(`DROP ROLE IF EXISTS ${name}_run`);
    await server.query(`DROP ROLE IF EXISTS ${name}`);
  });
});

test('the user that works changes rows', async () => {
  await connected(urlAs(`${name}_run`, 'ANOTHER'), async (database) => {
    await database.query(`SELECT aol_create_lane('blog', 'a test')`);
    const { rows } = await database.query(`SELECT lane FROM aol_lease WHERE lane = 'blog'`);
    expect(rows).toEqual([{ lane: 'blog' }]);
  });
});

test.each([
  'ALTER TABLE aol_actions DISABLE TRIGGER ALL',
  'ALTER TABLE aol_execution_logs DROP COLUMN detail',
  'DROP TABLE aol_lease',
  'TRUNCATE aol_execution_logs',
  "SET session_replication_role = 'replica'",
])('and cannot: %s', async (statement) => {
  await connected(urlAs(`${name}_run`, 'ANOTHER'), async (database) => {
    await expect(database.query(statement)).rejects.toThrow(/must be owner|permission denied/);
  });
});
