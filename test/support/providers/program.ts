/** A server program for the time of a test: a folder and a log of its own, ended by its pid, and with this process. */

import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../../src/config/index.ts';
import { removeAfterwards } from '../../../src/local/index.ts';
import { spawnServer, waitReady } from '../../../src/local/server.ts';

export interface Program {
  /** Its working folder, removed with it. */
  readonly folder: string;
  readonly pid: number;
  /** What it has said so far, for tests that look for secrets there. */
  log(): Promise<string>;
  close(): Promise<void>;
}

export interface ProgramOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[] | ((folder: string) => readonly string[] | Promise<readonly string[]>);
  /** Its folder by default. */
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Whether it is ready; what it throws counts as no. */
  readonly probe: () => Promise<boolean>;
  readonly readyWithinMs?: number;
}

export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { name, program, probe, readyWithinMs: timeoutMs = 30_000 } = options;
  const folder = await realpath(await mkdtemp(join(tmpdir(), `aol-${name}-`)));
  removeAfterwards(folder);
  const args = typeof options.args === 'function' ? await options.args(folder) : options.args;
  const logFile = join(folder, 'server.log');
  const env = { ...childEnvironment({ NODE_OPTIONS: undefined, TMPDIR: folder }), ...options.env };
  const server = await spawnServer({
    name,
    program,
    args,
    env,
    cwd: options.cwd ?? folder,
    logFile,
    stopWith: [
      ['SIGTERM', 5_000],
      ['SIGQUIT', 1_000],
    ],
  });
  const close = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitReady(server, { name, probe: () => probe().catch(() => false), timeoutMs, logFile });
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { folder, pid: server.pid, log: () => readFile(logFile, 'utf8'), close };
}

/** Whether a GET is answered well. */
export async function answers(url: string): Promise<boolean> {
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return ok;
}
