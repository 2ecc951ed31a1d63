/** The ways in which people start `aol`, to take each of them under each Node. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createProgram } from '../../src/cli/program.ts';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import type { NodeProgram } from './nodes.ts';
import { installPacked } from './packed.ts';

const runFile = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const AT_ONCE = 3;

export const WAYS = ['node bin/aol.mjs', 'npx aol', "an installed package's bin", 'its built file'] as const;
export type Way = (typeof WAYS)[number];

/** The names of all commands. */
export const commands: readonly string[] = createProgram({ out: () => undefined, talk: () => undefined }, () =>
  Promise.resolve(),
).commands.map((command) => command.name());

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Starts {
  /** Where there is no data of another test. */
  readonly folder: string;
  /** Node is what comes first on PATH, as where it is installed. */
  start(node: NodeProgram, way: Way, args: readonly string[]): Promise<Ended>;
  startProgram(node: NodeProgram, line: readonly [program: string, ...string[]]): Promise<Ended>;
  remove(): Promise<void>;
}

/** With the package unpacked in a project of its own. */
export async function createStarts(): Promise<Starts> {
  const folder = await mkdtemp(join(tmpdir(), 'aol-start-'));
  const project = join(folder, 'project');
  await installPacked(project);
  const lines = {
    'node bin/aol.mjs': ['node', join(root, 'bin', 'aol.mjs')],
    'npx aol': ['npx', '--no', 'aol'],
    "an installed package's bin": [join(project, 'node_modules', '.bin', 'aol')],
    'its built file': ['node', join(root, 'dist', 'src', 'cli', 'main.js')],
  } satisfies Record<Way, readonly [string, ...string[]]>;
  const firstOnPath = new Map<number, Promise<string>>();
  const startProgram: Starts['startProgram'] = async (node, [program, ...args]) => {
    const linked = firstOnPath.get(node.major) ?? linkNode(folder, node);
    firstOnPath.set(node.major, linked);
    const first = await linked;
    const env = childEnvironment({
      PATH: [first, loadConfig().machine.searchPath].join(delimiter),
      NODE_OPTIONS: undefined,
      AOL_DATA_DIR: join(folder, 'data'),
    });
    return runFile(program, args, { cwd: program === 'npx' ? root : project, env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: Ended) => ({ code, stdout, stderr }),
    );
  };
  return {
    folder,
    startProgram,
    start: (node, way, args) => {
      const [program, ...before]: [string, ...string[]] = lines[way];
      return startProgram(node, [program, ...before, ...args]);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A folder that has nothing but this Node. */
async function linkNode(folder: string, { major, path }: NodeProgram): Promise<string> {
  const first = join(folder, `node-${major}`);
  await mkdir(first);
  await symlink(path, join(first, 'node'));
  return first;
}

/** How a command's help came out, and how it must. */
export async function helpOf(starts: Starts, node: NodeProgram, way: Way, command: string) {
  const { code, stdout, stderr } = await starts.start(node, way, [command, '--help']);
  const found = {
    command,
    way,
    code,
    help: stdout.includes(`Usage: aol ${command}`),
    stderr: code === 0 ? '' : stderr,
  };
  return { found, expected: { command, way, code: 0, help: true, stderr: '' } };
}

/** Three at once. */
export async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const next = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}
