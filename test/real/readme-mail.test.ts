/** The README's commands for a mail, typed beside Mailpit as they stand there: received, and found by its link. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { childEnvironment } from '../../src/config/index.ts';
import { freePort } from '../../src/local/index.ts';
import { INSTALL_LIMIT_MS, type Mailpit, startMailpit } from '../support/providers/index.ts';
import { readmeMailCommands } from '../support/readme.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const cwd = fileURLToPath(new URL('../../', import.meta.url));
const [mailpitCommand, startCommand = '', ...commands] = readmeMailCommands();

let folder: string;
let mailpit: Mailpit;
let env: Record<string, string>;
let up: ChildProcess;
let output = '';

/** On the ports of this test. */
const typed = (command: string) =>
  command
    .replaceAll('127.0.0.1:1025', `127.0.0.1:${mailpit.smtpPort}`)
    .replaceAll('http://127.0.0.1:8025', mailpit.url)
    .replace(/^npx aol/u, 'node bin/aol.mjs')
    .replace('npm start', 'exec node bin/aol.mjs up');
const shell = async (command: string, values: Readonly<Record<string, string>> = {}) => {
  const filled = Object.entries(values).reduce((text, [name, value]) => text.replaceAll(name, value), typed(command));
  return (await run('sh', ['-c', filled], { cwd, env })).stdout;
};

beforeAll(async () => {
  mailpit = await startMailpit();
  folder = await mkdtemp(join(tmpdir(), 'aol-readme-'));
  const [api, temporal, page, postgres] = (await Promise.all([1, 2, 3, 4].map(() => freePort()))).map(String);
  env = childEnvironment({
    AOL_DATA_DIR: folder,
    AOL_API_PORT: api,
    AOL_TEMPORAL_PORT: temporal,
    AOL_TEMPORAL_UI_PORT: page,
    AOL_POSTGRES_PORT: postgres,
    DATABASE_URL: undefined,
    TEMPORAL_ADDRESS: undefined,
    NODE_OPTIONS: undefined,
    AOL_PROOF_MODE: undefined,
  });
  up = spawn('sh', ['-c', typed(startCommand)], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [up.stdout, up.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  await until(
    'ready',
    () => {
      if (up.exitCode !== null) throw new Error(`it ended while it started:\n${output}`);
      return output.includes('AOL is ready');
    },
    120_000,
  );
}, INSTALL_LIMIT_MS);
afterAll(async () => {
  const ended = new Promise((resolve) => up.once('exit', resolve));
  up.kill('SIGTERM');
  await ended;
  await mailpit.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const actionSchema = z.object({ id: z.string(), status: z.string(), artifactSha256: z.string().nullable() });
const shown = async (id: string) =>
  actionSchema.parse(JSON.parse(await shell('npx aol actions show ID --json', { ID: id })));
const succeeded = (id: string) =>
  until(`${id} has succeeded`, async () => {
    const action = await shown(id);
    return action.status === 'SUCCESS' && action;
  });

test('a mail is queued as a proof, looked at, promoted, received, and found by its link', async () => {
  const [enqueue = '', show = '', look = '', unlock = '', promote = '', list = '', find = ''] = commands;
  expect([mailpitCommand, commands.length]).toEqual(['mailpit &', 7]);
  const { id } = actionSchema.parse(JSON.parse(await shell(`${enqueue} --json`)));
  const { artifactSha256 } = await succeeded(id);
  const ours = { ID: id, HASH: artifactSha256 ?? '' };
  expect(await shell(show, ours)).toContain(`artifact sha256  ${ours.HASH}`);
  expect(await shell(look, ours)).toContain('Mail to ada@example.com from shop@brand.example');
  expect(await mailpit.mails()).toEqual([]);
  // A person is asked; here nobody is there.
  await shell(`${unlock} --yes`);
  const promoted = actionSchema.parse(JSON.parse(await shell(`${promote} --yes --json`, ours)));
  await succeeded(promoted.id);
  expect(await shell(list)).toMatch(new RegExp(`${promoted.id} +SUCCESS +REAL`, 'u'));
  expect(await shell(find, ours)).toContain('It is on its way.');
  expect(await mailpit.mails()).toHaveLength(1);
}, 120_000);
