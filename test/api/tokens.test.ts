import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { type CreatedToken, createdTokenSchema, tokenListSchema } from '../../src/contracts/http/token.ts';
import { as, createTestApi, postRaw, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

const make = (body: unknown) => postRaw(api, '/v1/tokens', JSON.stringify(body), as('admin'));
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const statusFor = async (token: string) => (await api.call({ url: '/v1/status', headers: bearer(token) })).statusCode;

async function made(body: unknown): Promise<CreatedToken> {
  const answer = await make(body);
  expect(answer.statusCode).toBe(201);
  return createdTokenSchema.parse(answer.json());
}

describe('/v1/tokens', () => {
  test('a token works at once, under its name; its secret is nowhere but in the answer', async () => {
    const { token, id, expiresAt } = await made({ name: 'ci-bot', role: 'operator' });
    expect(token).toMatch(/^aolt_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/);
    expect(Date.parse(expiresAt ?? '') - Date.now()).toBeGreaterThan(89 * 86_400_000);
    const paused = await postRaw(api, '/v1/control/pause', '{}', bearer(token));
    expect(paused.statusCode).toBe(200);
    await postRaw(api, '/v1/control/resume', '{}', bearer(token));
    const list = await api.call({ url: '/v1/tokens', headers: as('admin') });
    expect(list.body).not.toContain(token.slice(14));
    expect(tokenListSchema.parse(list.json()).items[0]).toMatchObject({
      id,
      name: 'ci-bot',
      prefix: token.slice(0, 13),
      createdBy: 'admin',
      lastUsedAt: expect.any(String),
      revokedAt: null,
    });
    const { rows } = await api.database.pool.query<{ text: string; sha256: Buffer }>(
      'SELECT t::text AS text, sha256 FROM aol_api_tokens t',
    );
    expect(rows.map((row) => row.text).join()).not.toContain(token.slice(14));
    expect(rows[0]?.sha256).toEqual(createHash('sha256').update(token).digest());
    const logs = logListSchema.parse((await api.call({ url: '/v1/logs?lane=*', headers: as('viewer') })).json());
    expect(logs.items.map(({ event, actor }) => `${event} ${actor}`)).toEqual(
      expect.arrayContaining(['TOKEN_CREATED admin', 'FLAG_CHANGED ci-bot']),
    );
  });

  test('revoked it is 401; revoking again changes nothing; its name is free', async () => {
    const { token, id } = await made({ name: 'short-lived', role: 'viewer', expiresAt: null });
    expect(await statusFor(token)).toBe(200);
    expect((await make({ name: 'short-lived', role: 'viewer' })).statusCode).toBe(409);
    for (let times = 0; times < 2; times += 1) {
      const answer = await api.call({ method: 'DELETE', url: `/v1/tokens/${id}`, headers: as('admin') });
      expect(answer.statusCode).toBe(204);
    }
    expect(await statusFor(token)).toBe(401);
    await made({ name: 'short-lived', role: 'viewer' });
    const nowhere = '019502a0-0000-7000-8000-000000000000';
    expect((await api.call({ method: 'DELETE', url: `/v1/tokens/${nowhere}`, headers: as('admin') })).statusCode).toBe(
      404,
    );
  });

  test('past its time it is 401', async () => {
    const { token, id } = await made({ name: 'old', role: 'viewer', expiresAt: '2030-01-01T00:00:00Z' });
    expect(await statusFor(token)).toBe(200);
    await api.database.pool.query('ALTER TABLE aol_api_tokens DISABLE TRIGGER aol_api_tokens_immutable');
    await api.database.pool.query(
      `UPDATE aol_api_tokens SET created_at = now() - interval '2 days', expires_at = now() - interval '1 day' WHERE id = $1`,
      [id],
    );
    await api.database.pool.query('ALTER TABLE aol_api_tokens ENABLE TRIGGER aol_api_tokens_immutable');
    expect(await statusFor(token)).toBe(401);
  });

  test('the database keeps what a token is', async () => {
    await made({ name: 'fixed', role: 'viewer' });
    const change = (set: string) => api.database.pool.query(`UPDATE aol_api_tokens SET ${set} WHERE name = 'fixed'`);
    await expect(change(`role = 'admin'`)).rejects.toMatchObject({ code: 'AOL06' });
    await expect(change('expires_at = NULL')).rejects.toMatchObject({ code: 'AOL06' });
    await change(`revoked_at = now(), revoked_by = 'x'`);
    await expect(change('revoked_at = NULL, revoked_by = NULL')).rejects.toMatchObject({ code: 'AOL06' });
  });

  test.each([
    ['no name', { role: 'viewer' }, 'name'],
    ['a name with a slash', { name: 'aol/default', role: 'viewer' }, 'name'],
    ['the name of a role', { name: 'admin', role: 'viewer' }, 'name'],
    ['an unknown role', { name: 'a', role: 'root' }, 'role'],
    ['a time that has passed', { name: 'a', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    ['a secret of one’s own', { name: 'a', role: 'viewer', token: 'x' }, 'token'],
  ])('%s is 400', async (_name, body, field) => {
    const answer = await make(body);
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { errors: [{ field }] }]);
  });

  test('a role can do no more than its own', async () => {
    const { token } = await made({ name: 'reader', role: 'viewer' });
    expect((await postRaw(api, '/v1/control/kill', '{}', bearer(token))).statusCode).toBe(403);
    expect((await api.call({ url: '/v1/tokens', headers: bearer(token) })).statusCode).toBe(403);
  });
});
