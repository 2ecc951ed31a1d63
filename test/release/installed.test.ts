/** Both packages as a user gets them who has nothing but their files, Node and npm: an empty folder, an empty cache, each Node. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { loadConfig } from '../../src/config/index.ts';
import { nodePrograms } from '../support/nodes.ts';
import { pack } from '../support/packed.ts';
import { until } from '../support/until.ts';
import { startUp, type Up, upEnvironment } from '../support/up.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
/** The first one installs everything from the registry. */
const INSTALL_LIMIT_MS = 900_000;
const LIMIT_MS = 240_000;
const whoami = z.object({ address: z.string(), role: z.literal('admin'), token: z.string() });

const nodes = await nodePrograms([20, 22, 24]);
let folder: string;
let file: string;
let up: Up | undefined;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'aol-installed-')));
  file = await pack(folder);
  await run(process.execPath, [join(root, 'packages', 'aol-client', 'pack.mjs'), folder]);
}, LIMIT_MS);
afterEach(ctrlC, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A terminal sends it to everything that runs in it. npm dies of it at once; what it started stops in order. */
async function ctrlC(): Promise<void> {
  const running = up;
  up = undefined;
  if (running?.child.pid === undefined) return;
  process.kill(-running.child.pid, 'SIGINT');
  await until('it has stopped', () => running.output().includes('aol: stopped'), 60_000);
}

const ofHere = async (what: string) =>
  (await run('ps', ['-eo', 'pid=,args='])).stdout.split('\n').filter((line) => line.includes(what));

test('they are to be had for each Node that people have', () => {
  expect(nodes.map(({ major }) => major)).toEqual([20, 22, 24]);
});

describe.each(nodes)('Node $major', (node) => {
  const project = () => join(folder, `project-${node.major}`);
  let env: Record<string, string>;
  let client: string;
  beforeAll(async () => {
    const bin = join(folder, `node-${node.major}`);
    for (const path of [bin, project()]) await mkdir(path);
    await symlink(node.path, join(bin, 'node'));
    client = (await readdir(folder)).find((name) => name.startsWith('aol-client-')) ?? '';
    await symlink(file, join(project(), basename(file)));
    const searchPath = loadConfig()
      .machine.searchPath.split(delimiter)
      .filter((path) => !path.includes('node_modules'));
    env = await upEnvironment(join(project(), '.aol'), {
      PATH: [bin, ...searchPath].join(delimiter),
      npm_config_cache: join(folder, 'npm-cache'),
      // Where it is when nobody says so.
      AOL_DATA_DIR: undefined,
    });
  });
  const npx = (...args: string[]) =>
    run('npx', ['--yes', `./${basename(file)}`, ...args], { cwd: project(), env, maxBuffer: 16 * 1024 * 1024 });

  test(
    'npx with the file starts everything in an empty folder; Ctrl+C ends it',
    async () => {
      expect((await run('node', ['--version'], { env })).stdout).toMatch(new RegExp(`^v${node.major}\\.`));
      up = await startUp(['npx', '--yes', `./${basename(file)}`], {
        cwd: project(),
        env,
        limitMs: INSTALL_LIMIT_MS,
        ownGroup: true,
      });
      const { address, token } = whoami.parse(JSON.parse((await npx('whoami', '--json')).stdout));
      await expectClientWorks(address, token);
      for (const line of (await npx('doctor')).stdout.trim().split('\n')) expect(line).toMatch(/^ok /);
      expect(up.output()).toContain(`${join(folder, 'npm-cache', '_npx')}`);
      await ctrlC();
      await until('nothing of it is left', async () => (await ofHere(project())).length === 0);
    },
    INSTALL_LIMIT_MS,
  );

  test(
    'the tour goes through',
    async () => {
      const { stdout } = await npx('tour', '--yes');
      expect(stdout.trim().endsWith('every step came out as it says.')).toBe(true);
    },
    LIMIT_MS,
  );

  /** `aol-client`, installed from its own file into another empty folder. */
  async function expectClientWorks(address: string, token: string): Promise<void> {
    const consumer = join(folder, `consumer-${node.major}`);
    await mkdir(consumer);
    await writeFile(join(consumer, 'package.json'), '{"type":"module"}');
    await run('npm', ['install', '--no-audit', '--no-fund', join(folder, client)], { cwd: consumer, env });
    await writeFile(
      join(consumer, 'program.js'),
      `import { AolClient } from 'aol-client';
       const aol = new AolClient({ baseUrl: ${JSON.stringify(address)}, token: ${JSON.stringify(token)} });
       const { id } = await aol.enqueue({ type: 'POST_SOCIAL', payload: { platform: 'bluesky', content: 'Hello' } });
       console.log((await aol.wait(id)).status);`,
    );
    expect((await run('node', ['program.js'], { cwd: consumer, env })).stdout.trim()).toBe('SUCCESS');
  }
});
