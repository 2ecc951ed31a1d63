/** Connections that are lost while requests wait on them: nothing that is bounded stays used up. */

import { connect } from 'node:net';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { as, createTestApi, POST, postRaw, type TestApi, TOKENS } from '../support/api.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { until } from '../support/until.ts';

/** Connections to PostgreSQL that a busy pool opens, each with a timer. */
const POOL_SOCKETS = 40;

/** What keeps the process going: open sockets, and timers. */
function resources(): { readonly sockets: number; readonly timers: number } {
  const kinds = process.getActiveResourcesInfo();
  const count = (kind: string) => kinds.filter((one) => one === kind).length;
  return { sockets: count('TCPSocketWrap'), timers: count('Timeout') };
}

describe('streams and their connections', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await createTestApi();
  });
  afterEach(() => api.close());

  const get = (token: string) => `GET /v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n\r\n`;
  const insides = async (kind: string) => {
    const page = (await api.call({ url: '/metrics', headers: as('viewer') })).body;
    return Number(new RegExp(`aol_http_requests_inside\\{kind="${kind}"\\} (\\d+)`).exec(page)?.[1]);
  };
  const connection = (requests: string) => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    let answer = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.write(requests);
    return { socket, answer: () => answer };
  };

  test('those that waited behind others of a connection that is gone leave nothing behind', async () => {
    const clients = Array.from({ length: 5 }, () => connection(get(TOKENS.viewer).repeat(20)));
    await until('all of them are there', async () => (await insides('streams')) === 100);
    expect((await api.call({ url: '/v1/events', headers: as('viewer'), headersOnly: true })).statusCode).toBe(429);
    // One caller alone does not use them up.
    expect((await api.call({ url: '/v1/events', headers: as('operator'), headersOnly: true })).statusCode).toBe(200);
    for (const { socket } of clients) socket.destroy();
    await until('nothing is left', async () => (await insides('streams')) === 0);
    expect((await api.call({ url: '/v1/events', headers: as('viewer'), headersOnly: true })).statusCode).toBe(200);
  });

  test('a burst does not pass the bound', async () => {
    const clients = Array.from({ length: 150 }, () => connection(get(TOKENS.viewer)));
    await until('all are answered', () => clients.every(({ answer }) => answer() !== ''));
    expect(clients.filter(({ answer }) => answer().includes('200 OK'))).toHaveLength(100);
    for (const { socket } of clients) socket.destroy();
  });

  test('enqueues behind a stream of a connection that is gone leave nothing behind', async () => {
    const body = JSON.stringify({ type: 'POST_SOCIAL', payload: POST });
    const post = `POST /v1/actions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKENS.operator}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const queued = async () => (await api.database.pool.query('SELECT FROM aol_actions')).rowCount ?? 0;
    for (let n = 1; n <= 5; n += 1) {
      const { socket } = connection(get(TOKENS.operator) + post + post);
      await until('both are queued', async () => (await queued()) === 2 * n);
      socket.destroy();
    }
    // One whose body never comes to its end is given up with its connection.
    const half = connection(post.slice(0, -5));
    await until('it is inside', async () => (await insides('enqueues')) === 1);
    half.socket.destroy();
    await until('nothing is left', async () => (await insides('enqueues')) === 0);
    expect((await postRaw(api, '/v1/actions', body)).statusCode).toBe(201);
  });

  test('a batch that is there holds its place until it is done, also when its connection is gone', async () => {
    const body = JSON.stringify({ actions: [{ type: 'POST_SOCIAL', payload: POST }] });
    const lock = await api.database.pool.connect();
    await lock.query('BEGIN; LOCK TABLE aol_actions IN SHARE MODE');
    const connections = () =>
      new Promise<number>((resolve) => api.app.server.getConnections((_error, count) => resolve(count)));
    const before = await connections();
    const { socket } = connection(
      `POST /v1/actions/batch HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKENS.operator}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until('it waits for the table', async () => (await lockWaits(api.database.pool)) > 0);
    socket.destroy();
    await until('its connection is gone', async () => (await connections()) <= before);
    expect(await insides('batches')).toBe(1);
    await lock.query('ROLLBACK');
    lock.release();
    await until('it is done', async () => (await insides('batches')) === 0);
  });

  test('1,000 pipelined connections that were dropped, each in the middle of something, leave nothing behind', async () => {
    const body = JSON.stringify({ type: 'POST_SOCIAL', payload: POST });
    const post = (url: string, text: string) =>
      `POST ${url} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKENS.operator}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
    const batch = post('/v1/actions/batch', `{"actions":[${body}]}`);
    const requests = [
      get(TOKENS.viewer) + post('/v1/actions', body).repeat(2),
      post('/v1/actions', body).repeat(3),
      get(TOKENS.viewer).repeat(5),
      batch.repeat(2) + batch.slice(0, -9),
    ];
    const before = resources();
    for (let round = 0; round < 10; round += 1) {
      const clients = Array.from({ length: 100 }, (_, n) => connection(requests[n % requests.length] ?? ''));
      await until('some are answered', () => clients.filter(({ answer }) => answer() !== '').length > 20);
      for (const { socket } of clients) socket.destroy();
    }
    for (const kind of ['streams', 'enqueues', 'batches']) {
      await until(`no ${kind} are left`, async () => (await insides(kind)) === 0);
    }
    // In the process: no socket, and no timer of a stream that nobody hears. Pool and heartbeats have some of their own.
    await until('no sockets are left', () => resources().sockets <= before.sockets + POOL_SOCKETS);
    await until('no timers are left', () => resources().timers <= before.timers + POOL_SOCKETS);
    const after = [
      await postRaw(api, '/v1/actions', body),
      await postRaw(api, '/v1/actions/batch', `{"actions":[${body}]}`),
    ];
    expect(after.map(({ statusCode }) => statusCode)).toEqual([201, 200]);
  });

  test('those of a lane that does not exist are 404', async () => {
    const answer = await api.call({ url: '/v1/events?lane=typo', headers: as('viewer') });
    expect([answer.statusCode, answer.json()]).toMatchObject([404, { code: 'AOL_NOT_FOUND' }]);
    expect(await insides('streams')).toBe(0);
  });
});
