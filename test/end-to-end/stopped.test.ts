/** A command that is stopped says so when nothing of it goes on any more. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { makeBackup } from '../../src/cli/backup/backup.ts';
import { restoreBackup } from '../../src/cli/backup/restore.ts';
import { StopAsked } from '../../src/cli/up/process-tree.ts';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { request } from '../support/engine.ts';
import { type Product, START_LIMIT_MS, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** That of `migrate`. */
const MIGRATION_LOCK = 0x616f6c;
const STOPPED = 'aol: stopped; what was done until then stays done\n';

let folder: string;
let product: Product;
let database: TestDatabase;
/** Of one action, in {@link database}. */
let archive: string;
const started: Command[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aol-stopped-'));
  product = await startProduct();
  await product.client.patchFlags({ flags: { tick_interval_ms: 0 } });
  database = await createTestDatabase();
  await enqueue(database.pool, [request()], 'test');
  archive = join(folder, 'aol.backup');
  await makeBackup(archive, { databaseUrl: database.url, artifactsFolder: join(folder, 'artifacts') });
}, START_LIMIT_MS);
afterEach(() => {
  for (const { kill } of started.splice(0)) kill('SIGKILL');
});
afterAll(async () => {
  await product?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
}, START_LIMIT_MS);

interface Command {
  /** What it has said and printed, in its order. */
  readonly text: () => string;
  readonly exitCode: () => number | null;
  readonly kill: (signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL') => void;
}

function aol(args: readonly string[], env: Readonly<Record<string, string>>): Command {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  }
  const command = {
    text: () => text,
    exitCode: () => child.exitCode,
    kill: (signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL') => void child.kill(signal),
  };
  started.push(command);
  return command;
}

/** The tests' own database instead of the product's, which is at work. */
const beside = () => ({ ...product.environment, DATABASE_URL: database.url, AOL_DATA_DIR: join(folder, 'data') });

async function countActions(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>('SELECT count(*)::integer AS count FROM aol_actions');
  return rows[0]?.count ?? 0;
}

async function isWaiting(): Promise<boolean> {
  const { rowCount } = await database.pool.query(
    `SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rowCount !== 0;
}

/** Runs the work while a connection of its own holds what a statement locks. */
async function whileLocked(statement: string, work: () => Promise<void>): Promise<void> {
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  try {
    await holder.query('BEGIN');
    await holder.query(statement);
    await work();
  } finally {
    await holder.end();
  }
}

test(
  'aol run asks for no more ticks',
  async () => {
    const run = aol(['run', '--ticks', '100000'], product.environment);
    await until('it ticks', () => run.text().includes('tick 2 of'), START_LIMIT_MS);
    run.kill('SIGTERM');
    await until('it has ended', () => run.exitCode() !== null, START_LIMIT_MS);
    expect(run.exitCode()).toBe(130);
    expect(run.text().endsWith(STOPPED)).toBe(true);
  },
  START_LIMIT_MS * 2,
);

describe('aol restore --replace', () => {
  test(
    'deletes nothing',
    async () => {
      await enqueue(database.pool, [request()], 'test');
      let restore: Command | undefined;
      await whileLocked(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`, async () => {
        const stopped = aol(['restore', archive, '--replace', '--yes'], beside());
        restore = stopped;
        await until('it waits for another migration', isWaiting, START_LIMIT_MS);
        stopped.kill('SIGINT');
        await until('it says so', () => stopped.text().includes(STOPPED));
      });
      await until('it has ended', () => restore?.exitCode() !== null);
      expect(restore?.exitCode()).toBe(130);
      // The backup has one.
      expect(await countActions()).toBe(2);
    },
    START_LIMIT_MS * 2,
  );

  test('that has begun to load the tables commits none', async () => {
    const emptied = await createTestDatabase();
    try {
      const stop = new AbortController();
      const target = { databaseUrl: emptied.url, artifactsFolder: join(folder, 'restored'), replace: true };
      const stopAtTables = (what: string) => {
        if (what === 'tables') stop.abort(new StopAsked('SIGINT'));
      };
      await expect(restoreBackup(archive, target, stopAtTables, stop.signal)).rejects.toBeInstanceOf(StopAsked);
      expect((await emptied.pool.query('SELECT FROM aol_actions')).rowCount).toBe(0);
    } finally {
      await emptied.drop();
    }
  });

  test('that has restored the tables marks what may have been sent since, whenever it is stopped', async () => {
    const replaced = await createTestDatabase();
    try {
      const stop = new AbortController();
      const target = { databaseUrl: replaced.url, artifactsFolder: join(folder, 'restored'), replace: true };
      const stopAtFiles = (what: string) => {
        if (what === 'artifacts and files') stop.abort(new StopAsked('SIGINT'));
      };
      await expect(restoreBackup(archive, target, stopAtFiles, stop.signal)).rejects.toBeInstanceOf(StopAsked);
      const { rows } = await replaced.pool.query('SELECT token > 1000 AS "isBeyond" FROM aol_lease');
      expect(rows).toEqual([{ isBeyond: true }]);
    } finally {
      await replaced.drop();
    }
  });
});

describe('aol backup', () => {
  test.each(['the table aol_actions', 'artifacts and files', 'reading it again'])(
    'that is stopped at %s leaves no file',
    async (at) => {
      const stop = new AbortController();
      const file = join(mkdtempSync(join(folder, 'leaves-')), 'aol.backup');
      const sources = { databaseUrl: database.url, artifactsFolder: join(folder, 'artifacts') };
      const stopThere = (what: string) => {
        if (what === at) stop.abort(new StopAsked('SIGINT'));
      };
      await expect(makeBackup(file, sources, stopThere, stop.signal)).rejects.toBeInstanceOf(StopAsked);
      expect(readdirSync(join(file, '..'))).toEqual([]);
    },
  );

  test(
    'that waits for a lock waits for its end, and ends at once when it is asked again',
    async () => {
      const file = join(folder, 'second.backup');
      await whileLocked('LOCK TABLE aol_actions IN ACCESS EXCLUSIVE MODE', async () => {
        const backup = aol(['backup', file], beside());
        await until('it waits for the table', isWaiting, START_LIMIT_MS);
        backup.kill('SIGINT');
        await until('it says that it stops', () => backup.text().includes('stopping'));
        await until('it has ended', () => {
          backup.kill('SIGINT');
          return backup.exitCode() !== null;
        });
        expect(backup.exitCode()).toBe(130);
        expect(backup.text()).not.toContain('stopped');
      });
      expect(existsSync(file)).toBe(false);
    },
    START_LIMIT_MS * 2,
  );
});
