/** Each misbehaviour is what it says: whether the thing is done, and what the caller gets. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type How, headerOf, type ProviderServer, serve, startLosingProxy } from '../support/providers/index.ts';
import { until } from '../support/until.ts';

let stored: string[];
let server: ProviderServer;
const opened: ProviderServer[] = [];

beforeEach(async () => {
  stored = [];
  server = await serve(({ body }) => {
    stored.push(body.toString('utf8'));
    return { status: 201, headers: { 'x-request-id': 'r1' }, body: { id: stored.length } };
  });
});
afterEach(async () => {
  for (const one of [...opened.splice(0), server]) await one.close();
});

const post = (text: string, url = server.url, patienceMs = 20_000) =>
  fetch(`${url}/2/tweets?a=1`, {
    method: 'POST',
    body: text,
    headers: { 'X-Any': 'Thing' },
    signal: AbortSignal.timeout(patienceMs),
  });
/** What the caller has in the end. */
const got = async (text: string, url?: string, patienceMs?: number) => {
  try {
    const answer = await post(text, url, patienceMs);
    return `${answer.status} ${(await beginning(answer)).slice(0, 20)}`;
  } catch {
    return 'nothing';
  }
};

/** All of a short body, and the first thousand bytes of a long one. */
async function beginning(answer: Response): Promise<string> {
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    if (text.length > 1_000) break;
  }
  return text;
}

test('keeps a request as it came', async () => {
  expect(await got('héllo')).toBe('201 {"id":1}');
  const [request] = server.seen();
  expect(request).toMatchObject({
    method: 'POST',
    path: '/2/tweets?a=1',
    body: Buffer.from('héllo'),
    whole: true,
    end: 201,
  });
  expect(request?.headers).toContainEqual(['X-Any', 'Thing']);
  expect(request && headerOf(request, 'x-aNY')).toBe('Thing');
});

const ways: [How, done: boolean, got: RegExp][] = [
  ['drop', false, /^nothing$/u],
  ['store_then_drop', true, /^nothing$/u],
  ['drop_at_headers', false, /^nothing$/u],
  ['hang', false, /^nothing$/u],
  ['store_then_hang', true, /^nothing$/u],
  ['garbage', false, /^200 <!doctype html>/u],
  ['store_then_garbage', true, /^200 <!doctype html>/u],
  ['cut', false, /^nothing$/u],
  ['store_then_cut', true, /^nothing$/u],
  ['drip', false, /^nothing$/u],
  ['store_then_huge', true, /^200 \{"data":"xxx/u],
  ['status_503', false, /^503 \{\}$/u],
  ['store_then_status_502', true, /^502 \{\}$/u],
];

describe.each(['fake', 'proxy'])('a %s', (kind) => {
  test.each(ways)('%s', async (how, done, expected) => {
    const target = kind === 'proxy' ? await startLosingProxy(server.url) : server;
    opened.push(target);
    target.misbehave({ at: 'POST /2/tweets', how });
    const isEndless = /hang|drip/u.test(how);
    expect(await got('first', target.url, isEndless ? 1_000 : undefined)).toMatch(expected);
    expect(stored).toEqual(done ? ['first'] : []);
    expect(target.seen()[0]?.end).toBe(how);
    expect(await got('second', target.url)).toMatch(/^201/u);
  });
});

test('fits by method and path, lets some pass, and goes on as often as it was told', async () => {
  server.misbehave({ at: 'GET /2/tweets', how: 'drop' });
  server.misbehave({ at: 'POST /2/{}', how: 'status_500', after: 1, times: 2 });
  const all = [await got('a'), await got('b'), await got('c'), await got('d')];
  expect(all.map((one) => one.slice(0, 3))).toEqual(['201', '500', '500', '201']);
});

test('answers 504 now and does the thing later', async () => {
  server.misbehave({ at: '*', how: 'status_504', storesAfterMs: 1_000 });
  expect(await got('late')).toBe('504 {}');
  expect(stored).toEqual([]);
  await until('it was done', () => stored.length === 1);
});

test('gives an answer of the test, or the true one late', async () => {
  server.misbehave({ at: '*', how: 'answer', answer: { status: 429, headers: { 'retry-after': '7' }, body: 'slow' } });
  const refused = await post('a');
  expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([429, '7', 'slow']);
  server.misbehave({ at: '*', how: 'store_then_answer', delayMs: 150 });
  const startedAt = performance.now();
  expect(await got('b')).toBe('201 {"id":1}');
  expect(performance.now() - startedAt).toBeGreaterThan(100);
});

test('lets nobody connect, and takes the same port again', async () => {
  const accept = await server.refuseConnections();
  expect(await got('a')).toBe('nothing');
  await accept();
  expect(await got('b')).toMatch(/^201/u);
  expect(server.seen()).toHaveLength(1);
});

test('a request whose caller leaves in its middle is seen as such', async () => {
  const abort = new AbortController();
  const body = new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(10)) });
  const init = { method: 'POST', body, duplex: 'half', signal: abort.signal };
  const call = fetch(server.url, init).catch(() => undefined);
  await until('the bytes are there', () => server.seen()[0]?.body.length === 10);
  abort.abort();
  await call;
  expect(server.seen()[0]).toMatchObject({ whole: false, end: undefined });
  expect(stored).toEqual([]);
});
