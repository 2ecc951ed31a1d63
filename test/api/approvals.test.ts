/** Approve, reject and promote over HTTP, one by one. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { as, createTestApi, postRaw, type TestApi, toldAtOnce } from '../support/api.ts';
import { awaitingApproval, proved, queued, SHA } from '../support/settled.ts';

let api: TestApi;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  db = api.database.pool;
});
beforeEach(() => {
  api.wakes.length = 0;
});
afterAll(() => api.close());

const NOWHERE = '019502a0-0000-7000-8000-000000000000';
const OTHER = 'b'.repeat(64);
const WEBHOOK = { type: 'CALL_WEBHOOK', payload: { url: 'https://example.com', body: 1 } } as const;
const post = (id: string, verb: string, body: unknown) =>
  postRaw(api, `/v1/actions/${id}/${verb}`, JSON.stringify(body));

async function events(id: string): Promise<string[]> {
  const answer = await api.call({ url: `/v1/actions/${id}/logs`, headers: as('viewer') });
  return logListSchema.parse(answer.json()).items.map(({ event, actor, message }) => `${event} ${actor}: ${message}`);
}

describe('approve', () => {
  test('lets this artifact be performed, wakes the lane, and says who and why', async () => {
    const id = await awaitingApproval(db);
    const answer = await post(id, 'approve', { sha256: SHA, reason: 'read it' });
    expect(answer.statusCode).toBe(200);
    expect(actionSchema.parse(answer.json())).toMatchObject({
      status: 'PENDING',
      approval: { by: 'operator', sha256: SHA, at: expect.any(String) },
      waiting: expect.stringContaining('REAL'),
    });
    expect(api.wakes).toEqual(['default']);
    expect((await events(id)).at(-1)).toBe(`APPROVED operator: approved: ${SHA}: read it`);
    const again = await post(id, 'approve', { sha256: SHA });
    expect([again.statusCode, again.json()]).toMatchObject([
      409,
      { code: 'AOL_STATE_CONFLICT', currentStatus: 'PENDING' },
    ]);
  });

  test('of another artifact is 409 and names the one there; ten at once approve once', async () => {
    const id = await awaitingApproval(db);
    const other = await post(id, 'approve', { sha256: OTHER });
    expect(other.statusCode).toBe(409);
    expect(problemSchema.parse(other.json()).detail).toContain(SHA);
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(id, 'approve', { sha256: SHA })));
    expect(toldAtOnce(answers)).toEqual(['200', ...Array.from({ length: 9 }, () => '409')]);
  });
});

describe('reject', () => {
  test('cancels what waits and wakes nobody', async () => {
    const id = await awaitingApproval(db);
    const answer = await api.call({ method: 'POST', url: `/v1/actions/${id}/reject`, headers: as('operator') });
    expect(actionSchema.parse(answer.json())).toMatchObject({ status: 'CANCELLED', finishedAt: expect.any(String) });
    expect(api.wakes).toEqual([]);
    expect((await events(id)).at(-1)).toBe('REJECTED operator: rejected');
    expect((await post(id, 'reject', {})).statusCode).toBe(409);
  });
});

describe('promote', () => {
  test('queues a REAL action once: 201, then 200 with the same', async () => {
    const id = await proved(db, WEBHOOK);
    const first = await post(id, 'promote', { sha256: SHA, reason: 'go' });
    expect(first.statusCode).toBe(201);
    const action = actionSchema.parse(first.json());
    expect(action).toMatchObject({
      mode: 'REAL',
      promotedFrom: id,
      idempotencyKey: `promote:${id}`,
      status: 'PENDING',
    });
    expect(action.approval).toMatchObject({ by: 'operator', sha256: SHA });
    expect(api.wakes).toEqual(['default']);
    const again = await post(id, 'promote', { sha256: SHA });
    expect([again.statusCode, actionSchema.parse(again.json()).id]).toEqual([200, action.id]);
  });

  test('of another artifact, of what is no proof, and of what no worker has an account for is refused', async () => {
    const proof = await proved(db, WEBHOOK);
    expect((await post(proof, 'promote', { sha256: OTHER })).statusCode).toBe(409);
    expect((await post(await queued(db, WEBHOOK), 'promote', { sha256: SHA })).statusCode).toBe(409);
    const post422 = await post(await proved(db), 'promote', { sha256: SHA });
    expect([post422.statusCode, post422.json()]).toMatchObject([422, { code: 'AOL_REAL_UNAVAILABLE' }]);
    expect(api.wakes).toEqual([]);
  });
});

describe.each(['approve', 'promote'])('%s refuses what is malformed', (verb) => {
  test.each([
    ['no SHA-256', {}, 'sha256'],
    ['a short one', { sha256: 'abc' }, 'sha256'],
    ['one in capitals', { sha256: 'A'.repeat(64) }, 'sha256'],
    ['an unknown field', { sha256: SHA, force: true }, 'force'],
    ['a reason with NUL', { sha256: SHA, reason: 'a\u0000' }, 'reason'],
  ])('%s is 400', async (_name, body, field) => {
    const answer = await post(NOWHERE, verb, body);
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { errors: [{ field }] }]);
  });
});

test.each(['approve', 'promote', 'reject', 'cancel'])(
  '%s of nothing is 404, of no id 400, by a viewer 403',
  async (verb) => {
    const body = ['approve', 'promote'].includes(verb) ? { sha256: SHA } : {};
    expect((await post(NOWHERE, verb, body)).statusCode).toBe(404);
    expect((await post('1', verb, body)).statusCode).toBe(400);
    const viewer = await postRaw(api, `/v1/actions/${NOWHERE}/${verb}`, JSON.stringify(body), as('viewer'));
    expect(viewer.statusCode).toBe(403);
  },
);
