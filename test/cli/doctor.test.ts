/** The doctor, on a stack that is well, and on each that is not: it names the cure. */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { z } from 'zod';
import { freePort } from '../../src/local/index.ts';
import type { AolWorker } from '../../src/worker/create-worker.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { type CliOptions, createTestCli, type TestCli } from '../support/cli.ts';
import { createTestDatabase, testServerUrl } from '../support/database.ts';
import { createTestNamespace } from '../support/namespace.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
let worker: AolWorker;
let api: TestApi;
let cli: TestCli;
/** Where nobody listens. */
let nobodysPort: string;
beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  worker = await stack.startWorker();
  api = await createTestApi({
    database: stack.db,
    temporal: { health: () => stack.gateway.health(), link: () => null },
  });
  // None of the machine's default ports: whatever runs there is none of the test's business.
  const [postgresPort, temporalPort, pagePort, nobody] = await Promise.all(Array.from({ length: 4 }, () => freePort()));
  nobodysPort = String(nobody);
  cli = createTestCli({
    AOL_POSTGRES_PORT: String(postgresPort),
    AOL_TEMPORAL_PORT: String(temporalPort),
    AOL_TEMPORAL_UI_PORT: String(pagePort),
    AOL_API_PORT: new URL(api.url).port,
    DATABASE_URL: stack.databaseUrl,
    TEMPORAL_ADDRESS: stack.temporal.address,
    TEMPORAL_NAMESPACE: stack.temporal.namespace,
  });
}, 60_000);
afterAll(async () => {
  cli.close();
  await api.close();
  await stack.stop();
});

const answerSchema = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string(), cure: z.string().nullable() })),
});

async function examine(options: CliOptions = {}) {
  const result = await cli.run(['doctor', '--json'], options);
  const { ok, checks } = answerSchema.parse(result.json());
  expect(result.exitCode).toBe(ok ? 0 : 1);
  for (const check of checks) expect(check.ok).toBe(check.cure === null);
  const bad = checks.filter((check) => !check.ok);
  return { names: checks.map(({ name }) => name), bad: bad.map(({ name }) => name), of: named(checks) };
}

function named<Check extends { name: string }>(checks: readonly Check[]) {
  return (name: string) => checks.find((check) => check.name === name);
}

const leaseIsHeld = () =>
  until('the lane is held', async () => {
    const { rows } = await stack.db.query('SELECT FROM aol_lease WHERE owner IS NOT NULL AND expires_at > now()');
    return rows.length > 0;
  });

describe('on a stack that is well', () => {
  test('every check passes', async () => {
    await stack.enqueue([{}]);
    await leaseIsHeld();
    const { names, bad } = await examine();
    expect(bad).toEqual([]);
    expect(names).toEqual([
      'node',
      'configuration',
      'data folder',
      'artifacts',
      'tokens',
      'postgres',
      'migrations',
      'temporal',
      'workers',
      'mode',
      'leases',
      'accounts',
      'notices',
      'holders',
      'ports',
      'api',
      'issuer',
    ]);
    const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
    const [, checks = ''] = page.split('| check | is well when |\n|---|---|\n');
    expect(checks.match(/^\| [^|]+/gm)?.flatMap((cell) => cell.slice(2).trim().split(', '))).toEqual(names);
    const { out } = await cli.run(['doctor']);
    for (const line of out.split('\n')) expect(line).toMatch(/^ok /);
  });

  test('a Temporal that does not know the holders of the leases is one too many', async () => {
    await leaseIsHeld();
    const other = await createTestNamespace();
    try {
      const { bad, of } = await examine({ env: { TEMPORAL_NAMESPACE: other.settings.namespace } });
      expect(bad).toEqual(['holders']);
      expect(of('holders')?.detail).toMatch(/default.*Two Temporals share this database/);
    } finally {
      await other.close();
    }
  });

  test('an issuer that does not answer is named', async () => {
    const env = {
      AOL_OIDC_ISSUER: 'http://127.0.0.1:1',
      AOL_OIDC_CLIENT_ID: 'aol',
      AOL_OIDC_CLIENT_SECRET: 'secret',
      AOL_OIDC_ROLES: 'ops=operator',
    };
    const { bad, of } = await examine({ env });
    expect(bad).toEqual(['issuer']);
    expect(of('issuer')?.cure).toContain('AOL_OIDC_ISSUER');
  });

  test('a key of REAL that the workers do not have is named', async () => {
    const { bad, of } = await examine({ env: { AOL_PROOF_MODE: '0' } });
    expect(bad).toEqual(['mode']);
    expect(of('mode')?.cure).toContain('restart the workers');
  });

  test('destinations of notices that no worker has, and one that does not answer', async () => {
    const { bad, of } = await examine({ env: { AOL_NOTICES: 'mailto:ops@example.com' } });
    expect(bad).toEqual(['notices']);
    expect(of('notices')?.detail).toBe('no worker has mailto:ops@example.com');
    await stack.db.query(`INSERT INTO aol_notice_destinations (name) VALUES ('mailto:ops@example.com')`);
    await stack.db.query(
      `INSERT INTO aol_notice_messages (id, destination, subject, content, last_error)
       VALUES (gen_random_uuid(), 'mailto:ops@example.com', 's', '{}', 'nothing listens there')`,
    );
    expect((await examine()).of('notices')?.detail).toBe('mailto:ops@example.com: nothing listens there');
    await stack.db.query('TRUNCATE aol_notices, aol_notice_messages, aol_notice_destinations');
  });

  test('workers of both modes are named', async () => {
    const second = await stack.startWorker({ proofMode: false });
    try {
      const { bad, of } = await examine();
      expect(bad).toEqual(['mode']);
      expect(of('mode')?.detail).toBe('1 worker runs in PROOF and 1 in REAL');
    } finally {
      await second.shutdown();
    }
  });
});

