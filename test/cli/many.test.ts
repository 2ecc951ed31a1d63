/** Commands about many actions, about waiting and looking ahead, and the times that they read and show. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { actionListSchema, actionSchema } from '../../src/contracts/http/action.ts';
import { approvalsAnswerSchema, dlqGroupsSchema } from '../../src/contracts/http/bulk.ts';
import { dlqAnswerSchema } from '../../src/contracts/http/decisions.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { validateResultSchema } from '../../src/contracts/http/validate.ts';
import { findAction } from '../../src/db/decide/cancel.ts';
import { ownZone, wallTime } from '../../src/domain/local-time.ts';
import { createTestApi, POST, type TestApi, TOKENS } from '../support/api.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';
import { awaitingApproval, dead, queued } from '../support/settled.ts';

let api: TestApi;
let cli: TestCli;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  cli = createTestCli({ AOL_API_PORT: new URL(api.url).port });
  db = api.database.pool;
  await db.query(`SELECT aol_create_lane('brand', 'test')`);
});
afterAll(async () => {
  cli.close();
  await api.close();
});

/** Its address. */
async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  return `http://127.0.0.1:${address.port}`;
}

const terminal = (answer: string) => {
  const asked: string[] = [];
  const ask = (question: string) => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return { isTerminal: true, ask, asked };
};
const statusOf = async (id: string) => (await findAction(db, id)).status;
const payload = JSON.stringify(POST);
const NEW = ['enqueue', 'POST_SOCIAL', '--payload', payload];

/** What a process of its own prints, whose environment names a zone. */
async function inZone(zone: string, args: readonly string[]): Promise<string> {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const env = { TZ: zone, AOL_API_URL: api.url, AOL_TOKEN: TOKENS.viewer, AOL_DATA_DIR: cli.dataDir };
  return (await promisify(execFile)(process.execPath, ['--no-warnings', main, ...args], { env })).stdout;
}

describe('many at once', () => {
  test('cancel counts what fits and asks; nothing happens without a yes', async () => {
    const [one, two] = [await queued(db, { lane: 'brand' }), await queued(db, { lane: 'brand' })];
    const kept = await queued(db);
    const filter = ['actions', 'cancel', '--lane', 'brand', '--status', 'PENDING'];
    expect(await cli.run(filter)).toMatchObject({ exitCode: 2, talk: expect.stringContaining('2 actions that wait') });
    expect((await cli.run(filter, terminal('n'))).exitCode).toBe(2);
    expect((await cli.run([...filter, '--dry-run'])).out).toBe('2 actions would be cancelled');
    expect(await statusOf(one)).toBe('PENDING');
    const person = terminal('y');
    expect((await cli.run([...filter, '--reason', 'off'], person)).out).toBe('2 actions cancelled');
    expect(person.asked[0]).toContain('Cancel 2 actions?');
    expect(await Promise.all([one, two, kept].map(statusOf))).toEqual(['CANCELLED', 'CANCELLED', 'PENDING']);
    const byIds = await cli.run(['actions', 'cancel', one, kept, '--yes', '--json']);
    expect(byIds.exitCode).toBe(3);
    expect(dlqAnswerSchema.parse(byIds.json())).toMatchObject({ changed: 1, refused: [{ id: one }] });
    for (const wrong of [[], [kept, '--all'], ['--status', 'DLQ'], [kept, '--lane', 'brand']]) {
      expect((await cli.run(['actions', 'cancel', ...wrong, '--yes'])).exitCode).toBe(2);
    }
  });

  test('approve --all shows a list and asks, also where --yes would be; reject --all too', async () => {
    const [one, two] = [await awaitingApproval(db, { lane: 'brand' }), await awaitingApproval(db, { lane: 'brand' })];
    const other = await awaitingApproval(db);
    const all = ['approve', '--all', '--lane', 'brand'];
    expect(await cli.run([...all, '--yes'])).toMatchObject({
      exitCode: 2,
      talk: expect.stringContaining('--all always asks'),
    });
    expect((await cli.run(all)).exitCode).toBe(2);
    expect(await statusOf(one)).toBe('AWAITING_APPROVAL');
    const person = terminal('y');
    const answer = await cli.run([...all, '--json'], person);
    expect([answer.exitCode, person.asked[0]]).toEqual([0, expect.stringContaining('Send these 2 actions?')]);
    expect(answer.talk).toContain('Bluesky: Hello');
    expect(approvalsAnswerSchema.parse(answer.json()).results.map(({ status }) => status)).toEqual([200, 200]);
    expect(await Promise.all([one, two, other].map(statusOf))).toEqual(['PENDING', 'PENDING', 'AWAITING_APPROVAL']);
    const rejected = await cli.run(['reject', '--all', '--created-by', 'test', '--reason', 'no'], terminal('y'));
    expect(rejected.out).toContain('1 action rejected');
    expect((await cli.run(all)).out).toBe('nothing waits for approval and fits');
    for (const wrong of [
      ['approve'],
      ['approve', other],
      ['approve', other, '--all'],
      ['reject'],
      ['reject', other, '--all'],
    ]) {
      expect((await cli.run(wrong)).exitCode).toBe(2);
    }
  });

  test('dead letters are told by their cause, and replayed by one that stands for it', async () => {
    const ids = [await dead(db), await dead(db), await dead(db)];
    for (const [index, id] of ids.entries()) {
      const error = index < 2 ? `order ${1_000 + index}: 404` : 'the mailbox is full';
      await db.query('UPDATE aol_actions SET last_error = $2 WHERE id = $1', [id, error]);
    }
    const told = await cli.run(['dlq', 'groups']);
    expect(told.out).toContain('order …: 404');
    expect(told.out.split('\n')[0]).toContain(`NEWEST (${ownZone()})`);
    const groups = dlqGroupsSchema.parse((await cli.run(['dlq', 'groups', '--json'])).json());
    expect(groups.items.map(({ count }) => count)).toEqual([2, 1]);
    const like = groups.items[0]?.sampleId ?? '';
    expect((await cli.run(['dlq', 'replay', '--like', like, '--dry-run'])).out).toBe(
      '2 dead letters would be replayed',
    );
    expect((await cli.run(['dlq', 'replay', '--like', like, '--yes'])).out).toContain('2 dead letters replayed');
    expect((await cli.run(['dlq', 'clear', '--cause', 'the mailbox is full', '--yes'])).out).toBe(
      '1 dead letter cleared',
    );
    expect((await cli.run(['dlq', 'replay', '--like', like, '--yes'])).exitCode).toBe(2);
  });
});

