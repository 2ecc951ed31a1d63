/** People sign in by OpenID Connect, at a real issuer. */

import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { type Person, personListSchema } from '../../src/contracts/http/person.ts';
import { sessionSchema } from '../../src/contracts/http/session.ts';
import { as, postRaw, TOKENS } from '../support/api.ts';
import { setFlag } from '../support/engine.ts';
import { databaseText } from '../support/everywhere.ts';
import { awaitingApproval, SHA } from '../support/settled.ts';
import { cookieOf, createOidcScene, type OidcScene, signInAs } from '../support/signing-in.ts';
import { Visitor } from '../support/visitor.ts';

let scene: OidcScene;
const logged: string[] = [];
const sink = new Writable({
  write(chunk: Buffer, _encoding, done) {
    logged.push(chunk.toString('utf8'));
    done();
  },
});
beforeAll(async () => {
  scene = await createOidcScene({ maxWrongTokens: 100_000, logger: pino({ level: 'debug' }, sink) });
});
afterAll(() => scene.close());

const known = (login: string, groups: readonly string[], more: object = {}) =>
  scene.issuer.people.set(login, { preferred_username: login, groups: [...groups], ...more });

async function sessionOf(visitor: Visitor) {
  const answer = await scene.api.call({ url: '/v1/session', headers: cookieOf(visitor, scene) });
  return answer.statusCode === 200 ? sessionSchema.parse(answer.json()) : undefined;
}

