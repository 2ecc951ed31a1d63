import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { expect, test } from '@jest/globals';

const play = (body: string) =>
  spawnSync(
    process.execPath,
    [
      '--no-warnings',
      '--input-type=module',
      '--eval',
      `import { watchEventLoop } from ${JSON.stringify(new URL('../../src/cli/up/event-loop-watchdog.ts', import.meta.url).href)};
       await watchEventLoop({ intervalMs: 50, misses: 10 }); ${body}`,
    ],
    { encoding: 'utf8', timeout: 20_000 },
  );

test('a process whose event loop stands still ends, and says why', () => {
  const run = play('setTimeout(() => { for (;;); }, 0);');
  expect({ signal: run.signal, said: run.stderr }).toEqual({
    signal: 'SIGKILL',
    said: 'aol: the event loop stands still; this process ends\n',
  });
});

test('one that works, and stands still for a while, goes on and ends by itself', () => {
  const run = play('setTimeout(() => { const end = Date.now() + 150; while (Date.now() < end); }, 0);');
  expect({ status: run.status, said: run.stderr }).toEqual({ status: 0, said: '' });
});