describe('actions wait', () => {
  test.each([
    ['DLQ', 1, () => dead(db)],
    ['AWAITING_APPROVAL', 6, () => awaitingApproval(db)],
  ] as const)('of what is %s the exit code is %i', async (status, exitCode, make) => {
    const answer = await cli.run(['actions', 'wait', await make(), '--json']);
    expect([answer.exitCode, actionSchema.parse(answer.json()).status]).toEqual([exitCode, status]);
  });

  test('it goes on until the end, or the time is over', async () => {
    const id = await queued(db);
    expect((await cli.run(['actions', 'wait', id, '--for', '300ms'])).exitCode).toBe(6);
    const waiting = cli.run(['actions', 'wait', id, '--for', '30s']);
    await cli.run(['actions', 'cancel', id]);
    expect(await waiting).toMatchObject({ exitCode: 1, out: expect.stringContaining('CANCELLED') });
    expect((await cli.run(['actions', 'wait', id, '--for', 'long'])).exitCode).toBe(2);
  });
});

describe('times', () => {
  test('--at in a zone; JSON says it in UTC, the terminal in the reader’s zone with its name', async () => {
    const made = await cli.run([...NEW, '--at', '2027-07-01 09:00 America/New_York', '--json']);
    const action = actionSchema.parse(made.json());
    expect(action.runAt).toBe('2027-07-01T13:00:00.000Z');
    const shown = (await cli.run(['actions', 'show', action.id])).out;
    const here = `${wallTime(new Date(action.runAt), ownZone())} ${ownZone()}`;
    expect(shown).toMatch(new RegExp(`^due +${here.replaceAll(/[.+/]/gu, '.')}$`, 'mu'));
    expect(shown).toContain(`it is due at ${here}`);
    expect(shown).not.toMatch(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/u);
    const list = await cli.run(['actions', 'list', '--order', 'due', '--due-from', '2027-07-01 14:59 Europe/Berlin']);
    expect(list.out.split('\n')[0]).toContain(`DUE (${ownZone()})`);
    expect(list.out).toContain(wallTime(new Date(action.runAt), ownZone()));
    const none = await cli.run(['actions', 'list', '--due-from', '2027-07-01T13:00:01Z', '--json']);
    expect(actionListSchema.parse(none.json()).items).toEqual([]);
    expect(await inZone('Asia/Tokyo', ['actions', 'show', action.id])).toContain('2027-07-01 22:00:00 Asia/Tokyo');
  });

  test('a time that clocks skip is refused by the name of its option, once, with the two nearest', async () => {
    const { exitCode, talk } = await cli.run([...NEW, '--at', '2027-03-28 02:30 Europe/Berlin']);
    expect([exitCode, talk]).toEqual([2, expect.stringContaining('2027-03-28 01:59 and 2027-03-28 03:00')]);
    expect(talk.match(/--at/gu)).toHaveLength(1);
    expect(talk).not.toContain('runAt');
    const far = await cli.run([...NEW, '--at', '2099-01-01 09:00 Europe/Berlin']);
    expect([far.exitCode, far.talk.match(/--at/gu)?.length, far.talk.includes('runAt')]).toEqual([2, 1, false]);
  });

  test('of a time that comes twice the first is taken, and stderr says so', async () => {
    const { exitCode, talk, json } = await cli.run([...NEW, '--at', '2027-10-31 02:30 Europe/Berlin', '--json']);
    expect([exitCode, talk]).toEqual([0, expect.stringContaining('comes twice in Europe/Berlin')]);
    expect(actionSchema.parse(json()).runAt).toBe('2027-10-31T00:30:00.000Z');
  });

  test('logs by time and by people, as a table and as CSV', async () => {
    await cli.run(['pause', '--lane', 'brand', '--yes']);
    const acts = logListSchema.parse((await cli.run(['logs', '--people', '--json'])).json());
    expect(acts.items[0]).toMatchObject({ event: 'FLAG_CHANGED', actor: 'admin' });
    const table = await cli.run(['logs', '--people', '--from', '2020-01-01 00:00 Europe/Berlin', '--limit', '3']);
    expect(table.out.split('\n')[0]).toContain(`AT (${ownZone()})`);
    const csv = await cli.run(['logs', '--people', '--csv', '--to', '2099-01-01T00:00:00Z']);
    expect(csv.out.split('\r\n')[0]).toMatch(/^at,event,actor,lane/u);
    expect(csv.out).toMatch(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.\d{3}Z,FLAG_CHANGED,admin,brand/u);
    for (const wrong of [
      ['--csv', '--json'],
      ['--csv', '--follow'],
      ['--from', 'yesterday'],
    ]) {
      expect((await cli.run(['logs', ...wrong])).exitCode).toBe(2);
    }
  });
});

