/** What somebody else's page, address or cookie cannot do to a person who signs in by OpenID Connect. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownAddress } from '../../src/api/access/own-address.ts';
import { sessionListSchema, sessionSchema } from '../../src/contracts/http/session.ts';
import { as, createTestApi, TOKENS } from '../support/api.ts';
import { cookieOf, createOidcScene, type OidcScene, signInAs } from '../support/signing-in.ts';
import { Visitor } from '../support/visitor.ts';

let scene: OidcScene;
beforeAll(async () => {
  scene = await createOidcScene({ maxWrongTokens: 100_000 });
  for (const login of ['victim', 'attacker'])
    scene.issuer.people.set(login, { preferred_username: login, groups: ['ops'] });
});
afterAll(() => scene.close());

const CALLBACK = '/v1/session/oidc/callback';
const callback = () => scene.api.url + CALLBACK;
const refusalOf = (url: string) => new URL(url).searchParams.get('sign-in');
const openSessions = async () => {
  const answer = await scene.api.call({ url: '/v1/sessions', headers: as('admin') });
  return sessionListSchema.parse(answer.json()).total;
};

/** As far as the address to which the issuer sends the browser back, which it does not go to. */
async function untilReturn(login: string, visitor = new Visitor()) {
  const { seen } = await signInAs(scene, login, { visitor, stopAt: callback() });
  expect(seen.url.startsWith(callback())).toBe(true);
  return { visitor, url: new URL(seen.url) };
}

/** Nothing is gained: no cookie, no session, and the issuer was not even asked. */
async function isRefused(visitor: Visitor, url: string, why = 'expired'): Promise<void> {
  const [before, askedBefore] = [await openSessions(), scene.issuer.asked.length];
  const seen = await visitor.visit(url);
  expect(refusalOf(seen.url)).toBe(why);
  expect(visitor.cookie(scene.api.url, 'aol_session')).toBeUndefined();
  expect(await openSessions()).toBe(before);
  if (why === 'expired') expect(scene.issuer.asked.length).toBe(askedBefore);
}

describe('the way back', () => {
  test.each([
    ['is missing', 'expired', (url: URL) => url.searchParams.delete('state')],
    ['is empty', 'expired', (url: URL) => url.searchParams.set('state', '')],
    ['is another', 'expired', (url: URL) => url.searchParams.set('state', 'A'.repeat(43))],
    ['stands there twice', 'failed', (url: URL) => url.searchParams.append('state', 'A'.repeat(43))],
  ])('a state that %s: %s', async (_, why, change) => {
    const { visitor, url } = await untilReturn('victim');
    change(url);
    await isRefused(visitor, url.href, why);
  });

  test('somebody else’s address does not sign a browser in that began nothing, or something of its own', async () => {
    const { url } = await untilReturn('attacker');
    await isRefused(new Visitor(), url.href);
    const { visitor } = await untilReturn('victim');
    await isRefused(visitor, url.href);
  });

  test('another person’s code under one’s own state is refused by the issuer: it belongs to another challenge', async () => {
    const stolen = await untilReturn('victim');
    const own = await untilReturn('attacker');
    own.url.searchParams.set('code', stolen.url.searchParams.get('code') ?? '');
    await isRefused(own.visitor, own.url.href, 'failed');
  });

  test('an address that was used is used up, also with the cookie that belonged to it', async () => {
    const { visitor, url } = await untilReturn('victim');
    const begun = visitor.cookie(scene.api.url, 'aol_sign_in') ?? '';
    await visitor.visit(url.href);
    expect(cookieOf(visitor, scene)).toHaveProperty('cookie');
    await isRefused(new Visitor(), url.href);
    const thief = new Visitor();
    thief.setCookie(scene.api.url, 'aol_sign_in', begun);
    await isRefused(thief, url.href, 'failed');
  });

  test('what another issuer sends is refused where the issuer names itself', async () => {
    const { visitor, url } = await untilReturn('victim');
    expect(url.searchParams.get('iss')).toBe(scene.issuer.url);
    url.searchParams.set('iss', 'https://evil.example');
    await isRefused(visitor, url.href, 'failed');
  });

  test('a flood of wrong ones is ended', async () => {
    const bounded = await createOidcScene({ maxWrongTokens: 3 });
    const statuses: number[] = [];
    for (let times = 0; times < 5; times += 1) {
      statuses.push((await bounded.api.call({ url: `${CALLBACK}?code=x&state=y` })).statusCode);
    }
    expect(statuses).toEqual([303, 303, 303, 429, 429]);
    await bounded.close();
  });
});

