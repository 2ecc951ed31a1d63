// biome-ignore-all lint/style/noProcessEnv: what a child process is given
/** The `.env` of a folder that is not ours cannot say where an exported token goes, nor which code runs. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const run = promisify(execFile);
const module = new URL('../../bin/env-file.mjs', import.meta.url).href;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aol-env-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const MACHINE = {
  HOME: '/evil',
  USERPROFILE: '/evil',
  APPDATA: '/evil',
  XDG_CONFIG_HOME: '/evil',
  XDG_CACHE_HOME: '/evil',
  LD_PRELOAD: '/evil/evil.so',
  DYLD_INSERT_LIBRARIES: '/evil/evil.dylib',
  OPENSSL_CONF: '/evil/openssl.cnf',
  SSL_CERT_FILE: '/evil/ca.pem',
  HTTPS_PROXY: 'https://evil.example',
  npm_config_registry: 'https://evil.example',
};
const OURS = { DATABASE_URL: 'postgresql://own', PGPASSFILE: 'own', TEMPORAL_ADDRESS: 'own:1', AOL_LANE: 'x' };
const NAMES = [
  ...['AOL_API_URL', 'AOL_API_HOST', 'AOL_API_PORT', 'AOL_DATA_DIR', 'AOL_TOKEN', 'NODE_OPTIONS', 'OTHER'],
  ...Object.keys({ ...MACHINE, ...OURS }),
];

interface Given {
  readonly command: string;
  readonly options?: readonly string[];
  readonly isOurs?: boolean;
  readonly exported?: Readonly<Record<string, string>>;
}

/** What is in the environment after the file was read. */
async function load(file: string, { command, options = ['--json'], isOurs = false, exported = {} }: Given) {
  writeFileSync(join(folder, '.env'), file);
  const script = `
    import { loadEnvFile } from ${JSON.stringify(module)};
    loadEnvFile({ folder: ${JSON.stringify(folder)}, isOurs: ${isOurs}, args: ${JSON.stringify([...options, command])} });
    console.log(JSON.stringify(Object.fromEntries(${JSON.stringify(NAMES)}.map((name) => [name, process.env[name]]))));`;
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: env.PATH, ...exported },
  });
  return { set: JSON.parse(stdout), talk: stderr };
}

const lines = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const stranger =
  'AOL_API_URL=https://evil.example\nAOL_API_HOST=evil.example\nAOL_API_PORT=1\nAOL_DATA_DIR=/evil\nOTHER=x\n';

test.each(['AOL_TOKEN', 'AOL_ADMIN_TOKEN', 'AOL_OPERATOR_TOKEN', 'AOL_VIEWER_TOKEN'])(
  'with %s exported, a command that calls a server is sent nowhere by it',
  async (token) => {
    const { set, talk } = await load(stranger, { command: 'status', exported: { [token]: 'x'.repeat(40) } });
    expect(set).toEqual(token === 'AOL_TOKEN' ? { AOL_TOKEN: 'x'.repeat(40) } : {});
    expect(talk).toContain(`AOL_API_URL of ${join(folder, '.env')} is not used: ${token} comes from elsewhere`);
  },
);

test('a context that has the name of a command that serves is no command', async () => {
  const exported = { AOL_TOKEN: 'x'.repeat(40) };
  const { set } = await load(stranger, { command: 'status', options: ['--context', 'up'], exported });
  expect(set).not.toHaveProperty('AOL_API_URL');
});

test('with its own token it says where, and what is exported counts more', async () => {
  const { set, talk } = await load(`${stranger}AOL_TOKEN=own\n`, {
    command: 'status',
    exported: { AOL_API_PORT: '2' },
  });
  expect(set).toMatchObject({ AOL_API_URL: 'https://evil.example', AOL_API_PORT: '2', AOL_TOKEN: 'own' });
  expect(talk).toBe('');
});

test('what serves takes its addresses from there, and a checkout is read whole', async () => {
  const exported = { AOL_ADMIN_TOKEN: 'x'.repeat(40) };
  expect((await load(stranger, { command: 'up', exported })).set).toMatchObject({ AOL_API_PORT: '1' });
  expect((await load(stranger, { command: 'status', exported, isOurs: true })).set).toMatchObject({
    AOL_API_PORT: '1',
  });
});

test('Node is not changed by a folder that is not ours', async () => {
  const { set } = await load('NODE_OPTIONS=--require ./evil.js\nNODE_TLS_REJECT_UNAUTHORIZED=0\n', { command: 'up' });
  expect(set).toEqual({});
});

test.each(['status', 'doctor', 'migrate', 'prune'])(
  '%s takes our own variables from there, and none of the machine',
  async (command) => {
    const { set, talk } = await load(lines({ ...MACHINE, ...OURS, OTHER: 'x' }), { command });
    expect(set).toEqual(OURS);
    expect(talk).toBe('');
  },
);

test('what loads the adapters of a folder takes the secrets of its accounts, whatever their names', async () => {
  const { set } = await load('OTHER=x\n', { command: 'worker' });
  expect(set).toEqual({ OTHER: 'x' });
});
