/** Notices over HTTP: where they go, whether they arrive, a test; and what status and metrics tell of them. */

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { noticeListSchema, noticeTestSchema } from '../../src/contracts/http/notice.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { statusSchema } from '../../src/contracts/http/status.ts';
import { as, createTestApi, namedToken, postRaw, type TestApi } from '../support/api.ts';
import { sample } from '../support/metrics.ts';
import { awaiting } from '../support/settled.ts';

const OPS = 'mailto:ops@example.com';
let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.database.pool.query('TRUNCATE aol_notices, aol_notice_messages, aol_notice_destinations');
});

const get = (url: string, headers = as('viewer')) => api.call({ url, headers });
const there = () => api.database.pool.query('INSERT INTO aol_notice_destinations (name) VALUES ($1)', [OPS]);

test('a test is asked for, and waits for a worker', async () => {
  const refused = await postRaw(api, '/v1/notices/test', '{}');
  expect(refused.statusCode).toBe(404);
  expect(problemSchema.parse(refused.json()).detail).toContain('AOL_NOTICES');
  await there();
  const asked = await postRaw(api, '/v1/notices/test', '');
  expect(asked.statusCode).toBe(200);
  expect(noticeTestSchema.parse(asked.json()).destinations).toEqual([OPS]);
  const { destinations, items } = noticeListSchema.parse((await get('/v1/notices')).json());
  expect(destinations).toEqual([{ destination: OPS, waiting: 1, lastSentAt: null, failing: null }]);
  expect(items).toEqual([]);
});

test('is no business of a viewer, or of a token that is bound to a lane', async () => {
  await there();
  expect((await postRaw(api, '/v1/notices/test', '{}', as('viewer'))).statusCode).toBe(403);
  const bound = await namedToken(api, { name: 'bound', role: 'operator', lanes: ['default'] });
  expect((await get('/v1/notices', bound)).statusCode).toBe(403);
  expect((await postRaw(api, '/v1/notices/test', '{}', bound)).statusCode).toBe(403);
});

test('what does not arrive stands in the list, in status and in the metrics', async () => {
  await there();
  await api.database.pool.query(
    `INSERT INTO aol_notice_messages (id, destination, subject, content, attempts, last_error, created_at)
     VALUES (gen_random_uuid(), $1, 'AOL: a test', '{}', 3, 'the server is away', clock_timestamp() - interval '20 minutes')`,
    [OPS],
  );
  const problem = { attempts: 3, error: 'the server is away' };
  expect(noticeListSchema.parse((await get('/v1/notices')).json())).toMatchObject({
    destinations: [{ failing: problem }],
    items: [{ subject: 'AOL: a test', state: 'waiting', notices: 0, error: 'the server is away' }],
  });
  expect(statusSchema.parse((await get('/v1/status')).json()).notices).toMatchObject([{ failing: problem }]);
  const page = (await get('/metrics')).body;
  expect(sample(page, `aol_notices_failing_seconds{destination="${OPS}"}`)).toBeGreaterThan(1_190);
  expect(sample(page, `aol_notices_waiting{destination="${OPS}"}`)).toBe(0);
});

test('the metrics tell how long approvals wait, and when the first runs out', async () => {
  const id = await awaiting(api.database.pool, 1_800);
  await api.database.pool.query(
    `UPDATE aol_actions SET updated_at = clock_timestamp() - interval '1 hour' WHERE id = $1`,
    [id],
  );
  const page = (await get('/metrics')).body;
  expect(sample(page, 'aol_approvals_oldest_wait_seconds{lane="default"}')).toBeGreaterThan(3_590);
  expect(sample(page, 'aol_approvals_first_expiry_seconds{lane="default"}')).toBeLessThan(1_801);
});

test('no lane can be called like the workflow of notices', async () => {
  const headers = { ...as('admin'), 'content-type': 'application/json' };
  const answer = await api.call({ method: 'PUT', url: '/v1/lanes/notices', headers, payload: '{}' });
  expect(answer.statusCode).toBe(400);
  expect(answer.body).toContain('must not be notices');
});
