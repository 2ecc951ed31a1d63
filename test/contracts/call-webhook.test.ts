import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createCallWebhookAdapter } from '../../src/adapters/call-webhook/index.ts';
import { registerAdapter } from '../../src/adapters/index.ts';
import { findContract } from '../../src/contracts/payloads/index.ts';
import { renderNow } from '../support/contexts.ts';

const contract = findContract('CALL_WEBHOOK');
const good = { url: 'https://example.com/hook', body: { order: 42 } };

/** Problems as `field rule`. */
function problems(payload: unknown): readonly string[] {
  const checked = contract?.check(payload);
  if (!checked) throw new Error('there is no contract');
  return checked.ok ? [] : checked.problems.map(({ field, rule }) => `${field} ${rule}`);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

test('performs, and says what is needed', () => {
  expect(contract?.performs).toBe(true);
  expect(contract?.jsonSchema).toMatchObject({
    additionalProperties: false,
    required: ['url', 'body'],
    properties: {
      method: { default: 'POST' },
      dedupes: { anyOf: [{ type: 'boolean' }, { type: 'string' }], default: false },
    },
  });
});

test.each<[string, object]>([
  ['the least', {}],
  ['plain http and a port', { url: 'http://example.com:8080/a?b=c' }],
  ['another method', { method: 'DELETE', body: null }],
  [
    'headers in any case',
    { headers: { 'X-Tenant': 'a', 'content-type': 'application/cloudevents+json; charset=utf-8' } },
  ],
  ['50 headers', { headers: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`x-${index}`, ''])) }],
  ['a text', { body: '' }],
  ['false', { body: false }],
  ...[true, false, '60s', '1m', '24h', '30d'].map((dedupes): [string, object] => [`dedupes: ${dedupes}`, { dedupes }]),
  ['a longest address', { url: `https://example.com/${'a'.repeat(1_980)}` }],
])('accepts %s, and changes nothing', (_name, more) => {
  const payload = { ...good, ...more };
  expect(contract?.check(payload)).toEqual({ ok: true, payload });
});

describe('refuses', () => {
  test.each<[string, unknown, string]>([
    ['no address', { body: 1 }, 'payload.url is required'],
    ['no body', { url: good.url }, 'payload.body is required'],
    ['an unknown field', { ...good, secret: 1 }, 'payload.secret is not a field of this type'],
    ['another method', { ...good, method: 'TRACE' }, 'payload.method must be POST, PUT, PATCH, DELETE or GET'],
    ['a body with GET', { ...good, method: 'GET' }, 'payload.body must be null with GET, which sends no body'],
    ...['yes', '59s', '31d', '24', '0h', ' 24h', 24, null].map((dedupes): [string, unknown, string] => [
      `dedupes as ${JSON.stringify(dedupes)}`,
      { ...good, dedupes },
      'payload.dedupes must be true, false, or a duration from 1m to 30d: 10m, 24h, 7d',
    ]),
    ['NUL in the body', { ...good, body: ['a\u0000'] }, 'payload.body.0 must not contain NUL characters'],
    ['a rounded number', { ...good, body: { a: 2 ** 60 } }, 'payload.body.a must lie within ±(2^53 − 1)'],
    [
      'many headers',
      { ...good, headers: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`x${index}`, ''])) },
      'payload.headers must have at most 50 headers',
    ],
    [
      'one header twice',
      { ...good, headers: { 'x-a': '1', 'X-A': '2' } },
      'payload.headers.X-A stands twice, in another case',
    ],
    [
      'another media type',
      { ...good, headers: { 'content-type': 'text/html' } },
      'payload.headers.content-type must be a JSON media type: the body is JSON',
    ],
  ])('%s', (_name, payload, problem) => {
    expect(problems(payload)).toEqual([problem]);
  });

  test.each([
    ...[
      '',
      'example.com',
      '//example.com',
      'ftp://example.com',
      'file:///etc/passwd',
      'gopher://example.com',
      'javascript:alert(1)',
    ],
    ...[
      'https://',
      'https://user@example.com',
      'https://user:p@example.com',
      'https://:p@example.com',
      'https://example.com/#f',
    ],
    ...[
      'https://exa mple.com',
      ' https://example.com',
      'https://example.com\n',
      'https://example.com/\ta',
      'https://a.example:99999',
    ],
    ...[
      'http://[::1',
      'http://1.2.3.4.5.6',
      `https://example.com/${'a'.repeat(2_000)}`,
      'http:\\\\example.com',
      'https://a\u0000b',
    ],
  ])('the address %j', (url) => {
    const found = problems({ ...good, url });
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((problem) => problem.startsWith('payload.url '))).toBe(true);
  });

  test.each([
    ...['host', 'Content-Length', 'transfer-encoding', 'Connection', 'expect', 'accept-encoding', 'content-encoding'],
    ...['user-agent', 'idempotency-key', 'Webhook-Id', 'webhook-signature', 'webhook-anything'],
    ...[
      'authorization',
      'Authorization',
      'cookie',
      'set-cookie',
      'proxy-authorization',
      'proxy-connection',
      'x-api-key',
    ],
    ...['x-apikey', 'x-auth-token', 'x-gitlab-token', 'x-secret', 'x-amz-security-token', 'password', 'x-token-id'],
    ...['', ' ', 'a b', 'a:b', 'a\r\nb', 'ü', '__proto__x', ':authority', 'x'.repeat(101)],
  ])('the header %j', (name) => {
    expect(problems({ ...good, headers: { [name]: 'value' } })).toHaveLength(1);
  });

  test.each(['a\r\nx: y', 'a\nb', ' a', 'a ', '\t', 'ü', 'a\u0000', 'a\u007f', 'x'.repeat(2_001)])(
    'the header value %j',
    (value) => {
      expect(problems({ ...good, headers: { 'x-a': value } })).toHaveLength(1);
    },
  );

  test('problems hold no value', () => {
    const text = problems({
      url: 'https://u:hunter2@a.example',
      headers: { authorization: 'hunter2', 'x-a': 'hunter2\n' },
      body: 1,
    }).join();
    expect(text).not.toContain('hunter2');
  });
});

test('whatever passes can be rendered, however deep', () => {
  const adapter = registerAdapter(createCallWebhookAdapter());
  const depths = [29, 30, 31, 32].map((depth) => ({ ...good, body: nested(depth) }));
  const passing = depths.filter((payload) => problems(payload).length === 0);
  expect(passing).toHaveLength(2);
  expect(problems(depths[2])).toEqual([
    expect.stringMatching(/^payload\.body.* must not be nested deeper than 32 levels$/u),
  ]);
  const payloads = fc.record(
    {
      url: fc.webUrl({ withQueryParameters: true, validSchemes: ['http', 'https'] }),
      body: fc.jsonValue({ maxDepth: 5 }),
      headers: fc.dictionary(fc.stringMatching(/^[A-Za-z-]{1,8}$/u), fc.string({ maxLength: 8 })),
      dedupes: fc.oneof(fc.boolean(), fc.stringMatching(/^[1-9][0-9]?[smhd]$/u)),
    },
    { requiredKeys: ['url', 'body'] },
  );
  fc.assert(
    fc.property(fc.oneof(payloads, fc.constantFrom(...passing)), (payload) => {
      fc.pre(problems(payload).length === 0);
      expect(renderNow(adapter, payload).addedAtSending).toHaveLength(2);
    }),
  );
});
