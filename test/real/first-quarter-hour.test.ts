/** The commands of the first tutorial, typed beside Mailpit as they stand there; its press of Approve is a command here. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { INSTALL_LIMIT_MS, type Mailpit, startMailpit } from '../support/providers/index.ts';
import { readmeCommands, tutorialCommands } from '../support/readme.ts';
import { until } from '../support/until.ts';
import { START_LIMIT_MS, upEnvironment } from '../support/up.ts';

const run = promisify(execFile);
const cwd = fileURLToPath(new URL('../../', import.meta.url));
/** The README has the first of these too, and looks for the mail by its link. */
const findCommand = readmeCommands().at(-1) ?? '';
const [mailpitCommand, startCommand = '', ...commands] = tutorialCommands('first-quarter-hour');

let folder: string;
let mailpit: Mailpit;
let env: Record<string, string>;
let up: ChildProcess;
let output = '';

/** On the ports of this test. */
const typed = (command: string) =>
  command
    .replaceAll('http://127.0.0.1:8025', mailpit.url)
    .replaceAll('127.0.0.1:1025', `127.0.0.1:${mailpit.smtpPort}`)
    .replace(/^npx aol/u, 'node bin/aol.mjs')
    .replace('npm start', 'exec node bin/aol.mjs up');
const shell = async (command: string, values: Readonly<Record<string, string>> = {}) => {
  const filled = Object.entries(values).reduce((text, [name, value]) => text.replaceAll(name, value), typed(command));
  return (await run('sh', ['-c', filled], { cwd, env })).stdout;
};

beforeAll(async () => {
  mailpit = await startMailpit();
  folder = await mkdtemp(join(tmpdir(), 'aol-tutorial-'));
  env = await upEnvironment(folder);
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
    START_LIMIT_MS,
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
const ended = (id: string, status: string) =>
  until(`${id} is ${status}`, async () => {
    const action = await shown(id);
    return action.status === status && action;
  });

test('a mail is proved, promoted and received, one is approved and received, one waits while all is killed', async () => {
  const [prove = '', show = '', look = '', unlock = '', promote = '', list = '', ask = '', ...stop] = commands;
  expect([mailpitCommand, commands.length]).toEqual(['mailpit &', 11]);
  const { id } = actionSchema.parse(JSON.parse(await shell(`${prove} --json`)));
  const { artifactSha256 } = await ended(id, 'SUCCESS');
  const ours = { ID: id, HASH: artifactSha256 ?? '' };
  const page = await shell(show, ours);
  expect(page).toContain('SUCCESS: it was proved, nothing was sent');
  expect(page).toContain(`artifact sha256  ${ours.HASH}`);
  expect(await shell(look, ours)).toContain('Mail to ada@example.com from shop@brand.example');
  expect(await mailpit.mails()).toEqual([]);
  await shell(unlock);
  const promoted = actionSchema.parse(JSON.parse(await shell(`${promote} --json`, ours)));
  await ended(promoted.id, 'SUCCESS');
  expect(await shell(list)).toMatch(new RegExp(`${promoted.id} +SUCCESS +REAL`, 'u'));
  expect(await mailpit.mails()).toHaveLength(1);
  expect(await shell(findCommand, ours)).toContain('It is on its way.');

  const asking = actionSchema.parse(JSON.parse(await shell(`${ask} --json`)));
  const { artifactSha256: sha256 } = await ended(asking.id, 'AWAITING_APPROVAL');
  await shell(`npx aol approve ${asking.id} --sha256 ${sha256} --yes`);
  await ended(asking.id, 'SUCCESS');
  expect(await mailpit.mails()).toHaveLength(2);

  const [kill = '', later = '', status = '', start = ''] = stop;
  await shell(kill);
  expect(await shell(later)).toContain('the lane is killed');
  expect(await shell(status)).toContain('nothing is sent while its lanes are killed or paused');
  await shell(start);
}, 180_000);
