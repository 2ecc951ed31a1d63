/** Accounts over HTTP: looked at without secrets, checked by a worker, bounded by an admin. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { accountCheckedSchema, accountListSchema, accountSchema } from '../../src/contracts/http/account.ts';
import { adapterListSchema } from '../../src/contracts/http/adapter.ts';
import { statusSchema } from '../../src/contracts/http/status.ts';
import { as, createTestApi, type TestApi, type TOKENS } from '../support/api.ts';
import { until } from '../support/until.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.database.pool.query('TRUNCATE aol_accounts CASCADE');
  await api.database.pool.query(
    `INSERT INTO aol_accounts (name, provider, identity, server, credential, credential_version, token_expires_at)
     VALUES ('brand', 'bluesky', 'brand.example', 'https://bsky.social', 'canary-credential', 1, now() + interval '1 hour'),
       ('page', 'linkedin', 'urn:li:person:1', 'https://api.linkedin.com', NULL, 0, now() + interval '6 days')`,
  );
});

const get = (url: string) => api.call({ url, headers: as('viewer') });
const send = (method: 'POST' | 'PUT', url: string, role: keyof typeof TOKENS, body: object) =>
  api.call({
    method,
    url,
    headers: { ...as(role), 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  });

test('are listed without what their providers rotated', async () => {
  const answer = await get('/v1/accounts');
  const { items } = accountListSchema.parse(answer.json());
  expect(items.map(({ name, state, budget }) => [name, state, budget.perHour])).toEqual([
    ['brand', 'not_checked', 5],
    ['page', 'not_checked', 5],
  ]);
  expect(answer.body).not.toContain('canary');
});

describe('a check', () => {
  test('waits until a worker has made it', async () => {
    const asked = send('POST', '/v1/accounts/brand/check', 'operator', {});
    await until('it is asked for', async () => {
      const { rowCount } = await api.database.pool.query(
        `UPDATE aol_accounts SET checked_at = clock_timestamp(), state = 'ready' WHERE check_asked_at IS NOT NULL`,
      );
      return rowCount === 1;
    });
    const { checked, account } = accountCheckedSchema.parse((await asked).json());
    expect([checked, account.state]).toEqual([true, 'ready']);
  });

  test('of what is not there is 404, and is no business of a viewer', async () => {
    expect((await send('POST', '/v1/accounts/nobody/check', 'operator', {})).statusCode).toBe(404);
    expect((await send('POST', '/v1/accounts/brand/check', 'viewer', {})).statusCode).toBe(403);
    expect((await send('POST', '/v1/accounts/No%20name/check', 'operator', {})).statusCode).toBe(400);
  });
});

describe('a budget', () => {
  test('is set by admins only, field by field, stands in the log, and wakes what waits for it', async () => {
    await api.database.pool.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, run_at, held_by, created_by)
       SELECT id, 'default', 'POST_SOCIAL', '{}', id::text, repeat('a', 64), 'REAL', now() + interval '1 hour', 'brand', 'test'
       FROM (SELECT uuidv7() AS id) AS new`,
    );
    expect((await send('PUT', '/v1/accounts/brand/budget', 'operator', { perHour: 9 })).statusCode).toBe(403);
    const set = await send('PUT', '/v1/accounts/brand/budget', 'admin', { perHour: 9, perDay: 50 });
    expect(accountSchema.parse(set.json())).toMatchObject({
      budget: { perHour: 9, perDay: 50, setBy: 'admin' },
      waiting: 0,
    });
    expect(api.wakes).toContain('default');
    const back = await send('PUT', '/v1/accounts/brand/budget', 'admin', { perHour: null });
    expect(accountSchema.parse(back.json()).budget).toMatchObject({ perHour: 5, perDay: 50 });
    const { rows } = await api.database.pool.query(
      `SELECT message FROM aol_execution_logs WHERE event = 'ACCOUNT_CHANGED'`,
    );
    expect(rows.map(({ message }) => message)).toContain('budget of brand: 9 an hour, 50 a day');
  });

  test('of a host of webhooks begins when it is set', async () => {
    const set = await send('PUT', '/v1/accounts/webhook:hooks.example/budget', 'admin', { perHour: 100 });
    expect(accountSchema.parse(set.json())).toMatchObject({
      provider: 'webhook',
      budget: { perHour: 100, perDay: null },
    });
    expect((await send('PUT', '/v1/accounts/nobody/budget', 'admin', { perHour: 1 })).statusCode).toBe(404);
    expect((await send('PUT', '/v1/accounts/brand/budget', 'admin', { perHour: -1 })).statusCode).toBe(400);
  });
});

test('status names those that need somebody, and metrics show all', async () => {
  await api.database.pool.query(`UPDATE aol_accounts SET state = 'needs_login', reason = '401' WHERE name = 'brand'`);
  const { accounts } = statusSchema.parse((await get('/v1/status')).json());
  expect(accounts.map(({ name, state }) => [name, state])).toEqual([
    ['brand', 'needs_login'],
    ['page', 'not_checked'],
  ]);
  const metrics = (await get('/metrics')).body;
  expect(metrics).toContain('aol_account_state{account="brand",state="needs_login"} 1');
  expect(metrics).toMatch(/aol_account_token_expires_seconds\{account="page"\} \d+/);
  expect(metrics).toContain('aol_account_budget{account="brand",span="hour"} 5');
});

test('adapters say which provider has an account', async () => {
  await until('what is known is read anew', async () => {
    const { items } = adapterListSchema.parse((await get('/v1/adapters')).json());
    const social = items.find(({ type }) => type === 'POST_SOCIAL');
    const bluesky = social?.providers.find(({ provider }) => provider === 'bluesky');
    return social?.real.configured === true && bluesky?.configured === true && bluesky.accounts.includes('brand');
  });
});
