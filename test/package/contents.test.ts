/** What lies in the packages: what runs, and nothing else. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pack } from '../support/packed.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const MIB = 1024 * 1024;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aol-contents-'));
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Entry {
  readonly path: string;
  readonly byteCount: number;
}

async function entriesOf(file: string): Promise<Entry[]> {
  const { stdout } = await run('tar', ['tvzf', file], { maxBuffer: 16 * MIB });
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [, , byteCount, , , path = ''] = line.split(/\s+/);
      return { path: path.replace(/^package\//, ''), byteCount: Number(byteCount) };
    });
}

const total = (entries: readonly Entry[]) => entries.reduce((sum, { byteCount }) => sum + byteCount, 0);

describe('aol', () => {
  const ALLOWED = [
    /^(package\.json|LICENSE|README\.md|CHANGELOG\.md)$/,
    /^bin\/(aol|arguments|ensure|env-file|lock)\.mjs$/,
    /^(bin|dist\/src\/db\/sql)\/README\.md$/,
    /^dist\/(src|migrations)\/[\w/.-]+\.(js|js\.map|d\.ts)$/,
    /^dist\/src\/db\/sql\/\w+\.sql$/,
    /^dist\/workflow-bundle\.js$/,
    /^dist\/web\/(index\.html|licences\.md|assets\/[\w.-]+\.(js|css|svg))$/,
  ];
  let entries: Entry[];
  beforeAll(async () => {
    entries = await entriesOf(await pack(folder));
  }, 120_000);

  test('each file is of a kind that it needs', () => {
    expect(entries.filter(({ path }) => !ALLOWED.some((allowed) => allowed.test(path)))).toEqual([]);
    expect(
      entries.filter(({ path }) =>
        /test|fixture|\.env$|secret-|\.pem$|\.key$/.test(path.replace('dist/src/testing/', '')),
      ),
    ).toEqual([]);
  });

  test('no kind is missing', () => {
    for (const allowed of ALLOWED) expect(entries.some(({ path }) => allowed.test(path))).toBe(true);
  });

  test('what starts it needs nothing that is left out', () => {
    for (const { path } of entries.filter((entry) => entry.path.startsWith('bin/') && entry.path.endsWith('.mjs'))) {
      const text = readFileSync(join(root, path), 'utf8');
      const imports = [...text.matchAll(/from '\.\/([^']+)'/g)].map(([, name]) => `bin/${name}`);
      expect(imports.filter((name) => !entries.some((entry) => entry.path === name))).toEqual([]);
    }
  });

  test('is no larger than it has to be', () => {
    expect(total(entries)).toBeLessThan(8 * MIB);
  });
});

test('aol-client is its code and types, with the licences of what is bundled in it', async () => {
  const { stdout } = await run(process.execPath, [join(root, 'packages', 'aol-client', 'pack.mjs'), folder]);
  const entries = await entriesOf(join(folder, stdout.trim()));
  expect(entries.map(({ path }) => path).sort()).toEqual(
    ['LICENSE', 'README.md', 'THIRD-PARTY-LICENSES', 'index.d.ts', 'index.js', 'package.json'].sort(),
  );
  expect(total(entries)).toBeLessThan(MIB);
}, 120_000);
