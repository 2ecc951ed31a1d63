/** Sessions: the cookie, and what another site's page cannot do with it (F-22). */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sessionSchema } from '../../src/contracts/http/session.ts';
import { createdTokenSchema } from '../../src/contracts/http/token.ts';
import { readFlagsOf } from '../../src/db/decide/flags.ts';
import { as, createTestApi, postRaw, type TestApi, TOKENS } from '../support/api.ts';

let api: TestApi;
let host: string;
beforeAll(async () => {
  api = await createTestApi();
  host = new URL(api.url).host;
});
afterAll(() => api.close());

const json = { 'content-type': 'application/json' };
const own = () => ({ origin: `http://${host}`, 'sec-fetch-site': 'same-origin' });

async function signIn(token: string, headers: Record<string, string> = {}) {
  const answer = await api.call({
    method: 'POST',
    url: '/v1/session',
    headers: { ...json, ...headers },
    payload: JSON.stringify({ token }),
  });
  const setCookie = answer.headers['set-cookie']?.[0] ?? '';
  const session = answer.statusCode === 200 ? sessionSchema.parse(answer.json()) : undefined;
  return { answer, setCookie, cookie: setCookie.split(';')[0] ?? '', session };
}

function pause(headers: Record<string, string>, payload = '{}') {
  return api.call({ method: 'POST', url: '/v1/control/pause', headers: { ...json, ...headers }, payload });
}

describe('signing in', () => {
  test('a token becomes a cookie that no script reads and no other site sends', async () => {
    const { session, setCookie, cookie } = await signIn(TOKENS.operator);
    expect(session).toMatchObject({ actor: 'operator', role: 'operator', csrfToken: expect.stringMatching(/^.{32}$/) });
    expect(setCookie).toMatch(/^aol_session=/);
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200']) expect(setCookie).toContain(part);
    expect(setCookie).not.toContain('Secure');
    expect(setCookie).not.toContain(TOKENS.operator);
    const again = await api.call({ url: '/v1/session', headers: { cookie } });
    expect(again.json()).toEqual(session);
    expect((await api.call({ url: '/v1/status', headers: { cookie } })).statusCode).toBe(200);
  });

  test('behind TLS the cookie is Secure, and no other host or plain page can set one of its name', async () => {
    const secure = await createTestApi({ behindTls: true });
    const answer = await secure.call({
      method: 'POST',
      url: '/v1/session',
      headers: json,
      payload: JSON.stringify({ token: TOKENS.viewer }),
    });
    const setCookie = answer.headers['set-cookie']?.[0] ?? '';
    expect(setCookie).toMatch(/^__Host-aol_session=.*Secure/);
    expect(setCookie).not.toMatch(/domain/i);
    const [cookie = ''] = setCookie.split(';');
    const status = async (value: string) =>
      (await secure.call({ url: '/v1/status', headers: { cookie: value } })).statusCode;
    expect([await status(cookie), await status(cookie.replace('__Host-', ''))]).toEqual([200, 401]);
    await secure.close();
  });

  test('a wrong token is 401, a malformed call 400, another site 403, and none gets a cookie', async () => {
    const wrong = await signIn('x'.repeat(40));
    expect([wrong.answer.statusCode, wrong.setCookie]).toEqual([401, '']);
    const foreign = await signIn(TOKENS.admin, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
    expect([foreign.answer.statusCode, foreign.setCookie]).toEqual([403, '']);
    const malformed = await api.call({ method: 'POST', url: '/v1/session', headers: json, payload: '{"token":5}' });
    expect(malformed.statusCode).toBe(400);
    const form = await api.call({
      method: 'POST',
      url: '/v1/session',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `token=${TOKENS.admin}`,
    });
    expect(form.statusCode).toBe(415);
  });

  test('a bearer token needs no session, and has no csrfToken', async () => {
    const answer = await api.call({ url: '/v1/session', headers: as('admin') });
    expect(answer.json()).toEqual({
      actor: 'admin',
      role: 'admin',
      lanes: null,
      types: null,
      csrfToken: null,
      signOutUrl: null,
    });
  });

  test('signing out clears the cookie and ends the session, for every copy of it and in every process', async () => {
    const { cookie, session } = await signIn(TOKENS.viewer);
    const other = await createTestApi({ database: api.database.pool });
    const headers = { cookie, ...own(), 'x-csrf-token': session?.csrfToken ?? '' };
    const answer = await api.call({ method: 'DELETE', url: '/v1/session', headers });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^aol_session=;.*(Max-Age=0|1970)/);
    for (const one of [api, other]) expect((await one.call({ url: '/v1/session', headers })).statusCode).toBe(401);
    await other.close();
  });

  test.each([
    ['not used for an hour', "last_used_at = now() - interval '61 minutes'"],
    ['begun half a day ago', "created_at = now() - interval '13 hours', expires_at = now() - interval '1 second'"],
  ])('a session that was %s has ended', async (_, change) => {
    const { cookie } = await signIn(TOKENS.viewer);
    const status = async () => (await api.call({ url: '/v1/status', headers: { cookie } })).statusCode;
    expect(await status()).toBe(200);
    await api.database.pool.query(`UPDATE aol_sessions SET ${change} WHERE ended_at IS NULL`);
    expect(await status()).toBe(401);
  });

  test('one that is used goes on, and its use is noted', async () => {
    const { cookie } = await signIn(TOKENS.viewer);
    await api.database.pool.query("UPDATE aol_sessions SET last_used_at = now() - interval '59 minutes'");
    expect((await api.call({ url: '/v1/status', headers: { cookie } })).statusCode).toBe(200);
    const { rows } = await api.database.pool.query(
      "SELECT FROM aol_sessions WHERE last_used_at > now() - interval '1 minute'",
    );
    expect(rows.length).toBeGreaterThan(0);
  });
});

