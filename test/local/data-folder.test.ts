/** What lies in a data folder: its tokens, where its servers listen, and who may read and write what. */

import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  acquireLock,
  findTokens,
  prepareDataDir,
  readAddresses,
  resolveTokens,
  writeAddresses,
} from '../../src/local/index.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('the folder', () => {
  let parent: string;
  let umask: number;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'aol-data-'));
    umask = process.umask();
  });
  afterEach(() => {
    process.umask(umask);
    rmSync(parent, { recursive: true });
  });

  test('that cannot be written names AOL_DATA_DIR', () => {
    expect(() => prepareDataDir('/proc/nowhere/.aol')).toThrow(/^AOL_DATA_DIR: /);
  });

  test.each([0o077, 0o000])('may be passed through and holds nothing that others may write, under umask %o', (mask) => {
    process.umask(mask);
    const dataDir = prepareDataDir(join(parent, 'a', 'b'));
    expect([modeOf(dataDir), modeOf(join(parent, 'a'))]).toEqual([0o711, 0o711]);
    const tokens = { admin: undefined, operator: undefined, viewer: undefined };
    resolveTokens({ dataDir, tokens });
    writeAddresses(dataDir, { apiHost: '::1', apiPort: 1, postgresPort: 2, temporalPort: 3, temporalUiPort: 4 });
    acquireLock(dataDir).release();
    for (const name of readdirSync(dataDir)) expect([name, modeOf(join(dataDir, name))]).toEqual([name, 0o600]);
  });
});

describe('addresses', () => {
  test('are those of the last start; a damaged file is named', () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'aol-data-'));
    try {
      expect(readAddresses(dataDir)).toBeUndefined();
      const addresses = { apiHost: '0.0.0.0', apiPort: 1, postgresPort: 2, temporalPort: 3, temporalUiPort: 4 };
      writeAddresses(dataDir, addresses);
      writeAddresses(dataDir, { ...addresses, apiPort: 9 });
      expect(readAddresses(dataDir)).toEqual({ ...addresses, apiPort: 9 });
      writeFileSync(join(dataDir, 'addresses.json'), '{');
      expect(() => readAddresses(dataDir)).toThrow(/^AOL_DATA_DIR: .*addresses\.json cannot be used/);
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
});

describe('tokens', () => {
  let dataDir: string;
  const none = { admin: undefined, operator: undefined, viewer: undefined };
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'aol-tokens-'));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  test('are generated once, readable by their owner only, and read again later', () => {
    expect(findTokens({ dataDir, tokens: none })).toBeUndefined();
    const tokens = resolveTokens({ dataDir, tokens: none });
    expect(tokens.admin).toMatch(/^aol_admin_[\w-]{43}$/);
    expect(tokens.operator).toMatch(/^aol_operator_[\w-]{43}$/);
    expect(tokens.viewer).toMatch(/^aol_viewer_[\w-]{43}$/);
    expect(statSync(join(dataDir, 'tokens.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(['tokens.json']);
    chmodSync(join(dataDir, 'tokens.json'), 0o644);
    expect(resolveTokens({ dataDir, tokens: none })).toEqual(tokens);
    expect(statSync(join(dataDir, 'tokens.json')).mode & 0o777).toBe(0o600);
  });

  test("the environment's win; with all three nothing is written", () => {
    expect(resolveTokens({ dataDir, tokens: { admin: 'a', operator: 'o', viewer: 'v' } })).toEqual({
      admin: 'a',
      operator: 'o',
      viewer: 'v',
    });
    expect(readdirSync(dataDir)).toEqual([]);
    expect(resolveTokens({ dataDir, tokens: { ...none, admin: 'a' } })).toMatchObject({
      admin: 'a',
      viewer: expect.stringMatching(/^aol_viewer_/),
    });
  });

  test('a damaged file or a folder that cannot be made names AOL_DATA_DIR', () => {
    writeFileSync(join(dataDir, 'tokens.json'), '{"admin":');
    expect(() => resolveTokens({ dataDir, tokens: none })).toThrow(/AOL_DATA_DIR.*damaged/);
    expect(() => resolveTokens({ dataDir: join(dataDir, 'tokens.json', 'x'), tokens: none })).toThrow(/AOL_DATA_DIR/);
  });
});
