/** A server that was begun ends with whoever began it, at whatever moment. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { childEnvironment } from '../../src/config/index.ts';
import { until } from '../support/until.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aol-server-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const processes = async () => {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args=']);
  return stdout.split('\n').filter((line) => line.includes(folder) && !line.includes('starter.ts'));
};

/** Begins a server that says that it runs, and ends itself by kill -9 at that moment. */
async function starter(dies: 'before the reaper knows' | 'when it runs'): Promise<void> {
  const script = fileURLToPath(new URL('starter.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', script, folder, dies], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: childEnvironment({ NODE_OPTIONS: undefined }),
  });
  const [, signal] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
}

test('killed before its reaper knows of the server: it never becomes one', async () => {
  await starter('before the reaper knows');
  await until('nothing of it is left', async () => (await processes()).length === 0);
  expect(existsSync(join(folder, 'runs'))).toBe(false);
});

test('killed when the server runs: it is stopped', async () => {
  await starter('when it runs');
  expect(existsSync(join(folder, 'runs'))).toBe(true);
  await until('nothing of it is left', async () => (await processes()).length === 0);
});
