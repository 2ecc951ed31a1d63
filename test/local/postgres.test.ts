import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { ConfigurationError } from '../../src/domain/errors.ts';
import { freePort, type PostgresServer, startPostgres } from '../../src/local/index.ts';
import { isAlive } from '../../src/local/processes.ts';

const isRoot = process.getuid?.() === 0;
let dataDir: string;
let lines: string[];
let servers: PostgresServer[];

beforeEach(() => {
  // mkdtemp gives 0700: as root the server's user cannot reach it.
  dataDir = mkdtempSync(join(tmpdir(), 'aol-postgres-'));
  lines = [];
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  const link = join(dataDir, 'postgres');
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) {
    rmSync(dirname(readlinkSync(link)), { recursive: true });
  }
  rmSync(dataDir, { recursive: true });
});

async function start(port: number, signal?: AbortSignal): Promise<PostgresServer> {
  const log = (line: string) => void lines.push(line);
  const server = await startPostgres({ dataDir, port, cacheDir: join(dataDir, 'cache'), log, signal });
  servers.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', () => {
  test('keeps its data over starts, takes over a server that was left behind, and stops', async () => {
    const port = await freePort();
    const first = await start(port);
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    expect(await query(first.url, 'SHOW fsync')).toEqual(['on']);
    expect(await query(first.url, 'SHOW server_encoding')).toEqual(['UTF8']);
    expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
    await expect(query(first.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/);
    expect(first.url).toContain(readFileSync(join(dataDir, 'postgres-password'), 'utf8').trim());

    if (isRoot) {
      // mkdtemp's 0700 keeps the server's user out: its data is elsewhere, behind a link.
      expect(readlinkSync(join(dataDir, 'postgres'))).toMatch(/^\/var\/lib\/aol\/[0-9a-f]{16}\/postgres$/);
      expect(lines.join()).toContain('/var/lib/aol/');
      expect(readFileSync(`/proc/${first.pid}/status`, 'utf8')).not.toMatch(/^Uid:\s+0/m);
    }

    // As after kill -9 of its parent: nobody stopped it.
    const second = await start(port);
    expect(lines.join()).toContain(`pid ${first.pid}`);
    await first.exited;
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([42]);

    await second.stop();
    expect(await second.exited).toEqual({ code: 0, signal: null });
    expect(isAlive(second.pid)).toBe(false);
  });

  test('starts under a narrow umask, and opens what an earlier start left too narrow', async () => {
    const umask = process.umask(0o077);
    try {
      const first = await start(await freePort());
      expect(await query(first.url, 'SELECT 1')).toEqual([1]);
      await first.stop();
      const link = join(dataDir, 'postgres');
      if (!lstatSync(link).isSymbolicLink()) return;
      chmodSync(dirname(readlinkSync(link)), 0o700);
      const second = await start(await freePort());
      expect(await query(second.url, 'SELECT 1')).toEqual([1]);
    } finally {
      process.umask(umask);
    }
  });

  test('a start that is given up, or finds its port taken, leaves nothing half-made', async () => {
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(new Error('given up')), 150);
    chmodSync(dataDir, 0o711);
    await expect(start(await freePort(), giveUp.signal)).rejects.toThrow('given up');
    expect(readdirSync(dataDir)).toEqual(['postgres-password']);

    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      await expect(start(port)).rejects.toThrow(ConfigurationError);
      await expect(start(port)).rejects.toThrow(/^AOL_POSTGRES_PORT: /);
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }

    lines = [];
    const { url } = await start(await freePort());
    expect(await query(url, 'SELECT 1')).toEqual([1]);
    expect(lines).toEqual([]);
    expect(lstatSync(join(dataDir, 'postgres')).isDirectory()).toBe(true);
  });
});
