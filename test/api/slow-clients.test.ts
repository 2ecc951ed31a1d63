/** Clients that send a byte now and then (slowloris): they are cut off at the limit, and others are served meanwhile (F-17). */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { as, countRows, createTestApi, POST, postRaw, type TestApi, TOKENS } from '../support/api.ts';
import { until } from '../support/until.ts';

const LIMIT_MS = 3_000;
/** Many times within the limit: something moves on the connection all the time. More often, and 80 clients fill a busy machine's core. */
const BYTE_EVERY_MS = 250;
const EACH = 20;

let api: TestApi;
const sockets: Socket[] = [];
const createApi = async (requestTimeoutMs: number) => {
  api = await createTestApi({ requestTimeoutMs });
};
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await api.close();
});

interface SlowClient {
  isOpen(): boolean;
  /** What it was answered until it was closed. */
  readonly closed: Promise<string>;
}

/** Sends the beginning at once, then the rest byte by byte, again and again from its start. */
function slowClient(beginning: string, rest: string): SlowClient {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  sockets.push(socket);
  socket.setNoDelay(true).write(beginning);
  let sent = 0;
  const feeding = setInterval(() => socket.write(rest.charAt(sent++ % rest.length)), BYTE_EVERY_MS);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('utf8');
  });
  let open = true;
  const closed = new Promise<string>((resolve) => {
    // One that writes to a closed connection is reset.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(feeding);
      open = false;
      resolve(answer);
    });
  });
  return { isOpen: () => open, closed };
}

const action = JSON.stringify({ type: 'POST_SOCIAL', payload: POST });
const headers = `POST /v1/actions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKENS.operator}\r\ncontent-type: application/json\r\n`;

const kinds = {
  'a body byte by byte': () => slowClient(`${headers}content-length: 10000\r\n\r\n`, action),
  'a body in chunks of a byte': () => slowClient(`${headers}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
  'headers that never end': () => slowClient(headers, 'x-more: more\r\n'),
  'a first line that never ends': () => slowClient('GET /', 'v'),
} as const;

const slowClients = () =>
  Object.entries(kinds).flatMap(([name, open]) => Array.from({ length: EACH }, () => ({ name, ...open() })));

test('others are served while they are connected', async () => {
  await createApi(600_000);
  const slow = slowClients();
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const served = [
    await api.call({ url: '/v1/lanes', headers: as('viewer') }),
    await postRaw(api, '/v1/actions', action),
    await postRaw(api, '/v1/control/pause', '{}'),
  ];
  expect(served.map(({ statusCode }) => statusCode)).toEqual([200, 201, 200]);
  expect(slow.filter((client) => !client.isOpen())).toEqual([]);
});

test('all of them are cut off, 408 if anything', async () => {
  await createApi(LIMIT_MS);
  const slow = slowClients();
  const answers = await Promise.all(slow.map(async ({ name, closed }) => [name, await closed] as const));
  for (const [, answer] of answers) expect(answer.replaceAll(/\s+/g, ' ')).toMatch(/^$|^HTTP\/1\.1 408 .*"code":"AOL_/);
  const told = answers.filter(([, answer]) => answer !== '').map(([name]) => name);
  expect(new Set(told)).toEqual(new Set(Object.keys(kinds)));
  // Nothing of a half body was queued.
  expect(await countRows(api.database, 'aol_actions')).toBe(0);
});

test('a connection that nobody uses is kept longer than proxies keep theirs, and the answer says for how long', async () => {
  await createApi(LIMIT_MS);
  const accepted = once(api.app.server, 'connection');
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
  expect(String(answer)).toMatch(/^keep-alive: timeout=75\r$/im);
  const [served] = await accepted;
  // Only while it waits for the next request; one that is at work has the shorter limit.
  await until('it waits', () => served.timeout >= 75_000);
  socket.destroy();
});
