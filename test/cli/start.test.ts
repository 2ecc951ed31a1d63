/**
 * Every way to start `aol`, and every command, under every Node that people have: it goes on under Node 22, or says what it needs.
 * test/release takes every way for every command.
 */

import { copyFile, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nodePrograms } from '../support/nodes.ts';
import { commands, createStarts, each, helpOf, type Starts, WAYS, type Way } from '../support/ways-to-start.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_MS = 120_000;
/** npx takes twice as long as they do, and starts the second of them. */
const QUICK_WAYS: readonly Way[] = ['node bin/aol.mjs', "an installed package's bin"];

const nodes = await nodePrograms([20, 22, 24]);

let starts: Starts;
beforeAll(async () => {
  starts = await createStarts();
}, LIMIT_MS);
afterAll(() => starts.remove());

describe.each(nodes.map((node) => [`Node ${node.major}`, node] as const))('under %s', (_name, node) => {
  test.each(WAYS)(
    '%s: a worker, and a command that calls a server',
    async (way) => {
      const ask = (...args: string[]) => starts.start(node, way, args);
      if (way === 'its built file' && node.major < 22) {
        const refused = { code: 1, stderr: expect.stringMatching(/needs Node 22\.12 or newer/) };
        expect(await ask('worker')).toMatchObject(refused);
        return;
      }
      const [help, status] = await Promise.all([ask('worker', '--help'), ask('status')]);
      expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: aol worker') });
      expect(status).toMatchObject({ code: 5, stdout: '', stderr: expect.stringContaining('there are no tokens in') });
    },
    LIMIT_MS,
  );

  test(
    'every command',
    async () => {
      const turns = commands.map((command, at) => ({ command, at: at + nodes.indexOf(node) }));
      await each(turns, async ({ command, at }) => {
        const { found, expected } = await helpOf(starts, node, QUICK_WAYS[at % QUICK_WAYS.length] ?? WAYS[0], command);
        expect(found).toEqual(expected);
      });
    },
    LIMIT_MS,
  );
});

test('what is started as a worker has the settings of a worker', async () => {
  const [node] = nodes;
  if (!node) throw new Error('there is no Node');
  const copy = join(starts.folder, 'copy');
  const flags = join('dist', 'src', 'cli', 'up', 'node-flags.js');
  await mkdir(join(copy, 'bin'), { recursive: true });
  await mkdir(join(copy, 'dist', 'src', 'cli', 'up'), { recursive: true });
  for (const name of await readdir(join(root, 'bin'))) {
    await copyFile(join(root, 'bin', name), join(copy, 'bin', name));
  }
  await copyFile(join(root, flags), join(copy, flags));
  await writeFile(join(copy, 'package.json'), '{"type":"module"}');
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  await writeFile(
    join(copy, 'dist', 'src', 'cli', 'main.js'),
    'console.log(JSON.stringify({ flags: process.execArgv, arenas: process.env.MALLOC_ARENA_MAX }))',
  );
  const heard = async (...args: string[]) =>
    JSON.parse((await starts.startProgram(node, ['node', join(copy, 'bin', 'aol.mjs'), ...args])).stdout);
  const worker = { flags: ['--max-semi-space-size=4', '--max-old-space-size=512'], arenas: '2' };
  expect(await heard('--json', 'worker')).toEqual(worker);
  expect(await heard('api')).toEqual({ flags: [] });
});
