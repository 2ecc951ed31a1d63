/** Accounts over HTTP: looked at without secrets, checked by a worker, bounded by an admin. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { accountCheckedSchema, accountListSchema } from '../../src/contracts/http/account.ts';
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
  await api.database.pool.query('DELETE FROM aol_accounts');
  await api.database.pool.query(
    `INSERT INTO aol_accounts (name, provider, identity, server, credential, credential_version, token_expires_at)
     VALUES ('brand', 'bluesky', 'brand.example', 'https://bsky.social', 'canary-credential', 1, now() + interval '1 hour'),
       ('page', 'linkedin', 'urn:li:person:1', 'https://api.linkedin.com', NULL, 0, now() + interval '6 days')`,
  );
});

const get = (url: string) => api.call({ url, headers: as('viewer') });
const send = (method: 'POST', url: string, role: keyof typeof TOKENS, body: object) =>
  api.call({
    method,
    url,
    headers: { ...as(role), 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  });

test('are listed without what their providers rotated', async () => {
  const answer = await get('/v1/accounts');
  const { items } = accountListSchema.parse(answer.json());
  expect(items.map(({ name, state, budgets }) => [name, state, budgets[0]?.limit])).toEqual([
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
  expect(metrics).toContain('aol_budget{scope="account",name="brand",span="hour",unit="effects"} 5');
});

test('adapters say which provider has an account', async () => {
  await until('what is known is read anew', async () => {
    const { items } = adapterListSchema.parse((await get('/v1/adapters')).json());
    const social = items.find(({ type }) => type === 'POST_SOCIAL');
    const bluesky = social?.providers.find(({ provider }) => provider === 'bluesky');
    return social?.real.configured === true && bluesky?.configured === true && bluesky.accounts.includes('brand');
  });
});