test('a terminal shows the rows of CSV as lines, wherever the pieces part in which they come', async () => {
  const [first, second] = [Buffer.from('at,event\r\n1,ä').subarray(0, -1), Buffer.from('1,ä\r\n2,b\r\n').subarray(3)];
  let goOn: () => void = () => undefined;
  const server = createServer((_, response) => {
    goOn = () => void response.end(second);
    response.writeHead(200, { 'content-type': 'text/csv' }).write(first);
  });
  const env = { AOL_API_URL: await listening(server), AOL_TOKEN: TOKENS.admin };
  const shown = await cli.run(['logs', '--csv'], { env, isOutTerminal: true, onOut: () => goOn() });
  expect(shown).toMatchObject({ exitCode: 0, out: 'at,event\n1,ä\n2,b' });
  server.closeAllConnections();
  server.close();
});

describe('what enqueue says', () => {
  test('a key that is there is said, and the same action answered', async () => {
    const first = actionSchema.parse((await cli.run([...NEW, '--key', 'again', '--json'])).json());
    const again = await cli.run([...NEW, '--key', 'again']);
    expect(again).toMatchObject({ exitCode: 0, out: expect.stringContaining(first.id) });
    expect(again.talk).toMatch(/there is an action of this key, from .*: no second one was queued/);
  });

  test('a call whose first answer was lost does not speak of a key that nobody gave', async () => {
    let lost = 0;
    const proxy = createServer(async (request, response) => {
      const body = request.method === 'POST' ? await text(request) : undefined;
      const headers = { authorization: `Bearer ${TOKENS.admin}`, ...(body && { 'content-type': 'application/json' }) };
      const answer = await fetch(`${api.url}${request.url}`, {
        method: request.method ?? 'GET',
        headers,
        body: body ?? null,
      });
      const answered = await answer.text();
      if (body !== undefined && lost === 0) {
        lost += 1;
        response.destroy();
      } else {
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answered);
      }
    });
    const env = { AOL_API_URL: await listening(proxy), AOL_TOKEN: TOKENS.admin };
    expect(await cli.run(NEW, { env })).toMatchObject({ exitCode: 0, talk: '' });
    expect(lost).toBe(1);
    proxy.closeAllConnections();
    proxy.close();
  });

  test('REAL into a lane that is PROOF says that it waits, not that it is sent', async () => {
    const hook = ['enqueue', 'CALL_WEBHOOK', '--payload', '{"url":"https://a.example","body":1}'];
    const { out } = await cli.run([...hook, '--mode', 'REAL']);
    expect(out).toContain('waits until its lane is REAL');
    expect(out).not.toContain('it is sent');
  });

  test('--validate queues nothing, and is refused as the enqueue would be', async () => {
    const before = await db.query('SELECT FROM aol_actions');
    const look = await cli.run([...NEW, '--validate']);
    expect(look).toMatchObject({ exitCode: 0, out: expect.stringContaining('"summary": ') });
    expect(look.out).toContain('Hello');
    const told = validateResultSchema.parse((await cli.run([...NEW, '--validate', '--json'])).json());
    expect(told).toMatchObject({ ok: true, preview: { kind: 'post' } });
    const refused = await cli.run(['enqueue', 'POST_SOCIAL', '--payload', '{"platform":"x"}', '--validate']);
    expect(refused).toMatchObject({ exitCode: 3, talk: expect.stringContaining('payload.content') });
    expect((await db.query('SELECT FROM aol_actions')).rowCount).toBe(before.rowCount);
  }, 30_000);
});

test('help of a command within a command', async () => {
  const help = await cli.run(['help', 'actions', 'list']);
  expect([help.exitCode, help.out]).toEqual([0, expect.stringContaining('--due-from')]);
  expect((await cli.run(['help', 'dlq'])).out).toContain('groups');
  expect((await cli.run(['help'])).out).toContain('enqueue');
  expect((await cli.run(['help', 'actions', 'nothing'])).exitCode).toBe(2);
});