describe('a cookie that is not what we wrote', () => {
  test.each([
    ['nothing', ''],
    ['junk', 'aol_session=junk'],
    ['a token', `aol_session=${TOKENS.admin}`],
  ])('%s is 401', async (_name, cookie) => {
    const answer = await api.call({ url: '/v1/status', headers: cookie === '' ? {} : { cookie } });
    expect(answer.statusCode).toBe(401);
  });

  test('one that nobody was given, and one whose token was changed since, are 401', async () => {
    const { cookie } = await signIn(TOKENS.viewer);
    const other = await createTestApi({
      database: api.database.pool,
      tokens: { ...TOKENS, viewer: 'another-viewer-token-0123456789abcdef' },
    });
    expect((await other.call({ url: '/v1/status', headers: { cookie } })).statusCode).toBe(401);
    await other.close();
    const answer = await api.call({ url: '/v1/status', headers: { cookie: `aol_session=${'A'.repeat(43)}` } });
    expect(answer.statusCode).toBe(401);
  });
});

describe('a change under the cookie (F-22)', () => {
  test('from our own page, with the session’s token: done', async () => {
    const { cookie, session } = await signIn(TOKENS.operator);
    const answer = await pause({ cookie, ...own(), 'x-csrf-token': session?.csrfToken ?? '' });
    expect(answer.statusCode).toBe(200);
    await api.call({ method: 'POST', url: '/v1/control/resume', headers: as('operator') });
  });

  test('anything else is 403 or 415, and changes nothing', async () => {
    const { cookie, session } = await signIn(TOKENS.operator);
    const other = await signIn(TOKENS.operator);
    const token = session?.csrfToken ?? '';
    const right = { cookie, ...own(), 'x-csrf-token': token };
    const without = (name: keyof typeof right) =>
      Object.fromEntries(Object.entries(right).filter(([key]) => key !== name));
    const tries: readonly (readonly [string, Record<string, string>, number])[] = [
      ['no csrf token', without('x-csrf-token'), 403],
      ['the token of another session', { ...right, 'x-csrf-token': other.session?.csrfToken ?? '' }, 403],
      ['a shorter token', { ...right, 'x-csrf-token': token.slice(1) }, 403],
      ['no Origin', without('origin'), 403],
      ['Origin null', { ...right, origin: 'null' }, 403],
      ['another origin', { ...right, origin: 'https://evil.example' }, 403],
      ['another port', { ...right, origin: 'http://127.0.0.1:1' }, 403],
      ['Sec-Fetch-Site cross-site', { ...right, 'sec-fetch-site': 'cross-site' }, 403],
      ['Sec-Fetch-Site same-site', { ...right, 'sec-fetch-site': 'same-site' }, 403],
      ['Sec-Fetch-Site none', { ...right, 'sec-fetch-site': 'none' }, 403],
      ['text/plain', { ...right, 'content-type': 'text/plain' }, 415],
      ['a form', { ...right, 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ];
    for (const [name, headers, status] of tries) {
      expect([name, (await pause(headers)).statusCode]).toEqual([name, status]);
    }
    const { flags } = await readFlagsOf(api.database.pool, '*');
    expect(flags.paused.value).toBe(false);
  });

  test('a read under the cookie from another site is refused too; there is no CORS', async () => {
    const { cookie } = await signIn(TOKENS.viewer);
    const answer = await api.call({ url: '/v1/status', headers: { cookie, 'sec-fetch-site': 'cross-site' } });
    expect(answer.statusCode).toBe(403);
    const preflight = await api.call({
      method: 'OPTIONS',
      url: '/v1/control/pause',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.statusCode).toBe(405);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

test('revoking a named token ends its sessions at once', async () => {
  const made = createdTokenSchema.parse(
    (
      await api.call({
        method: 'POST',
        url: '/v1/tokens',
        headers: { ...as('admin'), ...json },
        payload: JSON.stringify({ name: 'dashboard', role: 'operator' }),
      })
    ).json(),
  );
  const { cookie, session } = await signIn(made.token);
  expect(session).toMatchObject({ actor: 'dashboard', role: 'operator' });
  expect((await api.call({ url: '/v1/status', headers: { cookie } })).statusCode).toBe(200);
  await api.call({ method: 'DELETE', url: `/v1/tokens/${made.id}`, headers: as('admin') });
  expect((await api.call({ url: '/v1/status', headers: { cookie } })).statusCode).toBe(401);
  expect((await postRaw(api, '/v1/session', JSON.stringify({ token: made.token }))).statusCode).toBe(401);
});
