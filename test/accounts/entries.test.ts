/** What is configured: the file's entries and the variables, and how wrong ones are told. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readAccounts } from '../../src/accounts/entries.ts';
import { createBuiltInAdapters } from '../../src/adapters/index.ts';
import { loadAccountSettings } from '../../src/config/index.ts';
import { variables } from '../../src/config/variables.ts';
import { ConfigurationError } from '../../src/domain/errors.ts';
import { accountSettings, createPlayedProviders } from '../support/provider.ts';

const { providers } = createPlayedProviders();
const env = { BRAND_TOKEN: 'canary-brand-token' };
const brand = { provider: 'steady', url: 'https://brand.example', token: { env: 'BRAND_TOKEN' } };

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

const folder = mkdtempSync(join(tmpdir(), 'aol-accounts-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(text: string): string {
  const path = join(mkdtempSync(join(folder, 'file-')), 'accounts.yaml');
  writeFileSync(path, text);
  return path;
}

describe('the file', () => {
  test('entries by name, with their budgets; secrets are read when they are asked for', () => {
    const entries = { 'brand-a': { ...brand, budget: { perHour: 5, usdPerDay: 2.5 } }, 'brand-b': brand };
    const accounts = readAccounts(accountSettings(entries, env), providers);
    expect(accounts.map(({ key, identity, budget }) => [key, identity, budget])).toEqual([
      [
        'brand-a',
        'brand.example',
        [
          { span: 'hour', unit: 'effects', limit: 5 },
          { span: 'day', unit: 'microUsd', limit: 2_500_000 },
        ],
      ],
      ['brand-b', 'brand.example', []],
    ]);
    expect(accounts[0]?.secrets()).toEqual({ token: 'canary-brand-token' });
    expect(JSON.stringify(accounts.map(({ settings }) => settings))).not.toContain('canary');
  });

  test.each([
    ['a secret in the open', { ...brand, token: 'canary-in-the-open' }, 'account brand: token must be {env: NAME}'],
    ['a field that is missing', { provider: 'steady', token: brand.token }, 'account brand: url is required'],
    ['a field that is none', { ...brand, tokn: 'canary' }, 'account brand: tokn is no field'],
    ['a provider that is none', { ...brand, provider: 'nobody' }, 'account brand: provider must be rotating, steady'],
    ['a budget below nothing', { ...brand, budget: { perHour: -1 } }, 'account brand: budget.perHour'],
    ['a budget more exact than a millionth', { ...brand, budget: { usdPerDay: 0.000_000_1 } }, 'budget.usdPerDay'],
    ['a variable that is not set', { ...brand, token: { env: 'UNSET' } }, 'variable UNSET is not set'],
    ['a file that is not there', { ...brand, token: { file: 'gone' } }, 'gone cannot be read'],
  ])('%s is named, and no value shown', (_name, entry, words) => {
    const message = refusal(() => readAccounts(accountSettings({ brand: entry }, env), providers));
    expect(message).toContain('aol.accounts.yaml');
    expect(message).toContain(words);
    expect(message).not.toContain('canary');
  });

  test('default is the account of the variables, and no name for an entry', () => {
    expect(refusal(() => readAccounts(accountSettings({ default: brand }, env), providers))).toContain('default');
  });
});

describe('variables', () => {
  const set = { STEADY_URL: 'https://one.example', STEADY_TOKEN: 'canary-token' };

  test('of one provider make its default account; without one that it needs there is none', () => {
    const [only, ...more] = readAccounts(accountSettings(undefined, set), providers);
    expect([only?.name, only?.key, more.length]).toEqual(['default', 'steady.default', 0]);
    expect(only?.secrets()).toEqual({ token: 'canary-token' });
    expect(readAccounts(accountSettings(undefined, { STEADY_TOKEN: 'x' }), providers)).toEqual([]);
  });

  test('a wrong one is named', () => {
    const wrong = { ...set, STEADY_URL: 'one.example' };
    expect(refusal(() => readAccounts(accountSettings(undefined, wrong), providers))).toContain('STEADY_URL');
  });

  test('those of every built-in provider are known to the configuration, secrets as such', () => {
    for (const { providers: theirs } of createBuiltInAdapters()) {
      for (const { name, secret } of theirs.flatMap((provider) => Object.values(provider.variables))) {
        const known = Object.entries(variables).find(([variable]) => variable === name)?.[1];
        expect([name, known !== undefined]).toEqual([name, true]);
        expect([name, known && 'secret' in known]).toEqual([name, secret === true]);
      }
    }
  });
});

test('what the API says of providers is what their adapters say', () => {
  for (const { type, contract, providers: theirs } of createBuiltInAdapters()) {
    expect([type, Object.keys(contract.providers).sort()]).toEqual([type, theirs.map(({ name }) => name).sort()]);
    for (const { name, variables: needed } of theirs) {
      const required = Object.values(needed).flatMap((variable) => (variable.required ? [variable.name] : []));
      expect(contract.providers[name]).toEqual(expect.arrayContaining(required));
    }
  }
});

describe('AOL_ACCOUNTS', () => {
  test('is read as YAML; references are resolved beside the file, and their values are secrets', () => {
    const path = written('brand:\n  provider: steady\n  url: https://brand.example\n  token: {file: token.txt}\n');
    writeFileSync(join(path, '..', 'token.txt'), 'canary-of-a-file\n');
    const settings = loadAccountSettings({ accountsFile: path }, {});
    expect(readAccounts(settings, providers)[0]?.secrets()).toEqual({ token: 'canary-of-a-file' });
    expect(settings.secrets).toEqual(['canary-of-a-file']);
  });

  test.each([
    ['no YAML', 'brand: [canary-secret'],
    ['no entries', '- canary-secret'],
    ['a name twice', 'brand: {}\nbrand: {}'],
  ])('%s is told without what stands there', (_name, text) => {
    const path = written(text);
    const message = refusal(() => loadAccountSettings({ accountsFile: path }, {}));
    expect(message).toContain(path);
    expect(message).not.toContain('canary');
  });

  test('a file that was named must be there; that of the working folder need not be', () => {
    expect(refusal(() => loadAccountSettings({ accountsFile: '/nowhere/accounts.yaml' }, {}))).toContain(
      'AOL_ACCOUNTS',
    );
    expect(loadAccountSettings({ accountsFile: undefined }, {}).file).toBeUndefined();
  });
});
