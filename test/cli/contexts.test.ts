/** Which AOL a command talks to, and with which token. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runCli } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/index.ts';
import { freePort, writeAddresses } from '../../src/local/index.ts';
import { createTestApi, type TestApi, TOKENS } from '../support/api.ts';

let api: TestApi;
let port: number;
let home: string;
beforeAll(async () => {
  api = await createTestApi();
  port = Number(new URL(api.url).port);
});
afterAll(() => api.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aol-home-'));
});
afterEach(() => rmSync(home, { recursive: true }));

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly answers?: readonly string[];
  readonly stdin?: string;
  /** As if it were the usual one: a context in use still counts more. */
  readonly dataDir?: string;
}

/** A person's shell: nothing is set but where home is, and a default port where nobody listens. */
async function aol(args: readonly string[], { env = {}, answers, stdin = '', dataDir }: Given = {}) {
  const out: string[] = [];
  const talk: string[] = [];
  const asked: { question: string; isSecret: boolean }[] = [];
  const left = [...(answers ?? [])];
  const exitCode = await runCli(args, {
    out: (text) => out.push(text),
    outBytes: () => undefined,
    talk: (text) => talk.push(text),
    isTerminal: answers !== undefined,
    isOutTerminal: false,
    color: false,
    readStdin: () => Promise.resolve(Buffer.from(stdin)),
    ask(question, how) {
      asked.push({ question, isSecret: how?.isSecret ?? false });
      return Promise.resolve(left.shift() ?? '');
    },
    config: async () => ({ ...loadConfig({ HOME: home, ...env }), ...(dataDir !== undefined && { dataDir }) }),
  });
  return { exitCode, out: out.join('\n'), talk: talk.join('\n'), asked };
}

const contextsFile = () => join(home, '.config', 'aol', 'contexts.json');
const remote = (url = api.url) => ({ AOL_API_URL: url, AOL_TOKEN: TOKENS.operator });

describe('AOL_API_URL and AOL_TOKEN', () => {
  test('need nothing else: no data folder, no other token', async () => {
    expect(await aol(['status'], { env: remote() })).toMatchObject({ exitCode: 0, talk: '' });
  });

  test('are what whoami tells, with name and role', async () => {
    const { out } = await aol(['whoami', '--json'], { env: remote() });
    expect(JSON.parse(out)).toMatchObject({ address: api.url, role: 'operator', token: TOKENS.operator });
    expect((await aol(['whoami'], { env: remote() })).out).toContain(`token    ${TOKENS.operator}`);
  });

  test('whoami in a container tells the address that others use', async () => {
    const env = {
      AOL_API_PORT: String(port),
      AOL_OPERATOR_TOKEN: TOKENS.operator,
      AOL_PUBLIC_URL: 'https://aol.example',
    };
    const { out } = await aol(['whoami', '--json'], { env });
    expect(JSON.parse(out)).toMatchObject({ address: 'https://aol.example', role: 'operator' });
  });

  test('belong together: no other token goes there', async () => {
    const env = { AOL_API_URL: api.url, AOL_ADMIN_TOKEN: TOKENS.admin };
    const refused = await aol(['status'], { env });
    expect(refused).toMatchObject({ exitCode: 5, talk: expect.stringMatching(/AOL_TOKEN.*AOL_API_URL/) });
  });

  test('a token leaves this machine by https only, and the message names the variable', async () => {
    const plain = await aol(['status'], { env: remote('http://aol.example') });
    expect(plain).toMatchObject({ exitCode: 5, talk: expect.stringMatching(/^aol: AOL_API_URL must be .*https/) });
    for (const host of ['aol.example', '10.0.0.5', '127.0.0.1.aol.example']) {
      const env = { AOL_API_HOST: host, AOL_ADMIN_TOKEN: TOKENS.admin };
      const refused = await aol(['kill', '--yes'], { env });
      expect(refused).toMatchObject({
        exitCode: 5,
        talk: expect.stringMatching(/AOL_API_HOST: .*https only.*AOL_API_URL/),
      });
    }
  });
});

describe('the AOL of this machine', () => {
  const tokens = { AOL_ADMIN_TOKEN: TOKENS.admin };

  test('is found in the data folder, also when its ports are other ones', async () => {
    const dataDir = join(home, 'data');
    const env = { AOL_DATA_DIR: dataDir, ...tokens };
    const nobody = String(await freePort());
    expect(await aol(['status'], { env: { ...env, AOL_API_PORT: nobody } })).toMatchObject({ exitCode: 4 });
    rmSync(dataDir, { recursive: true, force: true });
    mkdirSync(dataDir);
    writeAddresses(dataDir, { apiHost: '0.0.0.0', apiPort: port, postgresPort: 1, temporalPort: 2, temporalUiPort: 3 });
    expect(await aol(['status'], { env })).toMatchObject({ exitCode: 0 });
    expect(await aol(['status'], { env: { ...env, AOL_API_PORT: nobody } })).toMatchObject({ exitCode: 4 });
  });

  test('an address in a data folder that is not on this machine gets no token', async () => {
    writeAddresses(home, {
      apiHost: 'evil.example',
      apiPort: port,
      postgresPort: 1,
      temporalPort: 2,
      temporalUiPort: 3,
    });
    expect(await aol(['status'], { env: { AOL_DATA_DIR: home, ...tokens } })).toMatchObject({
      exitCode: 5,
      talk: expect.stringContaining('by https only'),
    });
  });
});

