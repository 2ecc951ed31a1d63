/** Who is signed in: seen and ended by oneself, and by an admin. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { type SessionEntry, sessionListSchema, sessionSchema } from '../../src/contracts/http/session.ts';
import { as, createTestApi, namedToken, type TestApi, TOKENS } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

interface Browser {
  readonly cookie: string;
  readonly csrfToken: string;
}

async function signIn(token: string, agent = 'Firefox on Linux'): Promise<Browser> {
  const answer = await api.call({
    method: 'POST',
    url: '/v1/session',
    headers: { 'content-type': 'application/json', 'user-agent': agent },
    payload: JSON.stringify({ token }),
  });
  const { csrfToken } = sessionSchema.parse(answer.json());
  return { cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '', csrfToken: csrfToken ?? '' };
}

const under = ({ cookie, csrfToken }: Browser) => ({
  cookie,
  origin: api.url,
  'sec-fetch-site': 'same-origin',
  'x-csrf-token': csrfToken,
});

async function listed(headers: Record<string, string>, query = ''): Promise<readonly SessionEntry[]> {
  const answer = await api.call({ url: `/v1/sessions${query}`, headers });
  expect(answer.statusCode).toBe(200);
  return sessionListSchema.parse(answer.json()).items;
}

const end = (id: string, headers: Record<string, string>) =>
  api.call({ method: 'DELETE', url: `/v1/sessions/${id}`, headers });
const isIn = async ({ cookie }: Browser) =>
  (await api.call({ url: '/v1/status', headers: { cookie } })).statusCode === 200;

test('everybody sees their own, an admin everybody’s; each says since when, from where and with what', async () => {
  const [mine, other] = [
    await namedToken(api, { name: 'mine', role: 'operator' }),
    await namedToken(api, { name: 'other', role: 'viewer' }),
  ];
  const tokenOf = ({ authorization = '' }: Record<string, string>) => authorization.replace('Bearer ', '');
  const first = await signIn(tokenOf(mine));
  const second = await signIn(tokenOf(mine), 'Safari on a phone');
  await signIn(tokenOf(other));
  const own = await listed(under(second));
  expect(own).toMatchObject([
    {
      actor: 'mine',
      role: 'operator',
      method: 'token',
      browser: 'Safari on a phone',
      address: '127.0.0.1',
      isCurrent: true,
    },
    { actor: 'mine', browser: 'Firefox on Linux', isCurrent: false },
  ]);
  for (const { createdAt, expiresAt } of own)
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(12 * 3_600_000);
  // The token itself sees what was begun with it.
  expect(await listed(mine)).toMatchObject([{ isCurrent: false }, { isCurrent: false }]);
  expect((await listed(as('admin'))).map(({ actor }) => actor)).toEqual(['other', 'mine', 'mine']);
  expect((await listed(as('operator'))).length).toBe(0);
  const page = sessionListSchema.parse((await api.call({ url: '/v1/sessions?limit=2', headers: as('admin') })).json());
  expect(page).toMatchObject({ total: 3, items: [{ actor: 'other' }, { actor: 'mine' }] });
  expect(await listed(as('admin'), `?limit=2&cursor=${page.nextCursor}`)).toMatchObject([{ actor: 'mine' }]);
  expect(await isIn(first)).toBe(true);
});

test('one’s own is ended at once and in every process; another’s is not there; an admin ends anybody’s', async () => {
  const [one, two] = [await signIn(TOKENS.operator), await signIn(TOKENS.operator)];
  const viewer = await signIn(TOKENS.viewer);
  const id = (await listed(under(two))).find(({ isCurrent }) => !isCurrent)?.id ?? '';
  expect((await end(id, under(viewer))).statusCode).toBe(404);
  expect(await isIn(one)).toBe(true);
  const other = await createTestApi({ database: api.database.pool });
  for (let times = 0; times < 2; times += 1) expect((await end(id, under(two))).statusCode).toBe(204);
  expect([await isIn(one), await isIn(two)]).toEqual([false, true]);
  expect((await other.call({ url: '/v1/status', headers: { cookie: one.cookie } })).statusCode).toBe(401);
  await other.close();
  const [newest] = await listed(as('admin'));
  expect(newest).toMatchObject({ actor: 'viewer' });
  expect((await end(newest?.id ?? '', as('admin'))).statusCode).toBe(204);
  expect(await isIn(viewer)).toBe(false);
  const logs = await api.call({ url: '/v1/logs?event=SESSION_ENDED', headers: as('viewer') });
  expect(logListSchema.parse(logs.json()).items).toMatchObject([
    { actor: 'admin', detail: { sessionId: newest?.id } },
    { actor: 'operator', detail: { sessionId: id } },
  ]);
});

test('a change under the cookie needs its token here too', async () => {
  const browser = await signIn(TOKENS.operator);
  const [session] = await listed(under(browser));
  expect((await end(session?.id ?? '', { cookie: browser.cookie })).statusCode).toBe(403);
  expect(await isIn(browser)).toBe(true);
});

test('what has ended is not listed: by time, idle, signed out, or with its token', async () => {
  await api.database.pool.query('UPDATE aol_sessions SET ended_at = now() WHERE ended_at IS NULL');
  for (const change of [
    "last_used_at = now() - interval '61 minutes'",
    "created_at = now() - interval '1 day', expires_at = now() - interval '1 second'",
  ]) {
    await signIn(TOKENS.viewer);
    await api.database.pool.query(`UPDATE aol_sessions SET ${change} WHERE ended_at IS NULL`);
  }
  expect(await listed(as('admin'))).toEqual([]);
  await signIn(TOKENS.viewer);
  const changed = await createTestApi({
    database: api.database.pool,
    tokens: { ...TOKENS, viewer: 'another-viewer-token-0123456789abcdef' },
  });
  const answer = await changed.call({ url: '/v1/sessions', headers: as('admin') });
  expect(sessionListSchema.parse(answer.json())).toMatchObject({ items: [], total: 0 });
  await changed.close();
});
