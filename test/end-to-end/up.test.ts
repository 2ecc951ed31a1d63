/** The real thing as a user has it: `npm start`'s program as a child process, and the README's own commands beside it. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { removeDataDir } from '../../src/local/index.ts';
import { readmeCommands } from '../support/readme.ts';
import { until } from '../support/until.ts';
import { clientOf, START_LIMIT_MS, startUp, type Up, upEnvironment } from '../support/up.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;
let env: Record<string, string>;
let up: Up;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'aol-up-')));
  env = await upEnvironment(join(folder, 'data'));
  up = await start();
}, START_LIMIT_MS);

afterAll(async () => {
  up.child.kill('SIGTERM');
  await up.exited;
  removeDataDir(join(folder, 'data'));
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const start = () => startUp([process.execPath, 'bin/aol.mjs'], { cwd: root, env });
const aol = async (...args: string[]) =>
  (await run(process.execPath, ['bin/aol.mjs', ...args], { cwd: root, env })).stdout;
const aolFails = (...args: string[]) =>
  aol(...args).then(
    () => Promise.reject(new Error(`aol ${args.join(' ')} succeeded`)),
    (error: { code: number; stderr: string }) => error,
  );
const client = () => clientOf(env);
const readyz = async () => {
  const response = await fetch(`http://127.0.0.1:${env.AOL_API_PORT}/readyz`);
  return { status: response.status, body: await response.text() };
};
const proved = (id: string) =>
  until(`${id} is proved`, async () => {
    const action = await client()
      .getAction(id)
      .catch(() => null);
    return action?.status === 'SUCCESS' && action;
  });
/** The server's own pid, from the file that it keeps. */
const postgresPid = () => {
  const file = join(env.AOL_DATA_DIR ?? '', 'postgres', 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : Number.NaN;
};
const temporalPid = async () => {
  const { stdout } = await run('ps', ['-eo', 'pid=,args=']);
  const line = stdout
    .split('\n')
    .find((each) => each.includes('server start-dev') && each.includes(` ${env.AOL_TEMPORAL_PORT} `));
  return Number(line?.trim().split(' ')[0]);
};
const processesOfOurs = async () => {
  const { stdout } = await run('ps', ['-eo', 'pid=,args=']);
  return stdout.split('\n').filter((line) => line.includes(folder));
};

describe('a newcomer', () => {
  test("types the README's commands and sees the proof", async () => {
    const [begin, enqueue, show] = readmeCommands();
    expect(begin).toBe('npm start');
    const shell = (command: string) =>
      run('sh', ['-c', command.replace(/^npx aol/, 'node bin/aol.mjs')], { cwd: root, env });
    const { stdout } = await shell(`${enqueue} --json`);
    const { id } = JSON.parse(stdout);
    const action = await proved(id);
    expect(action).toMatchObject({ mode: 'PROOF', idempotencyKey: 'first' });
    const shown = (await shell((show ?? '').replace('ID', id))).stdout;
    expect(shown).toMatch(/status +SUCCESS/);
    expect(shown).toMatch(/mode +PROOF/);

    const bytes = await client().getArtifact(id);
    expect(createHash('sha256').update(bytes.bytes).digest('hex')).toBe(action.artifactSha256);
    expect(JSON.parse((await shell(`${enqueue} --json`)).stdout).id).toBe(id);
    const other = await aolFails(
      'enqueue',
      'POST_SOCIAL',
      '--payload',
      '{"platform":"x","content":"Other"}',
      '--key',
      'first',
    );
    expect(other.code).toBe(3);
    expect(other.stderr).toContain(id);
  }, 60_000);

  test('finds it from another terminal by its data folder alone, and the token nowhere but there', async () => {
    const elsewhere = { PATH: env.PATH, HOME: folder, AOL_DATA_DIR: env.AOL_DATA_DIR };
    const ask = (...args: string[]) => run(process.execPath, ['bin/aol.mjs', ...args], { cwd: root, env: elsewhere });
    expect((await ask('status')).stdout).toContain(`http://127.0.0.1:${env.AOL_API_PORT}`);
    for (const line of (await ask('doctor')).stdout.trim().split('\n')) expect(line).toMatch(/^ok /);
    const tokens: Record<string, string> = JSON.parse(
      readFileSync(join(env.AOL_DATA_DIR ?? '', 'tokens.json'), 'utf8'),
    );
    for (const token of Object.values(tokens)) expect(up.output()).not.toContain(token);
    expect(up.output()).toContain(`First action  AOL_DATA_DIR='${env.AOL_DATA_DIR}' npx aol enqueue`);
  }, 60_000);

  test('finds everything well with the doctor, and every artifact intact', async () => {
    for (const line of (await aol('doctor')).trim().split('\n')) expect(line).toMatch(/^ok /);
    expect(await aol('artifacts', 'verify')).toMatch(/0 wrong/);
  }, 30_000);

  test('cannot start a second one on the same data folder', async () => {
    const second = await aolFails('up');
    expect(second.code).not.toBe(0);
    expect(second.stderr).toMatch(/AOL_DATA_DIR.*in use by another/);
  }, 30_000);

  test('runs two ticks while it is up, and is told what they did', async () => {
    const text = await aol('run', '--ticks', '2', '--proof');
    expect(text.match(/^tick \d of 2/gm)).toHaveLength(2);
  }, 60_000);
});

describe('what is killed under it', () => {
  test('PostgreSQL: it is started again, and all goes on by itself', async () => {
    const pid = postgresPid();
    process.kill(pid, 'SIGKILL');
    // It may be back before anybody has noticed: /readyz keeps its answer for a second.
    await until('another one is there', () => {
      const now = postgresPid();
      return Number.isInteger(now) && now !== pid;
    });
    const request = {
      type: 'POST_SOCIAL',
      payload: { platform: 'x', content: 'after' },
      idempotencyKey: 'after the kill',
    };
    const action = await until('it takes actions again', () =>
      client()
        .enqueue(request)
        .catch(() => undefined),
    );
    await until('it is back', async () => (await readyz()).status === 200);
    await proved(action.id);
  }, 60_000);

  test('Temporal: enqueue still works, and the action is proved when it is back', async () => {
    const pid = await temporalPid();
    process.kill(pid, 'SIGKILL');
    const action = await client().enqueue({
      type: 'POST_SOCIAL',
      payload: { platform: 'x', content: 'meanwhile' },
    });
    await proved(action.id);
    expect(await temporalPid()).not.toBe(pid);
    await until('all is well', async () => (await readyz()).body.includes('"temporal":{"ok":true'));
  }, 60_000);
});

describe('stop and start', () => {
  test('Ctrl+C, twice within a moment as npm delivers it, stops in order and leaves no process', async () => {
    await aol('pause', '--reason', 'leave something to do');
    const action = await client().enqueue({ type: 'POST_SOCIAL', payload: { platform: 'x', content: 'tomorrow' } });
    up.child.kill('SIGINT');
    up.child.kill('SIGINT');
    expect(await up.exited).toBe(0);
    expect(await processesOfOurs()).toEqual([]);

    up = await start();
    expect((await client().getAction(action.id)).status).toBe('PENDING');
    await aol('resume');
    await proved(action.id);
    const { items } = await client().listActions({ limit: 200 });
    expect(items.every((item) => item.attempts === 1)).toBe(true);
  }, 90_000);

  test('after kill -9 the next start takes over what was left running', async () => {
    up.child.kill('SIGKILL');
    await up.exited;
    up = await start();
    const action = await client().enqueue({ type: 'POST_SOCIAL', payload: { platform: 'x', content: 'again' } });
    await proved(action.id);
  }, 90_000);

  test('killed stays killed over a restart', async () => {
    await aol('kill', '--yes', '--reason', 'test');
    up.child.kill('SIGTERM');
    expect(await up.exited).toBe(0);
    up = await start();
    const action = await client().enqueue({ type: 'POST_SOCIAL', payload: { platform: 'x', content: 'not yet' } });
    const status = await client().status();
    expect(status.lanes[0]).toMatchObject({ flags: { killed: true } });
    await aol('start');
    await proved(action.id);
  }, 90_000);
});
