/** `GET /v1/actions/{id}?wait=`: answers when the status changes; bounded; over in time; gone with its caller; beside it a kill goes on. */

import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AolClient } from '../../src/client/client.ts';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { as, createTestApi, namedToken, type TestApi, TOKENS } from '../support/api.ts';
import { awaitingApproval, dead, finished, queued, SHA } from '../support/settled.ts';
import { until } from '../support/until.ts';

let api: TestApi;
let db: TestApi['database']['pool'];
let client: AolClient;
beforeAll(async () => {
  api = await createTestApi();
  db = api.database.pool;
  client = new AolClient({ baseUrl: api.url, token: TOKENS.operator });
});
afterAll(() => api.close());

const wait = (id: string, query: string, headers = as('viewer')) =>
  api.call({ url: `/v1/actions/${id}?${query}`, headers });
const timed = async <Answer>(work: Promise<Answer>) => {
  const startedMs = performance.now();
  return { answer: await work, tookMs: performance.now() - startedMs };
};

/** As the API counts them. */
const soManyWait = (count: number, of = client) =>
  until(`${count} calls wait`, async () =>
    (await of.metrics()).includes(`aol_http_requests_inside{kind="waits"} ${count}\n`),
  );

describe('a call that waits', () => {
  test('answers as soon as the status is another one', async () => {
    const id = await awaitingApproval(db);
    const waiting = timed(wait(id, 'wait=30s'));
    await soManyWait(1);
    await client.approve(id, { sha256: SHA });
    const { answer, tookMs } = await waiting;
    expect([answer.statusCode, actionSchema.parse(answer.json()).status]).toEqual([200, 'PENDING']);
    expect(tookMs).toBeLessThan(10_000);
  });

  test('answers at once what is final, and what is another status than the one that the caller knows', async () => {
    const done = await finished(db, { status: 'SUCCESS', daysAgo: 0 });
    const pending = await queued(db);
    const known = await timed(wait(pending, 'wait=30s&seen=AWAITING_APPROVAL'));
    expect(actionSchema.parse(known.answer.json()).status).toBe('PENDING');
    const final = await timed(wait(done, 'wait=30s&seen=SUCCESS'));
    expect(actionSchema.parse(final.answer.json()).status).toBe('SUCCESS');
    expect(known.tookMs + final.tookMs).toBeLessThan(10_000);
  });

  test('answers the same status when its time is over', async () => {
    const { answer, tookMs } = await timed(wait(await queued(db), 'wait=700ms'));
    expect(actionSchema.parse(answer.json()).status).toBe('PENDING');
    expect(tookMs).toBeGreaterThanOrEqual(690);
  });

  test.each([
    ['wait=61s', 'wait'],
    ['wait=5', 'wait'],
    ['wait=1m', 'wait'],
    ['seen=PENDING', 'seen'],
  ])('%s is 400', async (query, field) => {
    const answer = await wait(await queued(db), query);
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { errors: [{ field }] }]);
  });

  test('of what is not there, or of another lane, it does not wait', async () => {
    await db.query(`SELECT aol_create_lane('brand', 'test')`);
    const bound = await namedToken(api, { name: 'elsewhere', role: 'viewer', lanes: ['brand'] });
    expect((await wait('019502a0-0000-7000-8000-000000000000', 'wait=30s')).statusCode).toBe(404);
    expect((await wait(await queued(db), 'wait=30s', bound)).statusCode).toBe(404);
  });
});

/** So many calls of a viewer on one connection: two hundred clients would take this process's time, and not the API's. */
function pipelined(count: number, path: string): Socket {
  const { hostname, port } = new URL(api.url);
  const headers = Object.entries({ host: `${hostname}:${port}`, ...as('viewer') }).map((pair) => pair.join(': '));
  const socket = connect(Number(port), hostname);
  socket.write(`${[`GET ${path} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n`.repeat(count));
  return socket;
}

test('two hundred of one caller wait, beside which a kill is served; the next is told to come later; all go with their caller', async () => {
  const id = await queued(db);
  const callers = Array.from({ length: 4 }, () => pipelined(50, `/v1/actions/${id}?wait=60s`));
  await until('all of them wait', async () => (await wait(id, 'wait=1ms')).statusCode === 429);
  const refused = await wait(id, 'wait=1ms');
  expect([refused.headers['retry-after'], problemSchema.parse(refused.json()).code]).toEqual([
    '5',
    'AOL_TOO_MANY_REQUESTS',
  ]);
  // Others have places of their own; none of them holds a connection to the database.
  expect((await wait(id, 'wait=1ms', as('operator'))).statusCode).toBe(200);
  const { answer, tookMs } = await timed(
    api.call({ method: 'POST', url: '/v1/control/kill', headers: as('operator'), payload: undefined }),
  );
  expect([answer.statusCode, tookMs < 1_000]).toEqual([200, true]);
  expect(db.waitingCount).toBe(0);
  for (const caller of callers) caller.destroy();
  await until('their places are free', async () => (await wait(id, 'wait=1ms')).statusCode === 200);
  await client.start();
});

test('many who wait for different actions are told of theirs, each by one read', async () => {
  const ids = await Promise.all(Array.from({ length: 30 }, () => awaitingApproval(db)));
  const waiting = ids.map((id) => client.wait(id, { untilEnd: false, timeoutMs: 30_000 }));
  await soManyWait(ids.length);
  const { results } = await client.decideApprovals({ reject: ids.map((id) => ({ id })) });
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set(['CANCELLED']));
});

describe('client.wait', () => {
  test('goes on over other statuses until the end, which a dead letter is too', async () => {
    const id = await awaitingApproval(db);
    const ended = client.wait(id, { timeoutMs: 30_000 });
    await soManyWait(1);
    await client.approve(id, { sha256: SHA });
    await soManyWait(1);
    await client.cancel(id);
    expect((await ended).status).toBe('CANCELLED');
    expect((await client.wait(await dead(db))).status).toBe('DLQ');
  });

  test('answers it as it is when the time is over; with a status that is no more at once', async () => {
    const id = await queued(db);
    expect((await client.wait(id, { timeoutMs: 300 })).status).toBe('PENDING');
    expect((await client.wait(id, { untilEnd: false, seen: 'RUNNING' })).status).toBe('PENDING');
  });

  test('ends by its signal', async () => {
    const signal = AbortSignal.timeout(300);
    await expect(client.wait(await queued(db), { signal })).rejects.toThrow(/timeout|aborted/iu);
  });
});

test('a server that closes lets them go with the status of now', async () => {
  const other = await createTestApi();
  const id = await queued(other.database.pool);
  const waiting = other.call({ url: `/v1/actions/${id}?wait=60s`, headers: as('viewer') });
  await soManyWait(1, new AolClient({ baseUrl: other.url, token: TOKENS.operator }));
  const { tookMs } = await timed(other.close());
  expect([(await waiting).statusCode, tookMs < 10_000]).toEqual([200, true]);
});
