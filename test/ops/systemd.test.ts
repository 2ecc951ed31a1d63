/** The units of ops/systemd: systemd itself reads them, and what they start is there and ends in time. */

import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const units = fileURLToPath(new URL('../../ops/systemd/', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aol-units-'));
  await cp(units, folder, { recursive: true });
  // Where they lie once they are installed; systemd asks whether it can be started.
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replace('/opt/aol/bin/aol', fileURLToPath(new URL('../../bin/aol.mjs', import.meta.url))),
    );
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What systemd says of a unit; nothing when all is well. An unknown key it only warns of. */
function findingsOfSystemd(unit: string): string {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, unit)], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout + stderr : stdout + stderr || `ended with ${status}`;
}

test.each(['aol-api.service', 'aol-worker@.service'])('systemd knows every line of %s', async (unit) => {
  expect(findingsOfSystemd(unit)).toBe('');
  const text = await readFile(join(folder, unit), 'utf8');
  await writeFile(join(folder, unit), text.replace('ProtectClock=', 'ProtectClok='));
  expect(findingsOfSystemd(unit)).toContain('ProtectClok');
  await writeFile(join(folder, unit), text);
});

test.each([
  ['aol-api.service', 'api'],
  ['aol-worker@.service', 'worker'],
])('%s starts a command of the package as a user of its own, and gives it time to end', async (unit, command) => {
  const text = await readFile(join(units, unit), 'utf8');
  const field = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
  expect(field('ExecStart')).toBe(`/opt/aol/bin/aol ${command}`);
  expect(field('User')).toBe('aol');
  expect(field('EnvironmentFile')).toBe(`/etc/aol/${command}.env`);
  expect(Number(field('TimeoutStopSec'))).toBeGreaterThan(30);
  expect(field('ProtectSystem')).toBe('strict');
});