describe('contexts', () => {
  test('are added with a token that is asked for and not shown, kept for this user alone, and used', async () => {
    const added = await aol(['context', 'add', 'prod', api.url], { answers: [TOKENS.admin] });
    expect(added).toMatchObject({ exitCode: 0, out: `prod is ${api.url}` });
    expect(added.asked).toEqual([{ question: expect.stringContaining('token of prod'), isSecret: true }]);
    expect(statSync(contextsFile()).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, '.config', 'aol')).mode & 0o777).toBe(0o700);
    expect(added.out + added.talk).not.toContain(TOKENS.admin);

    expect((await aol(['context', 'use', 'prod'])).out).toBe(`from now on: prod (${api.url})`);
    expect((await aol(['status'])).exitCode).toBe(0);
    const list = await aol(['context', 'list']);
    expect(list.out).toMatch(new RegExp(`^\\* +prod +${api.url}`, 'm'));
    expect(list.out).not.toContain(TOKENS.admin);
  });

  test('stand in each question and each danger', async () => {
    await aol(['context', 'add', 'prod', api.url, '--token-file', '-'], { stdin: `${TOKENS.admin}\n` });
    await aol(['context', 'use', 'prod']);
    const where = `on prod (${api.url}): `;
    for (const args of [
      ['kill'],
      ['flags', 'set', 'proof_only', 'false'],
      ['flags', 'set', 'killed', 'true'],
      ['actions', 'resolve', '019502a0-0000-7000-8000-000000000000', '--sent'],
    ]) {
      const { exitCode, asked, talk } = await aol(args, { answers: ['n'] });
      expect(exitCode).toBe(2);
      expect(asked.map(({ question }) => question)).toEqual([
        expect.stringMatching(/^on prod \(http.*\): .*\[y\/N\] $/),
      ]);
      expect(talk).toContain(`aol: ${where}`);
      expect((await aol(args)).talk).toContain(where);
    }
    const here = await aol(['kill'], {
      env: { AOL_API_PORT: String(port), AOL_ADMIN_TOKEN: TOKENS.admin },
      answers: ['n'],
    });
    expect(here.talk).toContain(`aol: on ${api.url}: kill stops ALL lanes`);
  });

  test('a restore names the database that it empties, not the AOL that other commands talk to', async () => {
    await aol(['context', 'add', 'prod', api.url, '--token-file', '-'], { stdin: TOKENS.admin });
    await aol(['context', 'use', 'prod']);
    const args = ['restore', 'aol.backup', '--replace'];
    for (const [env, where] of [
      [{ DATABASE_URL: 'postgresql://me:secret@db.example:5432/aol' }, 'on postgresql://me:***@db.example:5432/aol: '],
      [{ AOL_DATA_DIR: join(home, 'data') }, `on the data folder ${join(home, 'data')}: `],
    ] as const) {
      const { exitCode, asked, talk } = await aol(args, { env, answers: ['n'] });
      expect(exitCode).toBe(2);
      expect(asked.map(({ question }) => question)).toEqual([`${where}Delete and restore? [y/N] `]);
      expect(talk).toContain(`aol: ${where}restore --replace deletes`);
      expect((await aol(args, { env })).talk).toContain(where);
    }
  });

  test('--context names one for a single command, before or behind its words, and counts more than all else', async () => {
    const nobody = await freePort();
    await aol(['context', 'add', 'prod', api.url, '--token-file', '-'], { stdin: TOKENS.admin });
    await aol(['context', 'add', 'away', `http://127.0.0.1:${nobody}`, '--token-file', '-'], { stdin: TOKENS.admin });
    await aol(['context', 'use', 'away']);
    expect((await aol(['status'])).exitCode).toBe(4);
    const elsewhere = { AOL_API_URL: `http://127.0.0.1:${nobody}`, AOL_TOKEN: 'x'.repeat(40) };
    const here = { AOL_API_PORT: String(nobody), AOL_ADMIN_TOKEN: 'x'.repeat(40) };
    for (const env of [{}, elsewhere, here]) {
      expect((await aol(['--context', 'prod', 'status'], { env })).exitCode).toBe(0);
      const asked = await aol(['kill', '--context', 'prod'], { env, answers: ['n'] });
      expect(asked).toMatchObject({
        exitCode: 2,
        talk: expect.stringContaining(`aol: on prod (${api.url}): kill stops ALL`),
        asked: [{ question: `on prod (${api.url}): Kill ALL lanes? [y/N] `, isSecret: false }],
      });
    }
    const local = { AOL_API_PORT: String(port), AOL_ADMIN_TOKEN: TOKENS.admin };
    expect((await aol(['status', '--context', 'local'])).exitCode).toBe(5);
    expect((await aol(['status', '--context', 'local'], { env: local })).exitCode).toBe(0);
  });

  test('--context: a token beside an address goes to no other one', async () => {
    await aol(['context', 'add', 'prod', api.url]);
    const other = { AOL_API_URL: 'https://aol.example', AOL_TOKEN: TOKENS.admin };
    for (const command of ['status', 'mcp']) {
      const refused = await aol(['--context', 'prod', command], { env: other });
      expect(refused).toMatchObject({ exitCode: 5, talk: expect.stringContaining('AOL_TOKEN') });
    }
    expect((await aol(['--context', 'prod', 'status'], { env: { AOL_TOKEN: TOKENS.admin } })).exitCode).toBe(0);
  });

  test('--context: one that is not there is refused, and so is a command that works on this machine', async () => {
    await aol(['context', 'add', 'prod', api.url]);
    for (const name of ['stage', 'constructor']) {
      const refused = await aol(['status', '--context', name]);
      expect(refused).toMatchObject({ exitCode: 5, talk: `aol: there is no context ${name}: local, prod` });
    }
    for (const args of [
      ...['up', 'worker', 'api', 'migrate', 'doctor'].map((name) => [name]),
      ['run', '--ticks', '1'],
      ['acceptance'],
      ['prune', '--older-than', '1d'],
      ['artifacts', 'verify'],
      ['context', 'list'],
    ]) {
      const refused = await aol([...args, '--context', 'prod']);
      expect(refused).toMatchObject({ exitCode: 2, out: '', talk: expect.stringContaining('works on this machine') });
    }
  });

  test('acceptance checks the AOL of this machine, whose database it reads', async () => {
    await aol(['context', 'add', 'prod', api.url, '--token-file', '-'], { stdin: TOKENS.admin });
    await aol(['context', 'use', 'prod']);
    const database = { DATABASE_URL: 'postgresql://127.0.0.1:1/nobody' };
    for (const env of [database, { ...database, ...remote() }]) {
      const refused = await aol(['acceptance'], { env, dataDir: join(home, 'data') });
      expect(refused).toMatchObject({ exitCode: 5, talk: expect.stringContaining('there are no tokens in') });
    }
  });

  test('variables count more, a context its own token only', async () => {
    await aol(['context', 'add', 'away', 'https://aol.example', '--token-file', '-'], { stdin: TOKENS.admin });
    await aol(['context', 'use', 'away']);
    expect((await aol(['status'], { env: remote() })).exitCode).toBe(0);
    const warned = await aol(['context', 'use', 'away'], { env: remote() });
    expect(warned.talk).toContain('AOL_API_URL is set');
    const stranger = { AOL_API_PORT: String(port) };
    expect((await aol(['status'], { env: stranger })).exitCode).toBe(5);
    await aol(['context', 'use', 'local']);
    expect((await aol(['context', 'list'])).out).toMatch(/^\* +local/m);
  });

  test.each([
    [['add', 'prod', 'http://aol.example'], 'https'],
    [['add', 'prod', 'aol.example'], 'https'],
    [['add', 'prod', 'https://me:pw@aol.example'], 'https'],
    [['add', 'local', 'https://aol.example'], 'local'],
    [['add', 'Prod!', 'https://aol.example'], 'NAME'],
    [['use', 'nowhere'], 'no context nowhere'],
    [['remove', 'nowhere'], 'no context nowhere'],
  ])('%j is refused', async (args, words) => {
    expect(await aol(['context', ...args])).toMatchObject({
      exitCode: 2,
      out: '',
      talk: expect.stringContaining(words),
    });
  });

  test('are removed with their token; the one in use leaves this machine', async () => {
    await aol(['context', 'add', 'prod', 'https://aol.example', '--token-file', '-'], { stdin: TOKENS.admin });
    await aol(['context', 'use', 'prod']);
    expect((await aol(['context', 'remove', 'prod'])).out).toBe('prod is forgotten; from now on: local');
    expect(readFileSync(contextsFile(), 'utf8')).not.toContain(TOKENS.admin);
  });

  test('a file that others may read is closed, one that is damaged is named, a token that is none is refused', async () => {
    await aol(['context', 'add', 'prod', 'https://aol.example']);
    chmodSync(contextsFile(), 0o644);
    await aol(['context', 'list']);
    expect(statSync(contextsFile()).mode & 0o777).toBe(0o600);
    await aol(['context', 'use', 'prod']);
    expect((await aol(['status'])).talk).toContain('the context prod has no token');
    const short = await aol(['context', 'add', 'prod', 'https://aol.example', '--token-file', '-'], { stdin: 'short' });
    expect(short).toMatchObject({ exitCode: 2, talk: expect.stringContaining('32 to 512') });
    writeFileSync(contextsFile(), '{"contexts":{"x":{"url":"http://aol.example"}}}');
    expect(await aol(['status'])).toMatchObject({ exitCode: 5, talk: expect.stringContaining('contexts.json') });
  });
});
