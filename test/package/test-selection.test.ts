/** `npm test` runs what it says: not the tests of `npm run test:real`, and nothing that it names as left out. */

import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { childEnvironment } from '../../src/config/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function selected(path: string | undefined) {
  const env = childEnvironment({
    NODE_OPTIONS: '--experimental-vm-modules',
    ...(path !== undefined && { PATH: path }),
  });
  const { stdout, stderr } = spawnSync(process.execPath, ['node_modules/jest/bin/jest.js', '--listTests'], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  const leftOut = [...stderr.matchAll(/^NOT RUN: (\S+)/gm)].map(([, file = '']) => file);
  return { files: stdout.split('\n').map((file) => file.slice(root.length)), leftOut };
}

test('the tests against servers that take minutes have a command of their own', () => {
  const { files } = selected(undefined);
  expect(files).toContain('test/package/test-selection.test.ts');
  expect(files.filter((file) => file.startsWith('test/real/'))).toEqual([]);
});

test('where a tool is missing, what needs it is named and left out', () => {
  const { files, leftOut } = selected('/nowhere');
  expect(leftOut).toContain('test/adapters/mastodon.test.ts');
  expect(files.filter((file) => leftOut.includes(file))).toEqual([]);
});
