import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type BatchAnswer, batchAnswerSchema } from '../../src/contracts/http/batch.ts';
import { createPool } from '../../src/db/pool.ts';
import { as, countRows, createTestApi, POST, postRaw, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
beforeEach(() => {
  api.wakes.length = 0;
});
afterAll(() => api.close());

const item = (more: object = {}) => ({ type: 'POST_SOCIAL', payload: POST, ...more });
const post = (actions: readonly unknown[]) => postRaw(api, '/v1/actions/batch', JSON.stringify({ actions }));

async function answered(actions: readonly unknown[]): Promise<BatchAnswer['results']> {
  const answer = await post(actions);
  expect(answer.statusCode).toBe(200);
  return batchAnswerSchema.parse(answer.json()).results;
}

describe('POST /v1/actions/batch', () => {
  test('each is answered in its place; what is wrong keeps no other from being queued', async () => {
    const before = await countRows(api.database, 'aol_actions');
    const results = await answered([
      item({ idempotencyKey: 'b1' }),
      item({ priority: '5' }),
      'text',
      item({ idempotencyKey: 'b1' }),
      item({ idempotencyKey: 'b1', priority: 7 }),
      item({ lane: 'nowhere' }),
      item({ payload: { platform: 'bluesky' } }),
      item({ mode: 'REAL' }),
      item({ idempotencyKey: 'b2', runAt: '2027-01-01T00:00:00Z' }),
      { ...item(), type: 'LAUNCH_ROCKET' },
    ]);
    expect(results.map(({ status }) => status)).toEqual([201, 400, 400, 200, 409, 422, 422, 422, 201, 400]);
    const fields = results.map((result) => ('problem' in result ? result.problem.errors?.[0]?.field : null));
    expect(fields).toEqual([
      null,
      'priority',
      'action',
      null,
      undefined,
      'lane',
      'payload.content',
      'mode',
      null,
      'type',
    ]);
    const ids = results.map((result) => ('action' in result ? result.action.id : undefined));
    expect(ids[3]).toBe(ids[0]);
    expect(results[4]).toMatchObject({ problem: { code: 'AOL_KEY_CONFLICT', actionId: ids[0] } });
    expect(await countRows(api.database, 'aol_actions')).toBe(before + 2);
    expect(api.wakes).toEqual(['default']);
  });

  test('what cannot be checked now is the answer to all of them, and none is queued', async () => {
    const before = await countRows(api.database, 'aol_actions');
    const pool = createPool({ databaseUrl: api.database.url, applicationName: 'aol-test', lockTimeoutMs: 200 });
    const one = await createTestApi({ database: pool });
    const lock = await api.database.pool.connect();
    await lock.query(
      'BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE aol_accounts IN ACCESS EXCLUSIVE MODE',
    );
    const answer = await postRaw(
      one,
      '/v1/actions/batch',
      JSON.stringify({ actions: [item(), item({ mode: 'REAL' })] }),
    );
    await lock.query('ROLLBACK');
    lock.release();
    expect([answer.statusCode, answer.json()]).toMatchObject([503, { code: 'AOL_TOO_MANY_AT_ONCE' }]);
    expect(await countRows(api.database, 'aol_actions')).toBe(before);
    await one.close();
    await pool.end();
  });

  test('again it is the same actions, and wakes nobody', async () => {
    const actions = [1, 2, 3].map((n) => item({ idempotencyKey: `same-${n}` }));
    const first = await answered(actions);
    api.wakes.length = 0;
    const second = await answered(actions);
    expect(second.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(second.map((result) => 'action' in result && result.action.id)).toEqual(
      first.map((result) => 'action' in result && result.action.id),
    );
    expect(api.wakes).toEqual([]);
  });

  test('1,000 go in one transaction', async () => {
    const results = await answered(Array.from({ length: 1_000 }, () => item()));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([201]));
    const { rows } = await api.database.pool.query<{ transactions: number }>(
      'SELECT count(DISTINCT xmin::text) AS transactions FROM aol_actions WHERE id = ANY ($1::uuid[])',
      [results.map((result) => ('action' in result ? result.action.id : null))],
    );
    expect(rows).toEqual([{ transactions: 1 }]);
  });

  test.each([
    ['none', { actions: [] }, 'actions'],
    ['1,001', { actions: Array.from({ length: 1_001 }, () => item()) }, 'actions'],
    ['no list', { actions: {} }, 'actions'],
    ['an unknown field', { actions: [item()], lane: 'default' }, 'lane'],
  ])('%s is 400', async (_name, body, field) => {
    const answer = await postRaw(api, '/v1/actions/batch', JSON.stringify(body));
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { errors: [{ field }] }]);
  });

  test('a payload that nests 31 levels passes as it does alone; a name that stands twice refuses all', async () => {
    const deep = `${'{"a":'.repeat(29)}1${'}'.repeat(29)}`;
    const action = `{"type":"CALL_WEBHOOK","payload":{"url":"https://example.com","body":${deep}}}`;
    const alone = await postRaw(api, '/v1/actions', action);
    const inBatch = await postRaw(api, '/v1/actions/batch', `{"actions":[${action}]}`);
    expect([alone.statusCode, batchAnswerSchema.parse(inBatch.json()).results[0]?.status]).toEqual([201, 201]);
    const twice = await postRaw(
      api,
      '/v1/actions/batch',
      `{"actions":[${JSON.stringify(item())},{"type":"A","type":"B"}]}`,
    );
    expect([twice.statusCode, twice.json()]).toMatchObject([400, { errors: [{ field: 'actions.1.type' }] }]);
  });

  test('more than 256 KiB pass, more than 8 MiB are 413', async () => {
    const many = Array.from({ length: 900 }, () => item({ payload: { ...POST, content: 'x'.repeat(290) } }));
    expect(JSON.stringify(many).length).toBeGreaterThan(256 * 1024);
    await answered(many);
    const answer = await postRaw(api, '/v1/actions/batch', `{"actions":["${'x'.repeat(8 * 1024 * 1024)}"]}`);
    expect(answer.statusCode).toBe(413);
  });

  test('viewers queue nothing', async () => {
    const answer = await postRaw(api, '/v1/actions/batch', JSON.stringify({ actions: [item()] }), as('viewer'));
    expect(answer.statusCode).toBe(403);
  });
});
