import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { acquireLock } from '../../src/local/index.ts';
import { startIdentity } from '../../src/local/processes.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'aol-lock-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true });
});

function leaveLock(owner: { pid: number; started?: string | undefined }): void {
  writeFileSync(join(dataDir, 'up.lock.7'), JSON.stringify(owner));
}

test('a second start is refused with AOL_DATA_DIR and the pid that holds it, until it is released', () => {
  const lock = acquireLock(dataDir);
  expect(() => acquireLock(dataDir)).toThrow(new RegExp(`^AOL_DATA_DIR: .*pid ${process.pid}\\)`));
  lock.release();
  acquireLock(dataDir).release();
  expect(readdirSync(dataDir)).toHaveLength(1);
});

test('a lock whose process is gone, or whose pid is another process by now, is stale', async () => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  leaveLock({ pid: child.pid ?? 0 });
  acquireLock(dataDir).release();

  rmSync(join(dataDir, 'up.lock.8'));
  leaveLock({ pid: process.ppid, started: 'at another time' });
  acquireLock(dataDir).release();

  rmSync(join(dataDir, 'up.lock.8'));
  leaveLock({ pid: process.ppid, started: startIdentity(process.ppid) });
  expect(() => acquireLock(dataDir)).toThrow(`pid ${process.ppid}`);
});

test('a damaged lock holds nothing', () => {
  writeFileSync(join(dataDir, 'up.lock.3'), '');
  acquireLock(dataDir).release();
});

test('of many processes that find the same stale lock exactly one takes it', async () => {
  leaveLock({ pid: 2 ** 22 + 1 });
  const module = new URL('../../src/local/lock.ts', import.meta.url).href;
  const script = `
    import { acquireLock } from ${JSON.stringify(module)};
    process.stdin.once('data', () => {
      try { acquireLock(${JSON.stringify(dataDir)}); console.log('got it'); } catch { console.log('refused'); }
    }).once('end', () => process.exit());
    console.log('up');`;
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const outputs = children.map(() => '');
  const heard = (words: string) =>
    Promise.all(
      children.map(async (child, index) => {
        while (!outputs[index]?.match(words)) {
          await new Promise<void>((resolve, reject) => {
            child.once('exit', () => reject(new Error(`it ended: ${outputs[index]}`)));
            child.stdout.once('data', (chunk: Buffer) => {
              outputs[index] += chunk.toString();
              resolve();
            });
          });
        }
      }),
    );
  try {
    await heard('up');
    for (const child of children) {
      child.stdin.write('go\n');
    }
    await heard('got it|refused');
  } finally {
    for (const child of children) {
      child.stdin.end();
    }
  }
  expect(outputs.filter((output) => output.includes('got it'))).toHaveLength(1);
});
