/** Programs of Node's other versions, to start the product under them: this machine's own, or npm's, kept in the user's cache. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import { npmWith } from './providers/install.ts';

const run = promisify(execFile);

export interface NodeProgram {
  readonly major: number;
  readonly path: string;
}

/** Those that are to be had here; a line on stderr names each that is not. */
export async function nodePrograms(majors: readonly number[]): Promise<NodeProgram[]> {
  const found: NodeProgram[] = [];
  for (const major of majors) {
    try {
      found.push({ major, path: await nodeProgram(major) });
    } catch (error) {
      process.stderr.write(`Node ${major} is not to be had here, so nothing is started under it: ${error}\n`);
    }
  }
  return found;
}

async function nodeProgram(major: number): Promise<string> {
  const { searchPath } = loadConfig().machine;
  const candidates = [process.execPath, ...searchPath.split(delimiter).map((path) => join(path, 'node'))];
  for (const candidate of candidates) if (await isNode(candidate, major)) return candidate;
  const what = `${packageName()}@${major}`;
  const own = join(await npmWith(`node-${major}`, [what]), 'node_modules', packageName(), 'bin', 'node');
  if (await isNode(own, major)) return own;
  throw new Error(`the npm package ${what} has no program that runs here`);
}

async function isNode(path: string, major: number): Promise<boolean> {
  if (!existsSync(path)) return false;
  const env = childEnvironment({ NODE_OPTIONS: undefined });
  const answer = await run(path, ['--version'], { env }).catch(() => ({ stdout: '' }));
  return answer.stdout.startsWith(`v${major}.`);
}

function packageName(): string {
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${process.platform}-${process.arch}`;
}
