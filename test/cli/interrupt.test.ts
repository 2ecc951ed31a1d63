/** One Ctrl+C comes several times: the terminal sends it to us and to our launchers, and each of them passes it on. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const run = promisify(execFile);
const io = new URL('../../src/cli/terminal/io.ts', import.meta.url).href;

/** What a program prints that takes Ctrl+C over, and how it ends. */
async function interrupted(script: string) {
  const program = `
    import { processIo } from ${JSON.stringify(io)};
    const { signal } = processIo();
    const interrupt = (name) => process.emit(name, name);
    ${script}`;
  const ended = run(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program]);
  return await ended.then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }) => ({ code, stdout }),
  );
}

test.each(['SIGINT', 'SIGTERM'])(
  '%s that comes three times at once stops once, and the command ends by itself',
  async (name) => {
    const script = `for (let times = 0; times < 3; times += 1) interrupt('${name}'); console.log(signal.aborted);`;
    expect(await interrupted(script)).toEqual({ code: 0, stdout: 'true\n' });
  },
);

test('a second one later ends the command at once', async () => {
  const script = `
    interrupt('SIGINT');
    const now = performance.now();
    performance.now = () => now + 1_000;
    console.log('second');
    interrupt('SIGINT');
    console.log('still here');`;
  expect(await interrupted(script)).toEqual({ code: 130, stdout: 'second\n' });
});
