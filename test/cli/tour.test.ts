/** `aol tour --yes`, as a user's machine tests itself with it. */

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from '@jest/globals';
import { childEnvironment } from '../../src/config/index.ts';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const execute = promisify(execFile);
const LIMIT_MS = 60_000;
/** Its own: another run beside this one leaves nothing here. As root PostgreSQL cannot pass into it, and keeps its data elsewhere. */
const temporaryFolder = mkdtempSync(join(tmpdir(), 'aol-test-tour-'));
afterAll(() => rmSync(temporaryFolder, { recursive: true }));

/** The folder of the database of the tour that runs. */
function databaseOfTour(): Promise<string> {
  const inTours = () => readdirSync(temporaryFolder).map((name) => join(temporaryFolder, name, 'postgres'));
  return until(
    'the tour has a database',
    () => {
      const found = inTours().find((path) => existsSync(path));
      return found === undefined ? undefined : realpathSync(found);
    },
    LIMIT_MS,
  );
}

test('the quick start walks through all steps without a terminal, whatever the environment says, and leaves nothing', async () => {
  // Of another installation: the tour does not touch it.
  const env = childEnvironment({
    NODE_OPTIONS: undefined,
    TMPDIR: temporaryFolder,
    AOL_API_PORT: '1',
    DATABASE_URL: 'postgresql://nowhere:1/x',
  });
  const tour = execute(`${root}scripts/quick-start.sh`, ['--yes'], { env, cwd: tmpdir() });
  const [{ stdout }, database] = await Promise.all([tour, databaseOfTour()]);
  expect(stdout.match(/^\d of 7 {2}.*$/gm)).toEqual([
    '1 of 7  A first proof',
    '2 of 7  The artifact',
    '3 of 7  The two keys of REAL',
    '4 of 7  Approve and send',
    '5 of 7  Kill',
    '6 of 7  Start',
    '7 of 7  Where it stands',
  ]);
  expect(stdout).toContain('it is the same');
  expect(stdout).toMatch(/receiver +got one request: \{"hello":"Number 2"\}/);
  expect(stdout).toMatch(/receiver +got its second request: \{"hello":"Number 3"\}/);
  expect(stdout.trim().endsWith('every step came out as it says.')).toBe(true);
  expect(readdirSync(temporaryFolder)).toEqual([]);
  expect(existsSync(dirname(database))).toBe(false);
}, 120_000);

test('one that is killed leaves nothing either', async () => {
  const env = childEnvironment({ NODE_OPTIONS: undefined, TMPDIR: temporaryFolder });
  const tour = spawn(process.execPath, [`${root}dist/src/cli/main.js`, 'tour', '--yes'], { env, stdio: 'ignore' });
  const database = await databaseOfTour().finally(() => tour.kill('SIGKILL'));
  // The database's folder is removed after that of the tour.
  const isGone = () => readdirSync(temporaryFolder).length === 0 && !existsSync(dirname(database));
  await until('its folder and its database are gone', isGone, LIMIT_MS);
}, 120_000);

test('a person is needed, or --yes', async () => {
  const { code, stderr } = await execute(process.execPath, [`${root}bin/aol.mjs`, 'tour']).catch((error) => error);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
});
