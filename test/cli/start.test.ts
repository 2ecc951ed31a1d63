/** Every way to start `aol`, under every Node that people have: it goes on under Node 22, or says what it needs. */

import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createProgram } from '../../src/cli/program.ts';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import { type NodeProgram, nodePrograms } from '../support/nodes.ts';

const runFile = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_MS = 120_000;
const AT_ONCE = 3;

const nodes = await nodePrograms([20, 22, 24]);
const commands = createProgram({ out: () => undefined, talk: () => undefined }, () => Promise.resolve()).commands.map(
  (command) => command.name(),
);

let folder: string;
let project: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aol-start-'));
  project = join(folder, 'project');
  await installInto(project);
}, LIMIT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** As `npm install aol` leaves it. */
async function installInto(to: string): Promise<void> {
  const modules = join(to, 'node_modules');
  await mkdir(join(modules, '.bin'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(modules, name));
  }
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await runFile('npm', pack, { cwd: root });
  await mkdir(join(modules, 'aol'));
  const tarball = join(folder, stdout.trim().split('\n').at(-1) ?? '');
  await runFile('tar', ['xzf', tarball, '-C', join(modules, 'aol'), '--strip-components=1']);
  await symlink('../aol/bin/aol.mjs', join(modules, '.bin', 'aol'));
  await writeFile(join(to, 'package.json'), '{}');
}

type Way = (args: readonly string[]) => readonly [program: string, ...string[]];
const WAYS = {
  'node bin/aol.mjs': (args) => ['node', join(root, 'bin', 'aol.mjs'), ...args],
  'npx aol': (args) => ['npx', '--no', 'aol', ...args],
  "an installed package's bin": (args) => [join(project, 'node_modules', '.bin', 'aol'), ...args],
  'its built file': (args) => ['node', join(root, 'dist', 'src', 'cli', 'main.js'), ...args],
} satisfies Record<string, Way>;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Node is what comes first on PATH, as where it is installed. */
async function start(node: NodeProgram, [program, ...args]: readonly [string, ...string[]]): Promise<Ended> {
  const first = join(folder, `node-${node.major}`);
  await mkdir(first, { recursive: true });
  await symlink(node.path, join(first, 'node')).catch(() => undefined);
  const env = childEnvironment({
    PATH: [first, loadConfig().machine.searchPath].join(delimiter),
    NODE_OPTIONS: undefined,
    AOL_DATA_DIR: join(folder, 'data'),
  });
  return runFile(program, args, { cwd: program === 'npx' ? root : project, env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Ended) => ({ code, stdout, stderr }),
  );
}

async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const next = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

describe.each(nodes.map((node) => [`Node ${node.major}`, node] as const))('under %s', (_name, node) => {
  test.each(Object.entries(WAYS))(
    '%s: a worker, and a command that calls a server',
    async (way, line) => {
      const ask = (...args: string[]) => start(node, line(args));
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

  // Which way is another one for each command and each Node, so that over the three of them each command is started by each.
  test(
    'every command',
    async () => {
      const ways = Object.entries(WAYS).slice(0, nodes.length);
      const turns = commands.map((command, at) => ({ command, way: ways[(at + nodes.indexOf(node)) % ways.length] }));
      await each(turns, async ({ command, way: [way, line] = ['', WAYS['node bin/aol.mjs']] }) => {
        const { code, stdout, stderr } = await start(node, line([command, '--help']));
        const help = stdout.includes(`Usage: aol ${command}`);
        const started = { command, way, code, help, stderr: code === 0 ? '' : stderr };
        expect(started).toEqual({ command, way, code: 0, help: true, stderr: '' });
      });
    },
    LIMIT_MS,
  );
});

test('what is started as a worker has the settings of a worker', async () => {
  const [node] = nodes;
  if (!node) throw new Error('there is no Node');
  const copy = join(folder, 'copy');
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
    JSON.parse((await start(node, ['node', join(copy, 'bin', 'aol.mjs'), ...args])).stdout);
  const worker = { flags: ['--max-semi-space-size=4', '--max-old-space-size=512'], arenas: '2' };
  expect(await heard('--json', 'worker')).toEqual(worker);
  expect(await heard('api')).toEqual({ flags: [] });
});
