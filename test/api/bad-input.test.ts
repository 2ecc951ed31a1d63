import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { as, countRows, createTestApi, POST, postRaw, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

/** A request's source text, with one member written as it is. */
function source(member: string, payload: string = JSON.stringify(POST)): string {
  return `{"type":"POST_SOCIAL","payload":${payload}${member === '' ? '' : `,${member}`}}`;
}

function inPayload(member: string): string {
  return source('', `{"platform":"bluesky","content":"Hello",${member}}`);
}

/** JSON nested to a depth, the outermost brace of the whole body not counted. */
function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

const key = (text: string) => `"idempotencyKey":${JSON.stringify(text)}`;

interface Case {
  readonly name: string;
  readonly body: string | Buffer;
  readonly status: number;
  readonly field: string;
}

const integers = ['null', 'true', '[1]', '"5"', '1.5', '{}'];
const cases: readonly Case[] = [
  ...integers.map((value) => bad(`priority ${value}`, source(`"priority":${value}`), 'priority')),
  ...integers.map((value) => bad(`maxAttempts ${value}`, source(`"maxAttempts":${value}`), 'maxAttempts')),
  bad('priority out of bounds', source('"priority":101'), 'priority'),
  bad('maxAttempts 0', source('"maxAttempts":0'), 'maxAttempts'),
  bad('maxAttempts 4', source('"maxAttempts":4'), 'maxAttempts'),
  ...['5', 'null', 'true', '["a"]', '{}'].map((value) =>
    bad(`key ${value}`, source(`"idempotencyKey":${value}`), 'idempotencyKey'),
  ),
  ...['0', '"true"', '"false"', 'null'].map((value) =>
    bad(`requireApproval ${value}`, source(`"requireApproval":${value}`), 'requireApproval'),
  ),
  ...['[]', '"text"', '7', 'null', 'true'].map((value) => bad(`payload ${value}`, source('', value), 'payload')),
  bad('no payload', '{"type":"POST_SOCIAL"}', 'payload'),
  bad('no type', `{"payload":${JSON.stringify(POST)}}`, 'type'),
  bad('type of another type', source('').replace('"POST_SOCIAL"', '5'), 'type'),
  bad('unknown type', source('').replace('POST_SOCIAL', 'LAUNCH_ROCKET'), 'type'),
  bad('type with SQL', source('').replace('POST_SOCIAL', "A'; DROP TABLE aol_actions; --"), 'type'),
  bad('unknown field', source('"status":"SUCCESS"'), 'status'),
  bad('two unknown fields', source('"createdBy":"me","x":1'), 'createdBy'),
  bad('mode of another case', source('"mode":"real"'), 'mode'),
  bad('number too large for a double', source('"priority":1e999'), 'priority'),
  bad('NaN', source('"priority":NaN'), 'body'),
  bad('integer beyond 2^53', inPayload('"n":9007199254740993'), 'payload.n'),
  bad('integer beyond 2^53 as a priority', source('"priority":9007199254740993'), 'priority'),
  bad('integer beyond 2^53 with an exponent', inPayload('"n":[1,1e30]'), 'payload.n.1'),
  bad('a name that stands twice', source('"priority":1,"priority":2'), 'priority'),
  bad('a name that stands twice, once escaped', inPayload('"b":1,"\\u0062":2'), 'payload.b'),
  bad('__proto__', source('"__proto__":{"a":1}'), '__proto__'),
  bad('__proto__ escaped, in the payload', inPayload('"\\u005f_proto__":{"mode":"REAL"}'), 'payload.__proto__'),
  bad('constructor.prototype', inPayload('"constructor":{"prototype":{"a":1}}'), 'payload.constructor.prototype'),
  bad('nesting 33', inPayload(`"a":${nested(31)}`), 'payload.a.a.a'),
  bad('nesting 9000', inPayload(`"a":${nested(9_000)}`), 'payload.a.a.a'),
  bad('nesting of arrays', inPayload(`"a":${'['.repeat(40_000)}${']'.repeat(40_000)}`), 'payload.a.0.0'),
  bad('NUL in the key', source('"idempotencyKey":"a\\u0000b"'), 'idempotencyKey'),
  bad('NUL in the payload', source('', '{"platform":"bluesky","content":"a\\u0000b"}'), 'payload.content'),
  bad('NUL in a name', inPayload('"a\\u0000b":1'), 'payload'),
  bad('lone surrogate in the key', source('"idempotencyKey":"\\ud800"'), 'idempotencyKey'),
  bad('lone surrogate in the payload', source('', '{"platform":"bluesky","content":"\\udc00"}'), 'payload.content'),
  bad('empty key', source(key('')), 'idempotencyKey'),
  bad('key of 300 characters', source(key('k'.repeat(300))), 'idempotencyKey'),
  bad('key of 256 characters', source(key('k'.repeat(256))), 'idempotencyKey'),
  bad('key of 100 characters and 400 bytes', source(key('🙂'.repeat(100))), 'idempotencyKey'),
  ...[
    '2026-02-30T10:00:00Z',
    '2025-02-29T10:00:00Z',
    '2026-13-01T10:00:00Z',
    '2026-01-01T25:00:00Z',
    '2026-01-01T10:00:00',
    '2026-01-01',
    'tomorrow',
    '',
    '+275760-09-13T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '0001-01-01T00:00:00Z',
  ].map((date) => bad(`date ${date}`, source(`"runAt":${JSON.stringify(date)}`), 'runAt')),
  bad('date as a number', source('"runAt":1767225600000'), 'runAt'),
  bad('lane with a slash', source('"lane":"a/b"'), 'lane'),
  bad('lane of 64 characters', source(`"lane":"${'a'.repeat(64)}"`), 'lane'),
  bad('all lanes', source('"lane":"*"'), 'lane'),
  { ...bad('unknown lane', source('"lane":"nowhere"'), 'lane'), status: 422 },
  bad('payload over 64 KiB', inPayload(`"link":"${'x'.repeat(70_000)}"`), 'payload'),
  { ...bad('unknown platform', source('', '{"platform":"myspace","content":"a"}'), 'payload.platform'), status: 422 },
  { ...bad('no content', source('', '{"platform":"bluesky"}'), 'payload.content'), status: 422 },
  {
    ...bad(
      'content of 301 graphemes',
      source('', `{"platform":"bluesky","content":"${'é'.repeat(301)}"}`),
      'payload.content',
    ),
    status: 422,
  },
  { ...bad('unknown payload field', inPayload('"color":"red"'), 'payload.color'), status: 422 },
  bad('empty body', '', 'body'),
  bad('cut JSON', '{"type":"POST_SOCIAL"', 'body'),
  bad('two values', '{} {}', 'body'),
  bad('single quotes', "{'type':'POST_SOCIAL'}", 'body'),
  bad('not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 'body'),
  ...['null', '5', '"text"', '[]', 'true'].map((value) => bad(`body ${value}`, value, 'body')),
];

function bad(name: string, body: string | Buffer, field: string): Case {
  return { name, body, status: 400, field };
}

describe('POST /v1/actions refuses, names the field and stores nothing', () => {
  test.each(cases)('$name', async ({ body, status, field }) => {
    const before = await countRows(api.database, 'aol_actions');
    const answer = await postRaw(api, '/v1/actions', body);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const problem = problemSchema.parse(answer.json());
    expect({ status: answer.statusCode, fields: problem.errors?.map((error) => error.field) }).toEqual({
      status,
      fields: expect.arrayContaining([field]),
    });
    expect(problem.errors?.every((error) => error.rule.length > 2)).toBe(true);
    expect(await countRows(api.database, 'aol_actions')).toBe(before);
  });

  test.each([
    ['1 MB', 'x'.repeat(1_000_000)],
    ['256 KiB and a byte', 'x'.repeat(256 * 1024 + 1)],
  ])('%s is 413', async (_name, filling) => {
    const answer = await postRaw(api, '/v1/actions', source(key(filling)));
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ status: 413, code: 'AOL_TOO_LARGE' });
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', 'application/xml'])(
    '%s is 415',
    async (type) => {
      const answer = await postRaw(api, '/v1/actions', source(''), { 'content-type': type });
      expect(answer.statusCode).toBe(415);
      expect(answer.json()).toMatchObject({ status: 415, code: 'AOL_UNSUPPORTED_MEDIA_TYPE' });
    },
  );

  test('nothing of this was stored', async () => {
    expect(await countRows(api.database, 'aol_actions')).toBe(0);
  });
});

describe('query strings are strict', () => {
  test.each([
    ['/v1/actions?colour=red', 'colour'],
    ['/v1/actions?status=DONE', 'status'],
    ['/v1/actions?status=PENDING&status=DLQ', 'status'],
    ['/v1/actions?limit=0', 'limit'],
    ['/v1/actions?limit=201', 'limit'],
    ['/v1/actions?limit=ten', 'limit'],
    ['/v1/actions?limit=', 'limit'],
    ['/v1/actions?cursor=%00', 'cursor'],
    ['/v1/actions?cursor=AAAA', 'cursor'],
    ["/v1/actions?lane=';DROP", 'lane'],
    ['/v1/ticks?cursor=AAAA', 'cursor'],
    ['/v1/ticks?lane=A', 'lane'],
    ['/v1/status?verbose=1', 'verbose'],
    ['/v1/actions/%00', 'id'],
    ["/v1/actions/1'%20OR%20'1'='1", 'id'],
  ])('%s', async (url, field) => {
    const answer = await api.call({ url, headers: as('viewer') });
    expect(answer.statusCode).toBe(400);
    expect(problemSchema.parse(answer.json()).errors?.map((error) => error.field)).toContain(field);
  });

  test('cursors that look right but are not are the caller’s fault', async () => {
    for (const text of ['------------------------------------', `${'9'.repeat(30)}/${'-'.repeat(36)}`]) {
      const cursor = Buffer.from(text).toString('base64url');
      for (const path of ['actions', 'ticks']) {
        const answer = await api.call({ url: `/v1/${path}?cursor=${cursor}`, headers: as('viewer') });
        expect(answer.statusCode).toBe(400);
      }
    }
  });
});

describe('control', () => {
  test.each([
    ['unknown field', '{"lanes":["a"]}', 'lanes'],
    ['lane of another type', '{"lane":5}', 'lane'],
    ['lane with a space', '{"lane":"a b"}', 'lane'],
    ['reason with NUL', '{"reason":"a\\u0000"}', 'reason'],
    ['reason too long', `{"reason":"${'x'.repeat(1_001)}"}`, 'reason'],
    ['a list', '[]', 'body'],
  ])('%s', async (_name, body, field) => {
    const answer = await postRaw(api, '/v1/control/kill', body);
    expect(answer.statusCode).toBe(400);
    expect(problemSchema.parse(answer.json()).errors?.map((error) => error.field)).toContain(field);
  });
});

const HOSTILE = [
  "'; DROP TABLE aol_actions; --",
  "' OR '1'='1",
  '"; SELECT pg_sleep(10); --',
  "1'; COPY (SELECT 1) TO PROGRAM 'id'; --",
  '$1',
  '$$; DROP SCHEMA public CASCADE; $$',
  "\\'; --",
  '%_\\%',
  '{{7*7}}$' + '{7*7}',
  '<img src=x onerror=alert(1)>',
  '../../../etc/passwd',
  'a/b\\c:d*e?f"g<h>i|j',
  '\n\r\t\u001b[31mred\u0007',
  '\u202eright to left',
  '\u200bzero\u200dwidth',
  '👩‍👩‍👧‍👦 family',
  '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠜎',
  'é (NFC)',
  'é (NFD)',
  'null',
  'undefined',
  'NaN',
  '-1',
  '0x1F',
  '1e9',
  ' ',
  'k'.repeat(255),
  'ключ',
  '鍵',
  '\uffff\ufffe',
];

test('as filters and words they find nothing and break nothing', async () => {
  const before = await countRows(api.database, 'aol_actions');
  for (const text of HOSTILE) {
    const escaped = encodeURIComponent(text.slice(0, 200));
    for (const path of [`actions?q=${escaped}`, `logs?q=${escaped}`, `logs?actor=${escaped}`]) {
      const answer = await api.call({ url: `/v1/${path}`, headers: as('viewer') });
      expect([path, answer.statusCode]).toEqual([path, 200]);
    }
    for (const path of [
      `actions?lane=${escaped}`,
      `actions?cursor=${escaped}`,
      `actions?status=${escaped}`,
      `ticks?cursor=${escaped}`,
    ]) {
      const answer = await api.call({ url: `/v1/${path}`, headers: as('viewer') });
      expect([path, [200, 400].includes(answer.statusCode)]).toEqual([path, true]);
    }
  }
  expect(await countRows(api.database, 'aol_actions')).toBe(before);
});

test('what the database says of a value is not told', async () => {
  const cursor = Buffer.from(`${'9'.repeat(30)}/019502a0-0000-7000-8000-000000000000`).toString('base64url');
  const answer = await api.call({ url: `/v1/ticks?cursor=${cursor}`, headers: as('viewer') });
  expect([answer.statusCode, answer.body]).toEqual([
    400,
    expect.not.stringMatching(/timestamp|syntax|SELECT|aol_|\/src\//),
  ]);
});

test('a request that does not arrive in time is cut off', () => {
  expect(api.app.server).toMatchObject({ requestTimeout: 10_000, headersTimeout: 10_000, timeout: 30_000 });
});

test.each(HOSTILE)('stored unchanged as key and content: %j', async (text) => {
  const content = text.slice(0, 200);
  const answer = await postRaw(
    api,
    '/v1/actions',
    JSON.stringify({
      type: 'POST_SOCIAL',
      payload: { platform: 'mastodon', content: `x${content}` },
      idempotencyKey: text,
    }),
  );
  expect(answer.statusCode).toBe(201);
  const { id } = actionSchema.parse(answer.json());
  const { rows } = await api.database.pool.query<{ idempotency_key: string; payload: { content: string } }>(
    'SELECT idempotency_key, payload FROM aol_actions WHERE id = $1',
    [id],
  );
  expect(rows[0]).toMatchObject({ idempotency_key: text, payload: { content: `x${content}` } });
});

test('a body that is compressed is 415, and a key in Latin-1 is told to be UTF-8', async () => {
  const zipped = await postRaw(api, '/v1/actions', gzipSync('{}'), { 'content-encoding': 'gzip' });
  expect([zipped.statusCode, zipped.json()]).toMatchObject([415, { code: 'AOL_UNSUPPORTED_MEDIA_TYPE' }]);
  const body = JSON.stringify({ type: 'POST_SOCIAL', payload: { platform: 'bluesky', content: 'Hello' } });
  const latin = await postRaw(api, '/v1/actions', Buffer.from(body), { 'idempotency-key': 'M\u00fcller' });
  expect([latin.statusCode, latin.json()]).toMatchObject([
    400,
    { errors: [{ field: 'Idempotency-Key', rule: 'must be UTF-8' }] },
  ]);
});
