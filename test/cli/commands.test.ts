import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { actionListSchema, actionSchema } from '../../src/contracts/http/action.ts';
import { controlAnswerSchema } from '../../src/contracts/http/control.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { statusSchema } from '../../src/contracts/http/status.ts';
import { freePort } from '../../src/local/index.ts';
import { countRows, createTestApi, POST, type TestApi } from '../support/api.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';

let api: TestApi;
let cli: TestCli;
beforeAll(async () => {
  api = await createTestApi();
  cli = createTestCli({ AOL_API_PORT: new URL(api.url).port });
});
afterAll(async () => {
  cli.close();
  await api.close();
});

const payload = JSON.stringify(POST);

describe('enqueue', () => {
  test('answers an id; the same again the same id; another content under that key is refused', async () => {
    const args = ['enqueue', 'POST_SOCIAL', '--payload', payload, '--key', 'first', '--json'];
    const first = await cli.run(args);
    expect(first).toMatchObject({ exitCode: 0, talk: '' });
    const { id } = actionSchema.parse(first.json());
    expect(actionSchema.parse((await cli.run(args)).json()).id).toBe(id);
    const other = await cli.run([
      'enqueue',
      'POST_SOCIAL',
      '--payload',
      '{"platform":"x","content":"b"}',
      '--key',
      'first',
    ]);
    expect(other).toMatchObject({ exitCode: 3, out: '' });
    expect(other.talk).toContain(id);
  });

  test('takes the payload from a file and from stdin, and every option', async () => {
    const file = join(cli.dataDir, 'payload.json');
    writeFileSync(file, payload);
    expect((await cli.run(['enqueue', 'POST_SOCIAL', '--payload', `@${file}`])).exitCode).toBe(0);
    expect((await cli.run(['enqueue', 'POST_SOCIAL', '--payload', '-'], { stdin: payload })).exitCode).toBe(0);
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const all = ['--lane', 'default', '--mode', 'PROOF', '--priority', '-7', '--at', at, '--max-attempts', '2'];
    const full = await cli.run(['enqueue', 'POST_SOCIAL', '--payload', payload, ...all, '--json']);
    expect(full.json()).toMatchObject({ priority: -7, runAt: at, maxAttempts: 2, mode: 'PROOF' });
  });

  test.each([
    ['no type', ['enqueue'], 2, 'TYPE'],
    ['unknown option', ['enqueue', 'POST_SOCIAL', '--colour', 'red'], 2, '--colour'],
    ['payload that is not JSON', ['enqueue', 'POST_SOCIAL', '--payload', '{'], 2, '--payload is not JSON'],
    ['payload that would be rounded', ['enqueue', 'POST_SOCIAL', '--payload', '{"n":9007199254740993}'], 2, '2^53'],
    ['payload of a missing file', ['enqueue', 'POST_SOCIAL', '--payload', '@/nowhere'], 2, '/nowhere'],
    ['priority that is no number', ['enqueue', 'POST_SOCIAL', '--priority', 'high'], 2, '--priority'],
    ['date that does not exist', ['enqueue', 'POST_SOCIAL', '--at', '2026-02-30T00:00:00Z'], 2, '--at'],
    ['unknown type', ['enqueue', 'LAUNCH_ROCKET'], 3, 'type'],
    ['unknown lane', ['enqueue', 'POST_SOCIAL', '--payload', payload, '--lane', 'nowhere'], 3, 'lane'],
    ['missing field', ['enqueue', 'POST_SOCIAL', '--payload', '{"platform":"x"}'], 3, 'payload.content'],
    ['REAL', ['enqueue', 'POST_SOCIAL', '--payload', payload, '--mode', 'REAL'], 3, 'mode'],
  ])('%s', async (_name, args, exitCode, words) => {
    const before = await countRows(api.database, 'aol_actions');
    const result = await cli.run(args);
    expect(result).toMatchObject({ exitCode, out: '' });
    expect(result.talk).toContain(words);
    expect(await countRows(api.database, 'aol_actions')).toBe(before);
  });

  test('errors under --json are JSON on stderr', async () => {
    const result = await cli.run(['--json', 'enqueue', 'POST_SOCIAL', '--payload', '{"platform":"x"}']);
    expect(JSON.parse(result.talk)).toMatchObject({
      error: { exitCode: 3, code: 'AOL_UNPROCESSABLE', errors: [{ field: 'payload.content' }] },
    });
  });
});

