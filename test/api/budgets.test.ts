/** `/v1/budgets`: what an hour, a day or a month may have, who may set it, and what it does to what waits. */

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { accountListSchema } from '../../src/contracts/http/account.ts';
import { type BudgetPutInput, budgetListSchema } from '../../src/contracts/http/budget.ts';
import { as, createTestApi, type TestApi, type TOKENS } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.database.pool.query('DELETE FROM aol_budgets; DELETE FROM aol_budget_use; DELETE FROM aol_accounts');
  await api.database.pool.query(
    `INSERT INTO aol_accounts (name, provider, identity, server) VALUES ('brand', 'bluesky', 'brand.example', 'https://bsky.social')`,
  );
});

const put = (body: BudgetPutInput | object, role: keyof typeof TOKENS = 'admin') =>
  api.call({
    method: 'PUT',
    url: '/v1/budgets',
    headers: { ...as(role), 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  });
const list = async (query = '') =>
  budgetListSchema.parse((await api.call({ url: `/v1/budgets${query}`, headers: as('viewer') })).json()).items;
const brand = (limit: number | null, span = 'hour', unit = 'effects') => ({
  scope: 'account',
  name: 'brand',
  limits: [{ span, unit, limit }],
});

test('an operator tightens, only an admin loosens; it stands in the log, and wakes what waits for it', async () => {
  await api.database.pool.query(
    `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, run_at, held_by, created_by)
     SELECT id, 'default', 'POST_SOCIAL', '{}', id::text, repeat('a', 64), 'REAL', now() + interval '1 hour', 'brand', 'test'
     FROM (SELECT uuidv7() AS id) AS new`,
  );
  expect((await list('?scope=account'))[0]).toMatchObject({ name: 'brand', limit: 5, source: 'default', waiting: 1 });
  expect((await put(brand(9), 'operator')).statusCode).toBe(403);
  expect((await put(brand(3), 'viewer')).statusCode).toBe(403);
  const set = await put({ ...brand(3), reason: 'too loud' }, 'operator');
  expect(budgetListSchema.parse(set.json()).items).toMatchObject([
    {
      limit: 3,
      used: 0,
      source: 'set',
      setBy: 'operator',
      waiting: 0,
      resetsAt: expect.stringMatching(/:00:00\.000Z$/),
    },
  ]);
  expect(api.wakes).toContain('default');
  expect((await put(brand(null), 'operator')).statusCode).toBe(403);
  expect((await put(brand(null))).statusCode).toBe(200);
  const { rows } = await api.database.pool.query(
    `SELECT message FROM aol_execution_logs WHERE event = 'ACCOUNT_CHANGED' ORDER BY id`,
  );
  expect(rows.map(({ message }) => message)).toEqual([
    'budget of account brand: 3 effects in an hour: too loud',
    'budget of account brand: 5 effects in an hour',
  ]);
});

test('is of accounts, hosts, types and domains, in effects and in money; * is each that has no own', async () => {
  await put(brand(2_500_000, 'day', 'microUsd'));
  await put({ scope: 'domain', name: '*', limits: [{ span: 'day', limit: 50 }] });
  await put({ scope: 'domain', name: 'example.com', limits: [{ span: 'hour', limit: 10 }] });
  await put({ scope: 'type', name: 'SEND_EMAIL', limits: [{ span: 'month', limit: 1_000 }] });
  const words = (await list()).map(({ scope, name, span, unit, limit, source }) =>
    [scope, name, limit, unit, span, source].join(' '),
  );
  expect(words).toEqual([
    'account brand 5 effects hour default',
    'account brand 2500000 microUsd day set',
    'domain * 50 effects day set',
    'domain example.com 10 effects hour set',
    'domain example.com 50 effects day all',
    'type SEND_EMAIL 1000 effects month set',
  ]);
  const accounts = accountListSchema.parse((await api.call({ url: '/v1/accounts', headers: as('viewer') })).json());
  expect(accounts.items[0]?.budgets.map(({ limit }) => limit)).toEqual([5, 2_500_000]);
  const metrics = (await api.call({ url: '/metrics', headers: as('viewer') })).body;
  expect(metrics).toContain('aol_budget{scope="account",name="brand",span="day",unit="microUsd"} 2500000');
  expect(metrics).toContain('aol_budget_used{scope="domain",name="*",span="day",unit="effects"} 0');
});

test('an account whose budget is used up says why its actions wait', async () => {
  await put(brand(0));
  const { items } = accountListSchema.parse((await api.call({ url: '/v1/accounts', headers: as('viewer') })).json());
  expect(items[0]).toMatchObject({
    state: 'not_checked',
    why: expect.stringContaining('0 effects in an hour is used up'),
  });
});

test.each([
  ['an account that there is not', { ...brand(1), name: 'nobody' }, 404],
  ['a name that is none of its scope', { scope: 'type', name: 'send', limits: [{ span: 'day', limit: 1 }] }, 400],
  ['less than nothing', brand(-1), 400],
  ['a span twice', { ...brand(1), limits: [...brand(1).limits, ...brand(2).limits] }, 400],
  ['nothing', { scope: 'account', name: 'brand', limits: [] }, 400],
  ['a key as part of an account', { ...brand(1), name: 'type:SEND_EMAIL' }, 400],
])('%s is refused', async (_name, body, status) => {
  expect((await put(body)).statusCode).toBe(status);
});
