import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { dlqAnswerSchema } from '../../src/contracts/http/decisions.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { createPool } from '../../src/db/pool.ts';
import { as, createTestApi, postRaw, type TestApi, toldAtOnce } from '../support/api.ts';
import { dead, queued, unconfirmed } from '../support/settled.ts';

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

const post = (url: string, body: unknown) => postRaw(api, url, JSON.stringify(body));
const NOWHERE = '019502a0-0000-7000-8000-000000000000';

describe('replay', () => {
  test('requeues, wakes the lane and says why it waits; again is 409 with the status', async () => {
    const id = await dead(db);
    const answer = await post(`/v1/actions/${id}/replay`, { reason: 'fixed' });
    expect(answer.statusCode).toBe(200);
    expect(actionSchema.parse(answer.json())).toMatchObject({
      status: 'PENDING',
      attempts: 3,
      dlqReason: null,
      waiting: 'no worker is running',
    });
    expect(api.wakes).toEqual(['default']);
    const again = await api.call({ method: 'POST', url: `/v1/actions/${id}/replay`, headers: as('operator') });
    expect(again.statusCode).toBe(409);
    expect(again.json()).toMatchObject({ code: 'AOL_STATE_CONFLICT', currentStatus: 'PENDING' });
    expect(api.wakes).toEqual(['default']);
  });

  test('ten at once: one 200, nine 409', async () => {
    const id = await dead(db);
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(`/v1/actions/${id}/replay`, {})));
    expect(toldAtOnce(answers)).toEqual(['200', ...Array.from({ length: 9 }, () => '409')]);
  });

  test('what cannot be read afterwards is left out of the answer: the decision is made, and is told', async () => {
    const pool = createPool({ databaseUrl: api.database.url, applicationName: 'aol-test', lockTimeoutMs: 200 });
    const one = await createTestApi({ database: pool });
    const [first, second] = [await dead(db), await dead(db)];
    const lock = await db.connect();
    await lock.query(
      'BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE aol_control_flags IN ACCESS EXCLUSIVE MODE',
    );
    const again = (id: string) => postRaw(one, `/v1/actions/${id}/replay`, '{}');
    const answers = await Promise.all([first, second].map(again));
    await lock.query('ROLLBACK');
    lock.release();
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(answers.map((answer) => actionSchema.parse(answer.json()))).toMatchObject([
      { id: first, status: 'PENDING', waiting: null },
      { id: second, status: 'PENDING', waiting: null },
    ]);
    await one.close();
    await pool.end();
  });

  test('nothing there is 404, an unknown field 400', async () => {
    expect((await post(`/v1/actions/${NOWHERE}/replay`, {})).statusCode).toBe(404);
    expect((await post(`/v1/actions/${NOWHERE}/replay`, { force: true })).statusCode).toBe(400);
  });
});

describe('resolve', () => {
  test('sent is SUCCESS and wakes nobody; not sent is back in the queue', async () => {
    const sent = actionSchema.parse(
      (await post(`/v1/actions/${await unconfirmed(db)}/resolve`, { outcome: 'sent' })).json(),
    );
    expect(sent).toMatchObject({ status: 'SUCCESS', receipt: { outcome: 'sent', resolvedBy: 'operator' } });
    expect(api.wakes).toEqual([]);
    const answer = await post(`/v1/actions/${await unconfirmed(db)}/resolve`, { outcome: 'not_sent', reason: 'asked' });
    const notSent = actionSchema.parse(answer.json());
    expect(notSent.status).toBe('PENDING');
    expect(notSent.waiting).toContain('REAL');
    expect(api.wakes).toEqual(['default']);
  });

  test.each([
    ['no outcome', {}, 'outcome'],
    ['an outcome that nobody knows', { outcome: 'maybe' }, 'outcome'],
    ['an unknown field', { outcome: 'sent', receipt: {} }, 'receipt'],
  ])('%s is 400', async (_name, body, field) => {
    const answer = await post(`/v1/actions/${NOWHERE}/resolve`, body);
    expect(answer.statusCode).toBe(400);
    expect(problemSchema.parse(answer.json()).errors?.map((error) => error.field)).toContain(field);
  });

  test('another status is 409 and named', async () => {
    const answer = await post(`/v1/actions/${await queued(db)}/resolve`, { outcome: 'sent' });
    expect([answer.statusCode, answer.json()]).toMatchObject([409, { currentStatus: 'PENDING' }]);
  });
});

describe('dead letters, many at once', () => {
  test('a dry run counts; replay wakes each lane once; clear wakes nobody', async () => {
    await api.call({ method: 'PUT', url: '/v1/lanes/brand', headers: as('admin') });
    await Promise.all([dead(db), dead(db), dead(db, { lane: 'brand' })]);
    const preview = dlqAnswerSchema.parse((await post('/v1/dlq/replay', { filter: {}, dryRun: true })).json());
    expect(preview).toMatchObject({ dryRun: true, matched: 3, changed: 0 });
    expect(api.wakes).toEqual([]);
    const done = await post('/v1/dlq/replay', { filter: { before: preview.asOf }, reason: 'all' });
    expect(dlqAnswerSchema.parse(done.json())).toMatchObject({ matched: 3, changed: 3, remaining: 0, refused: [] });
    expect(api.wakes).toEqual(['brand', 'default']);
    const ids = [await dead(db), NOWHERE];
    const cleared = dlqAnswerSchema.parse((await post('/v1/dlq/clear', { ids })).json());
    expect(cleared).toMatchObject({ changed: 1, refused: [{ id: NOWHERE, currentStatus: null }] });
    expect(api.wakes).toHaveLength(2);
  });

  test.each([
    ['neither ids nor a filter', {}, 'filter'],
    ['both', { ids: [NOWHERE], filter: {} }, 'filter'],
    ['no ids', { ids: [] }, 'ids'],
    ['1,001 ids', { ids: Array.from({ length: 1_001 }, () => NOWHERE) }, 'ids'],
    ['an id that is none', { ids: ['1'] }, 'ids.0'],
    ['an unknown condition', { filter: { status: 'SUCCESS' } }, 'filter.status'],
    ['an unknown reason', { filter: { dlqReason: 'bored' } }, 'filter.dlqReason'],
    ['a date that does not exist', { filter: { before: '2026-02-30T00:00:00Z' } }, 'filter.before'],
    ['a time before 1970', { filter: { before: '0000-01-01T00:00:00Z' } }, 'filter.before'],
    ['dryRun as text', { filter: {}, dryRun: 'true' }, 'dryRun'],
  ])('%s is 400', async (_name, body, field) => {
    for (const verb of ['replay', 'clear']) {
      const answer = await post(`/v1/dlq/${verb}`, body);
      expect(answer.statusCode).toBe(400);
      expect(problemSchema.parse(answer.json()).errors?.map((error) => error.field)).toContain(field);
    }
  });

  test('a lane that does not exist is 404', async () => {
    expect((await post('/v1/dlq/replay', { filter: { lane: 'nowhere' } })).statusCode).toBe(404);
  });
});
