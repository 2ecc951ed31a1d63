/** `aol up` as a process of its own: everything on one machine, in a data folder and on ports of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AolClient } from '../../src/client/client.ts';
import { childEnvironment } from '../../src/config/index.ts';
import { freePort } from '../../src/local/index.ts';
import { until } from './until.ts';

export const START_LIMIT_MS = 120_000;

export interface Up {
  readonly child: ChildProcess;
  /** Everything that it has said. */
  readonly output: () => string;
  readonly exited: Promise<number | null>;
}

/** The environment of one installation, whatever that of the tests says. */
export async function upEnvironment(
  dataDir: string,
  more: Readonly<Record<string, string | undefined>> = {},
): Promise<Record<string, string>> {
  const ports = await Promise.all(Array.from({ length: 4 }, () => freePort()));
  const [api, temporal, page, postgres] = ports.map(String);
  return childEnvironment({
    AOL_DATA_DIR: dataDir,
    AOL_API_PORT: api,
    AOL_TEMPORAL_PORT: temporal,
    AOL_TEMPORAL_UI_PORT: page,
    AOL_POSTGRES_PORT: postgres,
    DATABASE_URL: undefined,
    TEMPORAL_ADDRESS: undefined,
    NODE_OPTIONS: undefined,
    OPENAI_API_KEY: undefined,
    AOL_PROOF_MODE: undefined,
    ...more,
  });
}

export interface UpOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limitMs?: number;
  /** With what it starts it is a process group, as in a terminal. */
  readonly ownGroup?: boolean;
}

/** Starts `program … up` and waits until it is ready. */
export async function startUp(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, env, limitMs = START_LIMIT_MS, ownGroup = false }: UpOptions,
): Promise<Up> {
  const stdio = ['ignore', 'pipe', 'pipe'] satisfies ['ignore', 'pipe', 'pipe'];
  const child = spawn(program, [...args, 'up'], { cwd, env, stdio, detached: ownGroup });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const begun = { child, output: () => text, exited };
  await until(
    'ready',
    () => {
      if (child.exitCode !== null) throw new Error(`ended while starting:\n${text}`);
      return text.includes('AOL is ready');
    },
    limitMs,
  );
  return begun;
}

/** A client of the installation, with the token that `aol up` made for that role. */
export function clientOf(env: Readonly<Record<string, string>>, role: 'admin' | 'operator' = 'operator'): AolClient {
  const tokens: Record<string, string> = JSON.parse(readFileSync(join(env.AOL_DATA_DIR ?? '', 'tokens.json'), 'utf8'));
  return new AolClient({ baseUrl: `http://127.0.0.1:${env.AOL_API_PORT}`, token: tokens[role] ?? '' });
}
