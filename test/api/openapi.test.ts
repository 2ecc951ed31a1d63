/** The description is true: every route and status is in it, its examples work, what is answered has the described shape. */

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { admitPerson } from '../../src/db/decide/people.ts';
import { as, createTestApi, type TestApi } from '../support/api.ts';
import type { Answer } from '../support/http.ts';
import { OPENAPI_FILE, openApiText } from '../support/openapi.ts';
import { awaitingApproval, dead, proved, queued, unconfirmed } from '../support/settled.ts';

const exampleSchema = z.record(z.string(), z.unknown());
const operationSchema = z.object({
  operationId: z.string(),
  summary: z.string(),
  security: z.array(z.unknown()).optional(),
  parameters: z
    .array(z.object({ name: z.string(), in: z.string(), schema: z.record(z.string(), z.unknown()) }))
    .default([]),
  requestBody: z
    .object({
      content: z.object({
        'application/json': z
          .object({
            example: exampleSchema.optional(),
            examples: z.record(z.string(), z.object({ value: exampleSchema })).default({}),
          })
          .optional(),
      }),
    })
    .optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), headers: z.unknown().optional() })),
});
const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
});

let api: TestApi;
let document: z.output<typeof documentSchema>;
let source: string;
beforeAll(async () => {
  api = await createTestApi();
  const answer = await api.call({ url: '/openapi.json', headers: as('viewer') });
  source = answer.body;
  document = documentSchema.parse(answer.json());
});
afterAll(() => api.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

test('the stream of events, which no fuzzer can read to its end, gives the answers that are described, and each of them', async () => {
  const { responses } = z
    .object({ responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.unknown()) })) })
    .parse(JSON.parse(source).paths['/v1/events'].get);
  const described = (status: number) => Object.keys(responses[status]?.content ?? {});
  const full = await createTestApi({ callsPerMinute: 1 });
  const ask = (own: TestApi, headers: Record<string, string>, query = '') =>
    own.call({ url: `/v1/events${query}`, headers, headersOnly: true });
  const viewer = as('viewer');
  const asked: [number, Answer][] = [
    [200, await ask(api, viewer)],
    [200, await ask(api, viewer, '?lane=default')],
    [200, await ask(api, { ...viewer, 'last-event-id': '0' })],
    [400, await ask(api, viewer, '?lane=Not%20a%20lane')],
    [400, await ask(api, viewer, '?unknown=1')],
    [400, await ask(api, viewer, '?lastEventId=-1')],
    [400, await ask(api, { ...viewer, 'last-event-id': 'x' })],
    [401, await ask(api, {})],
    [401, await ask(api, { authorization: 'Bearer of-nobody' })],
    [403, await ask(api, { ...viewer, host: 'rebound.example' })],
    [404, await ask(api, viewer, '?lane=nowhere')],
    [431, await ask(api, viewer, `?lane=${'x'.repeat(20_000)}`)],
    [200, await ask(full, viewer)],
    [429, await ask(full, viewer)],
  ];
  await full.close();
  for (const [expected, { statusCode, headers }] of asked) {
    expect(statusCode).toBe(expected);
    expect(described(statusCode)).toContain(headers['content-type']?.split(';')[0]);
  }
  // 503 is what it answers while PostgreSQL is away: test/api/outages.test.ts.
  expect(new Set([...asked.map(([status]) => String(status)), '503'])).toEqual(new Set(Object.keys(responses)));
});

test('every route is described, under a name of its own', () => {
  const described = operations().map(({ method, path }) => `${method} ${path}`);
  const declared = api.app.routeTable
    .filter(({ method }) => method !== 'HEAD')
    .map(({ method, url }) => `${method} ${url.replaceAll(/:([a-z0-9]+)/g, '{$1}')}`);
  expect(described.sort()).toEqual(declared.sort());
  const names = operations().map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
});

test('each says what it may answer besides', () => {
  for (const { path, method, operation } of operations()) {
    const statuses = Object.keys(operation.responses);
    expect([path, statuses.some((status) => /^(?:2|303)/u.test(status))]).toEqual([path, true]);
    const always = ['400', '403', '429', '503', ...(operation.security?.length === 0 ? [] : ['401'])];
    expect([method, path, statuses]).toEqual([method, path, expect.arrayContaining(always)]);
    if (operation.requestBody) expect(statuses).toEqual(expect.arrayContaining(['413', '415']));
    for (const status of ['429', '503']) expect(operation.responses[status]?.headers).toHaveProperty('retry-after');
  }
});