describe('a session', () => {
  test('has a cookie that the browser did not bring along, and the one that it had ends', async () => {
    const fixed = 'A'.repeat(43);
    const { visitor, url } = await untilReturn('victim');
    visitor.setCookie(scene.api.url, 'aol_session', fixed);
    await visitor.visit(url.href);
    expect(visitor.cookie(scene.api.url, 'aol_session')).not.toBe(fixed);
    const fixated = await scene.api.call({ url: '/v1/session', headers: { cookie: `aol_session=${fixed}` } });
    expect(fixated.statusCode).toBe(401);

    const before = cookieOf(visitor, scene);
    await signInAs(scene, 'victim', { visitor });
    expect(cookieOf(visitor, scene)).not.toEqual(before);
    expect((await scene.api.call({ url: '/v1/session', headers: before })).statusCode).toBe(401);
  });

  test('of a token too: signing in again ends the one that the browser had', async () => {
    const headers = { 'content-type': 'application/json' };
    const payload = JSON.stringify({ token: TOKENS.viewer });
    const signIn = (more: Record<string, string>) =>
      scene.api.call({ method: 'POST', url: '/v1/session', headers: { ...headers, ...more }, payload });
    const cookie = (await signIn({})).headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const second = await signIn({ cookie });
    expect(sessionSchema.parse(second.json())).toMatchObject({ actor: 'viewer' });
    expect((await scene.api.call({ url: '/v1/session', headers: { cookie } })).statusCode).toBe(401);
  });
});

describe('cookies', () => {
  test('of the way there: short-lived, of no script, sent from the issuer’s page and from no form of others', async () => {
    const answer = await scene.api.call({ url: '/v1/session/oidc' });
    const [setCookie = ''] = answer.headers['set-cookie'] ?? [];
    for (const part of ['aol_sign_in=', 'HttpOnly', 'SameSite=Lax', 'Path=/', 'Max-Age=600'])
      expect(setCookie).toContain(part);
    const address = new URL(answer.headers.location ?? '');
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const value = address.searchParams.get(name) ?? '';
      expect(value).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(setCookie).not.toContain(value);
    }
    expect(address.searchParams.get('code_challenge_method')).toBe('S256');
    expect(address.searchParams.get('response_type')).toBe('code');
  });

  test('behind TLS neither can be set by another host or a plain page', async () => {
    const { url, clientId, clientSecret } = scene.issuer;
    const oidc = { issuer: url, clientId, clientSecret, roles: [], publicUrl: 'https://aol.example' };
    const secure = await createTestApi({ behindTls: true, oidc });
    const answer = await secure.call({ url: '/v1/session/oidc' });
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^__Host-aol_sign_in=.*Secure/);
    const redirectUri = new URL(answer.headers.location ?? '').searchParams.get('redirect_uri');
    expect(redirectUri).toBe(`https://aol.example${CALLBACK}`);
    await secure.close();
  });
});

describe('where a browser is sent afterwards', () => {
  test.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    'https://evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/v1/session/oidc/sign-out',
    '/./v1/session/oidc',
    '',
    '/ä',
    `/${'a'.repeat(2_000)}`,
  ])('%j is no address of ours', (asked) => {
    expect(ownAddress(asked)).toBe('/');
  });

  test.each([
    '/',
    '/decisions',
    '/decisions?show=DLQ&lane=a',
    '/actions/019502a0-0000-7000-8000-000000000000',
    '/logs?q=//x',
  ])('%s is', (asked) => {
    expect(ownAddress(asked)).toBe(asked);
  });

  test('is asked again on the way back, whatever stands in the cookie', async () => {
    const { visitor, url } = await untilReturn('victim');
    const [secret = ''] = (visitor.cookie(scene.api.url, 'aol_sign_in') ?? '').split('.');
    const to = Buffer.from('//evil.example/').toString('base64url');
    visitor.setCookie(scene.api.url, 'aol_sign_in', `${secret}.${to}`);
    expect((await visitor.visit(url.href)).url).toBe(`${scene.api.url}/`);
  });
});
