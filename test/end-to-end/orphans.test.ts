/** Whatever ends a starter, its servers end too, and soon. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { childEnvironment } from '../../src/config/index.ts';
import { freePort, removeDataDir } from '../../src/local/index.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const START_LIMIT_MS = 120_000;
/** A worker may drain for 25 s when something is at work; nothing is here. */
const END_LIMIT_MS = 20_000;

let folder: string;
let env: Record<string, string>;
let started: ChildProcess[] = [];

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'aol-orphans-')));
  const [api, temporal, page, postgres] = await Promise.all(Array.from({ length: 4 }, () => freePort()));
  env = childEnvironment({
    NODE_OPTIONS: undefined,
    DATABASE_URL: undefined,
    TEMPORAL_ADDRESS: undefined,
    AOL_DATA_DIR: join(folder, 'data'),
    AOL_API_PORT: String(api),
    AOL_TEMPORAL_PORT: String(temporal),
    AOL_TEMPORAL_UI_PORT: String(page),
    AOL_POSTGRES_PORT: String(postgres),
  });
});

afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  started = [];
  await until('everything has ended', async () => (await ours()).length === 0, END_LIMIT_MS * 2);
}, 60_000);

afterAll(async () => {
  removeDataDir(join(folder, 'data'));
  await rm(folder, { recursive: true, force: true });
});

/** Lines of `ps` about processes that name the folder or one of its ports. */
async function ours(): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,args=']);
  const marks = [folder, ` ${env.AOL_TEMPORAL_PORT} `, ` -p ${env.AOL_POSTGRES_PORT} `];
  return stdout.split('\n').filter((line) => marks.some((mark) => line.includes(mark)));
}

interface Started {
  readonly child: ChildProcess;
  /** Everything that it has said. */
  readonly text: () => string;
  readonly exited: Promise<void>;
}

function start(args: readonly string[], program = join(root, 'dist', 'src', 'cli', 'main.js')): Started {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  }
  return { child, text: () => text, exited: new Promise((resolve) => child.once('exit', () => resolve())) };
}

async function up(program?: string): Promise<Started> {
  const begun = start(['up'], program);
  await until(
    'it is ready',
    () => {
      if (begun.child.exitCode !== null) throw new Error(`it ended while it started:\n${begun.text()}`);
      return begun.text().includes('AOL is ready');
    },
    START_LIMIT_MS,
  );
  expect((await ours()).length).toBeGreaterThanOrEqual(2);
  return begun;
}

const allGone = () =>
  until(
    'nothing of it is left',
    async () => {
      const left = await ours();
      return left.length === 0;
    },
    END_LIMIT_MS,
  );

describe('aol up', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
    'ended by %s',
    async (signal) => {
      const { child, exited } = await up();
      child.kill(signal);
      await exited;
      await allGone();
    },
    180_000,
  );

  test('whose readers are gone', async () => {
    const { child, exited } = await up();
    child.stdout?.destroy();
    child.stderr?.destroy();
    // Something to say: a server that ended.
    const [line] = (await ours()).filter((each) => each.includes('start-dev'));
    process.kill(Number(line?.trim().split(' ')[0]), 'SIGKILL');
    await exited;
    await allGone();
  }, 180_000);

  test('killed while its reaper was killed before', async () => {
    const { child, exited } = await up();
    const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,args=']);
    const reapers = stdout
      .split('\n')
      .filter((line) => line.includes('reaper-process') && line.includes(` ${child.pid} `));
    expect(reapers).toHaveLength(1);
    process.kill(Number(reapers[0]?.trim().split(' ')[0]), 'SIGKILL');
    await until('there is another one', async () => {
      const now = (await run('ps', ['-eo', 'pid=,ppid=,args='])).stdout.split('\n');
      return now.some((line) => line.includes('reaper-process') && line.includes(` ${child.pid} `));
    });
    child.kill('SIGKILL');
    await exited;
    await allGone();
  }, 180_000);

  test('started anew at once after kill -9: nothing runs twice', async () => {
    const { child, exited } = await up();
    child.kill('SIGKILL');
    await exited;
    await up();
    await until('each runs once', async () => {
      const lines = await ours();
      const servers = lines.filter((line) => line.includes('start-dev') || line.includes(' -D '));
      return servers.length === 2;
    });
  }, 240_000);
});

describe('aol run', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'ended by %s while its servers start',
    async (signal) => {
      const { child, exited, text } = start(['run', '--ticks', '1']);
      await until('Temporal starts', () => text().includes('starting Temporal'), START_LIMIT_MS);
      await until('a server is there', async () => (await ours()).length > 0, START_LIMIT_MS);
      child.kill(signal);
      await exited;
      await allGone();
    },
    180_000,
  );

  test('whose reader goes after three lines: aol run --ticks 1 2>&1 | head -3', async () => {
    const command = `"${process.execPath}" "${join(root, 'dist', 'src', 'cli', 'main.js')}" run --ticks 1 2>&1 | head -3`;
    await run('sh', ['-c', command], { cwd: folder, env, timeout: START_LIMIT_MS });
    await allGone();
  }, 180_000);
});