describe('on a machine that is not', () => {
  test('tokens that others may read', async () => {
    const env = { AOL_ADMIN_TOKEN: '', AOL_OPERATOR_TOKEN: '', AOL_VIEWER_TOKEN: '' };
    expect((await examine({ env })).bad).toEqual(['tokens']);
    const path = join(cli.dataDir, 'tokens.json');
    const [admin, operator, viewer] = ['a', 'o', 'v'].map((letter) => letter.repeat(40));
    writeFileSync(path, JSON.stringify({ admin, operator, viewer }));
    chmodSync(path, 0o644);
    const { bad, of } = await examine({ env });
    expect(bad).toEqual(['tokens']);
    expect(of('tokens')).toMatchObject({
      detail: expect.stringContaining('0644'),
      cure: expect.stringContaining('chmod 600'),
    });
    chmodSync(path, 0o600);
    expect((await examine({ env })).bad).toEqual([]);
  });

  test('a port that somebody else has', async () => {
    const stranger: Server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    try {
      const address = stranger.address();
      const port = typeof address === 'object' && address !== null ? String(address.port) : '';
      const { bad, of } = await examine({ env: { AOL_API_PORT: port } });
      expect(bad).toEqual(['ports', 'api']);
      expect(of('ports')?.cure).toContain('AOL_API_PORT');
    } finally {
      stranger.close();
    }
  });

  test('a wrong variable, a file where a folder should be, no servers', async () => {
    const wrong = await cli.run(['doctor'], { env: { AOL_PROOF_MODE: 'maybe' } });
    expect(wrong).toMatchObject({ exitCode: 1, out: expect.stringContaining('correct AOL_PROOF_MODE') });
    mkdirSync(cli.dataDir, { recursive: true });
    const file = join(cli.dataDir, 'file');
    writeFileSync(file, '');
    const env = {
      AOL_DATA_DIR: file,
      DATABASE_URL: '',
      TEMPORAL_ADDRESS: `127.0.0.1:${nobodysPort}`,
      AOL_API_PORT: nobodysPort,
    };
    const { bad } = await examine({ env });
    const notKnown = [
      'postgres',
      'migrations',
      'temporal',
      'workers',
      'mode',
      'leases',
      'accounts',
      'notices',
      'holders',
    ];
    expect(bad).toEqual(['data folder', 'artifacts', ...notKnown, 'api']);
  });

  test('a schema that is behind', async () => {
    const database = await createTestDatabase();
    try {
      await database.pool.query('DROP TABLE aol_migrations');
      const { of } = await examine({ env: { DATABASE_URL: database.url } });
      expect(of('postgres')?.ok).toBe(true);
      expect(of('migrations')?.cure).toBe('run `aol migrate`');
      expect(of('workers')?.cure).toBe('see postgres and migrations');
    } finally {
      await database.drop();
    }
  });

  test('no worker', async () => {
    await worker.shutdown();
    await until('its connections are gone', async () => {
      const { rows } = await stack.db.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'aol-worker%'`,
      );
      return rows.length === 0;
    });
    const { bad, of } = await examine();
    expect(bad).toEqual(['workers', 'leases']);
    expect(of('workers')?.cure).toContain('aol worker');
    expect(of('leases')?.detail).toMatch(/RED: default/);
  });
});

test('a database in another encoding than UTF8 is refused by name, by migrate and doctor', async () => {
  const server = new pg.Client({ connectionString: testServerUrl() });
  await server.connect();
  const name = 'aol_test_latin1';
  try {
    await server.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`);
    const url = new URL(testServerUrl());
    url.pathname = `/${name}`;
    const env = { DATABASE_URL: url.href };
    const { of } = await examine({ env });
    expect(of('postgres')).toMatchObject({ ok: false, detail: expect.stringContaining('LATIN1') });
    const migrated = await cli.run(['migrate'], { env });
    expect(migrated.exitCode).toBe(5);
    expect(migrated.talk).toMatch(/DATABASE_URL.*LATIN1.*UTF8/);
  } finally {
    await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await server.end();
  }
});
