/** The lock of installing and building: nobody waits for a holder that is gone, whatever it left behind. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aol-build-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const module = new URL('../../bin/lock.mjs', import.meta.url).href;

/** Takes the lock, says so, holds it until it hears something, and gives it back. */
function taker() {
  const script = `
    import { takeLock } from ${JSON.stringify(module)};
    const release = await takeLock(${JSON.stringify(folder)}, 'build', () => console.log('waits'));
    console.log('has it');
    process.stdin.once('data', () => { release(); process.exit(); });`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  return {
    text: () => text,
    hasIt: () => until('it has the lock', () => text.includes('has it')),
    async giveBack() {
      child.stdin.write('now\n');
      await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const yesterday = new Date(Date.now() - 86_400_000);
function leave(content: string): void {
  writeFileSync(join(folder, 'build.7'), content);
  utimesSync(join(folder, 'build.7'), yesterday, yesterday);
}

test.each([
  ['empty', ''],
  ["with the pid of another user's process", '1'],
  ['damaged', '\u0000{'],
])('a lock that was left behind, %s, is taken over at once', async (_name, content) => {
  leave(content);
  const one = taker();
  await one.hasIt();
  expect(one.text()).not.toContain('waits');
  await one.giveBack();
  expect(readdirSync(folder)).toEqual(['build.8']);
});

test('while it is held others wait, one at a time; its holder shows that it lives', async () => {
  const first = taker();
  await first.hasIt();
  const [name = ''] = readdirSync(folder);
  const touched = () => statSync(join(folder, name)).mtimeMs;
  const before = touched();
  const others = [taker(), taker()];
  await until('both wait', () => others.every((other) => other.text().includes('waits')));
  await until('it was touched', () => touched() > before);
  await first.giveBack();
  await until('one has it', () => others.some((other) => other.text().includes('has it')));
  const [second, third] = others[0]?.text().includes('has it') ? others : others.toReversed();
  expect(third?.text()).not.toContain('has it');
  await second?.giveBack();
  await third?.hasIt();
  await third?.giveBack();
}, 60_000);

test('kill -9 of its holder frees it', async () => {
  const first = taker();
  await first.hasIt();
  await first.kill();
  // As if twenty seconds had passed.
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), yesterday, yesterday);
  const second = taker();
  await second.hasIt();
  await second.giveBack();
}, 60_000);
