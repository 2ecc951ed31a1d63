/** Whether PostgreSQL can be used: told of PostgreSQL, and not of how busy this process is. */

import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postgresHealth } from '../../src/db/look/health.ts';
import { createPool } from '../../src/db/pool.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('an answer that this process is too busy to read is waited for', async () => {
  const pool = createPool({ databaseUrl: database.url, applicationName: 'test' });
  const busy = new AbortController();
  const work = () => {
    if (busy.signal.aborted) return;
    const until = performance.now() + 250;
    while (performance.now() < until);
    // The event loop turns once between two pieces of work.
    setImmediate(work);
  };
  setImmediate(work);
  const health = await postgresHealth(pool);
  busy.abort();
  expect(health).toMatchObject({ ok: true, detail: expect.stringMatching(/^PostgreSQL \d/) });
  expect(health.latencyMs).toBeGreaterThan(1_000);
  await pool.end();
});

test('a server that says nothing is away after a second', async () => {
  const clients: Socket[] = [];
  const silent = createServer((client) => clients.push(client));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const url = new URL(database.url);
  url.port = typeof address === 'object' && address !== null ? String(address.port) : '';
  const pool = createPool({ databaseUrl: url.href, applicationName: 'test' });
  expect(await postgresHealth(pool)).toEqual({ ok: false, detail: 'no answer within 1000 ms', latencyMs: null });
  for (const client of clients) client.destroy();
  await pool.end();
  await new Promise((resolve) => silent.close(resolve));
});