async function change(visitor: Visitor, url: string, body: object = {}) {
  const session = await sessionOf(visitor);
  const own = { origin: scene.api.url, 'sec-fetch-site': 'same-origin', 'x-csrf-token': session?.csrfToken ?? '' };
  return scene.api.call({
    method: 'POST',
    url,
    headers: { ...own, ...cookieOf(visitor, scene), 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  });
}

async function people(): Promise<Person[]> {
  const answer = await scene.api.call({ url: '/v1/people', headers: as('admin') });
  return personListSchema.parse(answer.json()).items;
}

async function setPerson(name: string, verb: 'disable' | 'enable') {
  const id = (await people()).find((person) => person.name === name)?.id;
  return postRaw(scene.api, `/v1/people/${id}/${verb}`, '{"reason":"holidays"}', as('admin'));
}

async function sayAllInIdToken(isSo: boolean): Promise<void> {
  await scene.issuer.stop();
  scene.issuer.saysAllInIdToken = isSo;
  await scene.issuer.start();
}

const refusalOf = (url: string) => new URL(url).searchParams.get('sign-in');

describe('who gets in', () => {
  test('a person of a group that is named, under the own name, with the group’s role, where they wanted to be', async () => {
    known('anna', ['approvers', 'others']);
    const { visitor, seen } = await signInAs(scene, 'anna', { to: '/decisions?show=DLQ' });
    expect(seen.url).toBe(`${scene.api.url}/decisions?show=DLQ`);
    expect(await sessionOf(visitor)).toEqual({
      actor: '@anna',
      role: 'approver',
      lanes: null,
      types: null,
      csrfToken: expect.stringMatching(/^.{32}$/),
      signOutUrl: '/v1/session/oidc/sign-out',
    });
    expect(await people()).toMatchObject([{ name: '@anna', subject: 'anna', role: 'approver', groups: ['approvers'] }]);
    // No state, no nonce and no code stay in the address, and no cookie of the way there.
    expect(visitor.cookie(scene.api.url, 'aol_sign_in')).toBeUndefined();
  });

  test('what they do stands in the log under their name, and nobody approves what they queued', async () => {
    known('otto', ['ops']);
    known('vera', ['approvers']);
    const db = scene.api.database.pool;
    const otto = (await signInAs(scene, 'otto')).visitor;
    const vera = (await signInAs(scene, 'vera')).visitor;
    await setFlag(db, 'approver_must_differ', true);
    const id = await awaitingApproval(db, {}, '@otto');
    const sha256 = SHA;
    const refused = await change(otto, `/v1/actions/${id}/approve`, { sha256 });
    expect([refused.statusCode, refused.json()]).toMatchObject([403, { code: 'AOL_FORBIDDEN' }]);
    const approved = await change(vera, `/v1/actions/${id}/approve`, { sha256 });
    expect(actionSchema.parse(approved.json())).toMatchObject({ approval: { by: '@vera' } });
    const logs = await scene.api.call({ url: '/v1/logs?actor=@vera', headers: as('viewer') });
    expect(logListSchema.parse(logs.json()).items.map(({ event }) => event)).toEqual(['APPROVED', 'SIGNED_IN']);
    await setFlag(db, 'approver_must_differ', false);
  });

  test('of several roles the one with the most rights; the role is read anew at each sign-in and holds for all sessions', async () => {
    known('rosa', ['readers', 'owners', 'ops']);
    const first = (await signInAs(scene, 'rosa')).visitor;
    expect(await sessionOf(first)).toMatchObject({ role: 'admin' });
    known('rosa', ['readers']);
    const second = (await signInAs(scene, 'rosa')).visitor;
    for (const visitor of [first, second]) expect(await sessionOf(visitor)).toMatchObject({ role: 'viewer' });
    expect((await change(first, '/v1/control/pause')).statusCode).toBe(403);
  });

  test('groups may stand in the ID token, and under the name of roles', async () => {
    await sayAllInIdToken(true);
    scene.issuer.people.set('idris', { email: 'Idris@Example.com', email_verified: true, roles: 'ops' });
    const { visitor } = await signInAs(scene, 'idris');
    expect(await sessionOf(visitor)).toMatchObject({ actor: 'idris@example.com', role: 'operator' });
    await sayAllInIdToken(false);
  });

  test('who is in no named group gets no session, a page that says why, and a row of the audit', async () => {
    known('nina', ['others']);
    const { visitor, seen } = await signInAs(scene, 'nina');
    expect(refusalOf(seen.url)).toBe('no_role');
    expect(await sessionOf(visitor)).toBeUndefined();
    expect((await people()).map(({ name }) => name)).not.toContain('@nina');
    await scene.api.audit.flush();
    const logs = await scene.api.call({ url: '/v1/logs?event=REFUSED&actor=@nina', headers: as('viewer') });
    expect(logListSchema.parse(logs.json()).items).toHaveLength(1);
  });

  test('who loses the last group loses the open sessions with it, and they stay ended', async () => {
    known('lena', ['ops']);
    const before = (await signInAs(scene, 'lena')).visitor;
    known('lena', []);
    expect(refusalOf((await signInAs(scene, 'lena')).seen.url)).toBe('no_role');
    expect(await sessionOf(before)).toBeUndefined();
    known('lena', ['ops']);
    expect(await sessionOf((await signInAs(scene, 'lena')).visitor)).toMatchObject({ role: 'operator' });
    expect(await sessionOf(before)).toBeUndefined();
  });

  test('who says no at the issuer comes back to a page that says so', async () => {
    expect(refusalOf((await signInAs(scene, 'nobody')).seen.url)).toBe('denied');
  });
});

describe('names', () => {
  test('one is given once and stays; the second of a name is told apart; no token can have one', async () => {
    scene.issuer.people.set('subject-1', { preferred_username: 'Sam', groups: ['ops'] });
    scene.issuer.people.set('subject-2', { preferred_username: 'sam', groups: ['ops'] });
    expect(await sessionOf((await signInAs(scene, 'subject-1')).visitor)).toMatchObject({ actor: '@sam' });
    expect(await sessionOf((await signInAs(scene, 'subject-2')).visitor)).toMatchObject({ actor: '@sam#2' });
    // Else whoever changes their user name could approve what they queued.
    scene.issuer.people.set('subject-1', { preferred_username: 'other', groups: ['ops'] });
    expect(await sessionOf((await signInAs(scene, 'subject-1')).visitor)).toMatchObject({ actor: '@sam' });
    const token = await postRaw(scene.api, '/v1/tokens', '{"name":"@sam","role":"viewer"}', as('admin'));
    expect(token.statusCode).toBe(400);
    const taken = scene.api.database.pool.query("UPDATE aol_people SET name = '@anna2' WHERE name = '@sam'");
    await expect(taken).rejects.toMatchObject({ code: 'AOL09' });
  });

  test('two first sign-ins of one person at once make one person', async () => {
    known('twin', ['readers']);
    const visitors = await Promise.all([signInAs(scene, 'twin'), signInAs(scene, 'twin'), signInAs(scene, 'twin')]);
    for (const { visitor } of visitors) expect(await sessionOf(visitor)).toMatchObject({ actor: '@twin' });
  });

  test('an address counts only where the issuer has verified it, and signs are no names', async () => {
    scene.issuer.people.set('unverified', { email: 'boss@example.com', email_verified: false, groups: ['readers'] });
    scene.issuer.people.set('signs', { preferred_username: 'admin\u202e', groups: ['readers'] });
    const names = [];
    for (const login of ['unverified', 'signs']) {
      names.push((await sessionOf((await signInAs(scene, login)).visitor))?.actor);
    }
    expect(names).toEqual(['@person', '@person#2']);
  });
});

describe('shutting out', () => {
  test('ends all sessions at once and keeps new ones away; letting in again begins anew', async () => {
    known('mila', ['owners']);
    const [one, two] = [(await signInAs(scene, 'mila')).visitor, (await signInAs(scene, 'mila')).visitor];
    const disabled = await setPerson('@mila', 'disable');
    expect([disabled.statusCode, disabled.json()]).toMatchObject([200, { disabledBy: 'admin', role: 'admin' }]);
    expect((await setPerson('@mila', 'disable')).statusCode).toBe(200);
    for (const visitor of [one, two]) expect(await sessionOf(visitor)).toBeUndefined();
    expect(refusalOf((await signInAs(scene, 'mila')).seen.url)).toBe('disabled');
    expect((await setPerson('@mila', 'enable')).json()).toMatchObject({ disabledAt: null });
    expect(await sessionOf(one)).toBeUndefined();
    expect(await sessionOf((await signInAs(scene, 'mila')).visitor)).toMatchObject({ actor: '@mila' });
    const logs = await scene.api.call({ url: '/v1/logs?event=PERSON_CHANGED', headers: as('viewer') });
    expect(logListSchema.parse(logs.json()).items.map(({ actor, message }) => `${actor}: ${message}`)).toEqual([
      'admin: @mila is let in again: holidays',
      'admin: @mila is shut out: holidays',
    ]);
  });
});

describe('the issuer', () => {
  test('gone: a page says so, sessions go on, kill is pressed by them and by tokens', async () => {
    known('olga', ['ops']);
    const { visitor } = await signInAs(scene, 'olga');
    await scene.issuer.stop();
    // What was learned of the issuer a moment ago still sends people there; here is a server that knows nothing of it yet.
    const fresh = await createOidcScene();
    await fresh.issuer.stop();
    const seen = await new Visitor().visit(`${fresh.api.url}/v1/session/oidc`);
    expect(refusalOf(seen.url)).toBe('issuer_away');
    await fresh.close();
    expect((await change(visitor, '/v1/control/kill', { reason: 'the issuer is gone' })).statusCode).toBe(200);
    expect((await postRaw(scene.api, '/v1/control/start', '{}')).statusCode).toBe(200);
    const byToken = await postRaw(scene.api, '/v1/session', JSON.stringify({ token: TOKENS.operator }));
    expect(byToken.statusCode).toBe(200);
    await scene.issuer.start();
  });

  test('gone at a sign-out: a page says that one is still signed in there, and the log has a warning', async () => {
    const fresh = await createOidcScene({ logger: pino({ level: 'warn' }, sink) });
    await fresh.issuer.stop();
    const seen = await new Visitor().visit(`${fresh.api.url}/v1/session/oidc/sign-out`);
    expect(refusalOf(seen.url)).toBe('signed_in_there');
    expect(logged.filter((line) => line.includes('could not at the issuer'))).toHaveLength(1);
    await fresh.close();
  });

  test('gone or broken between there and back: a page says so', async () => {
    known('petra', ['ops']);
    const { seen, visitor } = await signInAs(scene, 'petra', { stopAt: `${scene.api.url}/v1/session/oidc/callback` });
    scene.issuer.brokenWith = 502;
    expect(refusalOf((await visitor.visit(seen.url)).url)).toBe('issuer_away');
    scene.issuer.brokenWith = undefined;
  });

  test('another key: the next sign-in is as good as those before', async () => {
    known('karla', ['ops']);
    for (let times = 0; times < 3; times += 1) {
      expect(await sessionOf((await signInAs(scene, 'karla')).visitor)).toMatchObject({ actor: '@karla' });
      await scene.issuer.stop();
      await scene.issuer.start();
    }
  });

  test('a clock that is ahead of ours by less than a minute counts, by more it does not', async () => {
    await sayAllInIdToken(true);
    for (const [aheadSeconds, refusal] of [
      [45, null],
      [90, 'failed'],
    ] as const) {
      known('tilda', ['ops'], { nbf: Math.floor(Date.now() / 1_000) + aheadSeconds });
      expect(refusalOf((await signInAs(scene, 'tilda')).seen.url)).toBe(refusal);
    }
    await sayAllInIdToken(false);
  });

  test('another issuer’s person has no session, nor has anybody where people do not sign in any more', async () => {
    known('paul', ['owners']);
    const { visitor } = await signInAs(scene, 'paul');
    const other = await createOidcScene({ database: scene.api.database.pool });
    const headers = cookieOf(visitor, scene);
    expect((await other.api.call({ url: '/v1/session', headers })).statusCode).toBe(401);
    await other.close();
    const none = await createOidcScene({ database: scene.api.database.pool, oidc: undefined });
    expect((await none.api.call({ url: '/v1/session', headers })).statusCode).toBe(401);
    expect((await none.api.call({ url: '/v1/session/oidc' })).statusCode).toBe(404);
    await none.close();
    expect(await sessionOf(visitor)).toMatchObject({ actor: '@paul' });
  });

  test('its secrets and codes are in no row and no line of the log', async () => {
    known('ida', ['ops']);
    const { visitor } = await signInAs(scene, 'ida');
    const rows = await databaseText(scene.api.database.pool);
    const codes = visitor.visited.flatMap((url) => new URL(url).searchParams.get('code') ?? []);
    expect(codes).toHaveLength(1);
    expect(logged.join()).toContain('/v1/session/oidc/callback');
    for (const secret of [
      ...codes,
      scene.issuer.clientSecret,
      visitor.cookie(scene.api.url, 'aol_session') ?? 'none',
    ]) {
      expect(rows).not.toContain(secret);
      expect(logged.join()).not.toContain(secret);
    }
  });
});

test('signing out ends the session in the database, and the browser goes on to the issuer’s own page for it', async () => {
  known('hugo', ['ops']);
  const { visitor } = await signInAs(scene, 'hugo');
  const session = await sessionOf(visitor);
  const headers = {
    ...cookieOf(visitor, scene),
    origin: scene.api.url,
    'sec-fetch-site': 'same-origin',
    'x-csrf-token': session?.csrfToken ?? '',
  };
  expect((await scene.api.call({ method: 'DELETE', url: '/v1/session', headers })).statusCode).toBe(204);
  expect((await scene.api.call({ url: '/v1/session', headers })).statusCode).toBe(401);
  const page = await visitor.visit(scene.api.url + (session?.signOutUrl ?? ''));
  expect(page.status).toBe(200);
  expect(page.url).toMatch(new RegExp(`^${scene.issuer.url}/session/end\\?`));
  expect(new URL(page.url).searchParams.get('post_logout_redirect_uri')).toBe(`${scene.api.url}/`);
});