test('the request of each type has its own payload', () => {
  for (const type of ['POST_SOCIAL', 'CALL_WEBHOOK']) expect(source).toContain(`"const":"${type}"`);
  expect(source).not.toContain('undefined');
});

test('nothing is said to be read-only, which in OpenAPI means that nobody may send it', () => {
  expect(source).not.toContain('"readOnly"');
});

test('the parts have names, each is used, and none is missing', () => {
  const { components } = z
    .object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) })
    .parse(JSON.parse(source));
  const names = Object.keys(components.schemas);
  expect(names).toEqual(
    expect.arrayContaining([
      'Action',
      'ActionList',
      'LogEntry',
      'NewAction',
      'NewPostSocial',
      'PostSocialPayload',
      'Problem',
    ]),
  );
  const referred = [...source.matchAll(/"#\/components\/schemas\/([^"]+)"/gu)].map(([, name]) => name);
  expect([...new Set(referred)].sort()).toEqual(names.sort());
});

test('docs/openapi.json is this description; "npm run describe-api" writes it anew', async () => {
  expect(await readFile(OPENAPI_FILE, 'utf8')).toBe(await openApiText());
});

/** Their bodies have no field. */
const EMPTY = ['/v1/lanes/{lane}', '/v1/accounts/{name}/check', '/v1/notices/test'];

/** An action for a decision to be about. */
const SUBJECTS: Readonly<Record<string, (db: TestApi['database']['pool']) => Promise<string>>> = {
  approve: awaitingApproval,
  reject: awaitingApproval,
  'request-changes': awaitingApproval,
  promote: (db) => proved(db, { type: 'CALL_WEBHOOK', payload: { url: 'https://example.com', body: 1 } }),
  replay: dead,
  resolve: unconfirmed,
};

async function somebody(db: TestApi['database']['pool']): Promise<string> {
  const arrival = { issuer: 'https://id.example/', subject: randomUUID(), name: '@anna', groups: ['ops'] };
  const admission = await admitPerson(db, arrival);
  return admission.kind === 'admitted' ? admission.id : '';
}

async function request(path: string, method: string, body: Record<string, unknown> | undefined): Promise<Answer> {
  const verb = path.split('/').at(-1) ?? '';
  const db = api.database.pool;
  const subject = path.includes('/people/{id}') ? somebody : (SUBJECTS[verb] ?? queued);
  const id = path.includes('{id}') ? await subject(db) : '';
  const payload = { ...body };
  if ('sha256' in payload) payload.sha256 = 'a'.repeat(64);
  if ('token' in payload) payload.token = as('viewer').authorization?.replace('Bearer ', '');
  return api.call({
    method,
    url: path
      .replace('{id}', id)
      .replace('{name}', 'brand')
      .replace('{lane}', method === 'PUT' ? 'example' : 'default'),
    headers: { ...as('admin'), 'content-type': 'application/json' },
    payload: body && JSON.stringify(payload),
  });
}

test('every example of a body is accepted', async () => {
  let requested = 0;
  for (const { path, method, operation } of operations()) {
    const { example, examples } = operation.requestBody?.content['application/json'] ?? { examples: {} };
    const bodies = [...(example ? [example] : []), ...Object.values(examples).map(({ value }) => value)];
    if (operation.requestBody?.content['application/json'] && !EMPTY.includes(path))
      expect([path, bodies.length]).not.toEqual([path, 0]);
    for (const body of bodies) {
      const answer = await request(path, method, body);
      requested += 1;
      expect([method, path, answer.statusCode, answer.statusCode >= 300 ? answer.body : '']).toEqual([
        method,
        path,
        expect.any(Number),
        '',
      ]);
      expect(Object.keys(operation.responses)).toContain(String(answer.statusCode));
    }
  }
  expect(requested).toBeGreaterThan(15);
});

describe('/docs', () => {
  test('is a page that loads and runs nothing, and names every call', async () => {
    const answer = await api.call({ url: '/docs', headers: as('viewer') });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = answer.headers['content-security-policy'];
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'/);
    expect(policy).not.toContain('unsafe');
    expect(answer.body).not.toMatch(/<script|<img|<link|style=|onerror=/i);
    for (const { path, method } of operations()) expect(answer.body).toContain(`${method} ${path}`);
  });
});

test('answers are cut to their schema: a column that no schema names never goes out', async () => {
  const id = await queued(api.database.pool);
  const answer = await api.call({ url: `/v1/actions/${id}`, headers: as('viewer') });
  const keys = Object.keys(z.record(z.string(), z.unknown()).parse(answer.json())).sort();
  expect(keys).toEqual(Object.keys(actionSchema.shape).sort());
  expect(answer.body).not.toContain('request_hash');
});