describe('actions and logs', () => {
  test('list, show, logs, cancel', async () => {
    const queued = await cli.run(['enqueue', 'POST_SOCIAL', '--payload', payload, '--key', 'k\u001b[31m\nx', '--json']);
    const { id } = actionSchema.parse(queued.json());
    const list = await cli.run(['actions', 'list', '--limit', '1']);
    expect(list.out.split('\n')).toHaveLength(2);
    expect(list.out).toContain(id);
    expect(list.out).not.toContain('\u001b');
    expect(list.talk).toContain('--cursor');
    expect(
      actionListSchema.parse((await cli.run(['actions', 'list', '--status', 'PENDING', '--json'])).json()).total,
    ).toBeGreaterThan(1);
    expect((await cli.run(['actions', 'list', '--status', 'DONE'])).exitCode).toBe(2);
    const shown = await cli.run(['actions', 'show', id]);
    expect(shown.out).toMatch(/status +PENDING/);
    expect(shown.out).toMatch(/waiting +no worker is running/);
    expect(logListSchema.parse((await cli.run(['logs', id, '--json'])).json()).items).toMatchObject([
      { event: 'ENQUEUED' },
    ]);
    expect((await cli.run(['logs', id])).out).toContain('ENQUEUED');
    expect(await cli.run(['actions', 'cancel', id, '--reason', 'no'])).toMatchObject({
      exitCode: 0,
      out: `${id} is cancelled`,
    });
    expect((await cli.run(['actions', 'cancel', id])).exitCode).toBe(3);
    expect((await cli.run(['actions', 'show', '019502a0-0000-7000-8000-000000000000'])).exitCode).toBe(3);
  });
});

describe('control', () => {
  test('pause and resume say what they did', async () => {
    expect(await cli.run(['pause', '--reason', 'lunch'])).toMatchObject({ exitCode: 0, out: 'all lanes paused' });
    expect((await cli.run(['status'])).out).toContain('paused');
    expect(await cli.run(['resume', '--lane', 'default'])).toMatchObject({ exitCode: 0 });
    expect((await cli.run(['resume'])).out).toBe('all lanes resumed');
  });

  test('kill without a terminal needs --yes', async () => {
    expect(await cli.run(['kill'])).toMatchObject({ exitCode: 2, out: '', talk: expect.stringContaining('--yes') });
    expect(statusSchema.parse((await cli.run(['status', '--json'])).json()).lanes[0]?.flags.killed).toBe(false);
    const killed = await cli.run(['kill', '--yes', '--json']);
    expect(controlAnswerSchema.parse(killed.json())).toMatchObject({ killed: true, changed: true });
    expect((await cli.run(['start'])).out).toBe('all lanes started');
  });

  test('kill on a terminal asks', async () => {
    const no = await cli.run(['kill'], { isTerminal: true, ask: () => Promise.resolve('') });
    expect(no.exitCode).toBe(2);
    const yes = await cli.run(['kill', '--lane', 'default'], { isTerminal: true, ask: () => Promise.resolve('y') });
    expect(yes).toMatchObject({ exitCode: 0, out: 'lane default killed' });
    await cli.run(['start', '--lane', 'default']);
  });
});

describe('lanes and status', () => {
  test('lanes list and create', async () => {
    expect((await cli.run(['lanes', 'create', 'brand'])).out).toMatch(/^lane brand created: it begins in PROOF/);
    expect((await cli.run(['lanes', 'create', 'brand'])).out).toBe('lane brand was there already');
    expect((await cli.run(['lanes', 'list', '--json'])).json()).toMatchObject({
      items: [{ lane: 'brand' }, { lane: 'default' }],
    });
    expect((await cli.run(['lanes', 'create', 'Not A Lane'])).exitCode).toBe(3);
  });

  test('status for people and for programs; --watch goes on until it is stopped', async () => {
    const { out } = await cli.run(['status']);
    expect(out).toMatch(/mode +PROOF: nothing is sent \(no worker is running\)/);
    expect(out).toMatch(/temporal +AWAY: not here/);
    expect(out).toMatch(/brand +PROOF +RED/);
    const stop = new AbortController();
    const watching = cli.run(['status', '--watch', '--json'], { signal: stop.signal });
    setTimeout(() => stop.abort(), 1_500);
    const watched = await watching;
    expect(watched.out.split('\n').length).toBeGreaterThan(1);
    for (const line of watched.out.split('\n')) statusSchema.parse(JSON.parse(line));
  });
});

describe('around', () => {
  test('version and help end with 0, nonsense with 2', async () => {
    expect(await cli.run(['--version'])).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    expect(await cli.run(['--help'])).toMatchObject({ exitCode: 0, out: expect.stringContaining('enqueue') });
    expect((await cli.run(['frobnicate'])).exitCode).toBe(2);
    expect((await cli.run([])).exitCode).toBe(2);
  });

  test('a server that is away is 4, a wrong variable 5, a wrong token 3', async () => {
    const away = await cli.run(['lanes', 'create', 'x'], { env: { AOL_API_PORT: String(await freePort()) } });
    expect(away).toMatchObject({ exitCode: 4, talk: expect.stringContaining('aol up') });
    const wrong = await cli.run(['status'], { env: { AOL_API_PORT: 'eighty' } });
    expect(wrong).toMatchObject({ exitCode: 5, talk: expect.stringContaining('AOL_API_PORT') });
    const stranger = await cli.run(['status'], { env: { AOL_ADMIN_TOKEN: 'x'.repeat(40) } });
    expect(stranger).toMatchObject({ exitCode: 3, talk: expect.stringContaining('token') });
    const none = { AOL_ADMIN_TOKEN: '', AOL_OPERATOR_TOKEN: '', AOL_VIEWER_TOKEN: '' };
    expect(await cli.run(['status'], { env: none })).toMatchObject({ exitCode: 5 });
  });
});
