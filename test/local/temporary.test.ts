/** A data folder that is removed takes its database along, and nothing else. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { databasePlace } from '../../src/local/database-place.ts';
import { removeDataDir } from '../../src/local/index.ts';

let folder: string;
let dataDir: string;
let place: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'aol-temporary-')));
  dataDir = join(folder, 'data');
  mkdirSync(dataDir);
  place = databasePlace(dataDir);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  // Of a folder that this test has made, whose name nobody else has.
  rmSync(dirname(place), { recursive: true, force: true });
});

test('a folder with its database in it is gone', () => {
  mkdirSync(join(dataDir, 'postgres'));
  removeDataDir(dataDir);
  removeDataDir(dataDir);
  expect(readdirSync(folder)).toEqual([]);
});

test('a link that leads to something else is removed, and what it leads to stays', () => {
  const other = join(folder, 'other');
  mkdirSync(other);
  symlinkSync(other, join(dataDir, 'postgres'));
  removeDataDir(dataDir);
  expect(readdirSync(folder)).toEqual(['other']);
});

// Only root has its data elsewhere.
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
asRoot('a database elsewhere', () => {
  beforeEach(() => {
    mkdirSync(place, { recursive: true });
  });

  test('is gone with what a start that was killed left beside it', () => {
    mkdirSync(join(dirname(place), '.postgres-init-1'));
    symlinkSync(place, join(dataDir, 'postgres'));
    removeDataDir(dataDir);
    expect(existsSync(dirname(place))).toBe(false);
  });

  test('stays if the folder does not lead there: an earlier folder of this name made it', () => {
    removeDataDir(dataDir);
    expect(existsSync(place)).toBe(true);
  });

  test('is gone, and an older one that was set aside stays', () => {
    const aside = `${place}.orphan-1`;
    mkdirSync(aside);
    symlinkSync(place, join(dataDir, 'postgres'));
    removeDataDir(dataDir);
    expect(readdirSync(dirname(place))).toEqual(['postgres.orphan-1']);
  });
});
