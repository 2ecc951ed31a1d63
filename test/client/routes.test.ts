/** The client's methods, each against its route; and answers and payloads that it does not know. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AolClient } from '../../src/client/client.ts';
import { createTestApi, POST, type TestApi, TOKENS } from '../support/api.ts';
import { dead, unconfirmed } from '../support/settled.ts';

let api: TestApi;
let client: AolClient;
/** What the client has called: `GET /v1/actions`. */
const called: { readonly method: string; readonly path: string }[] = [];
beforeAll(async () => {
  api = await createTestApi();
  client = new AolClient({ baseUrl: `${api.url}/`, token: TOKENS.admin, fetch: recording });
});
afterAll(() => api.close());

const recording: typeof fetch = (input, init) => {
  called.push({ method: init?.method ?? 'GET', path: new URL(String(input)).pathname });
  return fetch(input, init);
};

describe('every method reaches its route', () => {
  test('actions', async () => {
    const action = await client.enqueue({ type: 'POST_SOCIAL', payload: POST, idempotencyKey: 'k' });
    expect(await client.enqueue({ type: 'POST_SOCIAL', payload: POST, idempotencyKey: 'k' })).toEqual(action);
    expect((await client.getAction(action.id)).id).toBe(action.id);
    expect((await client.listActions({ status: 'PENDING', limit: 1 })).items[0]?.id).toBe(action.id);
    expect((await client.getLogs(action.id)).items).toMatchObject([{ event: 'ENQUEUED' }]);
    await expect(client.getArtifact(action.id)).rejects.toMatchObject({ status: 404 });
    expect((await client.cancel(action.id, { reason: 'no' })).status).toBe('CANCELLED');
  });

  test('decisions and flags', async () => {
    const db = api.database.pool;
    expect((await client.replay(await dead(db), { reason: 'again' })).status).toBe('PENDING');
    expect((await client.resolve(await unconfirmed(db), { outcome: 'sent' })).status).toBe('SUCCESS');
    const ids = [await dead(db)];
    expect(await client.replayDeadLetters({ ids, dryRun: true })).toMatchObject({ matched: 1, changed: 0 });
    expect(await client.clearDeadLetters({ filter: { lane: 'default' } })).toMatchObject({ changed: 1 });
    expect((await client.getFlags('default')).flags.max_running).toMatchObject({ value: 100, inherited: true });
    const patch = { lane: 'default', flags: { max_running: 7 }, version: 0 };
    expect(await client.patchFlags(patch)).toMatchObject({ changed: ['max_running'] });
    await expect(client.patchFlags(patch)).rejects.toMatchObject({ code: 'AOL_VERSION_CONFLICT' });
  });

  test('files and autonomy', async () => {
    const bytes = new TextEncoder().encode('opening hours');
    const blob = await client.putBlob(bytes, 'text/plain');
    expect(blob).toMatchObject({ mediaType: 'text/plain', byteCount: bytes.length, width: null });
    expect(await client.getBlob(blob.sha256)).toEqual(bytes);
    const put = { lane: 'default', type: 'POST_SOCIAL', level: 'draft' } as const;
    expect(await client.setAutonomy(put)).toMatchObject(put);
    expect((await client.listAutonomy('default')).items).toMatchObject([put]);
    expect(await client.unsetAutonomy('default', 'POST_SOCIAL', 'it went well')).toEqual({ inForce: null });
    expect((await client.listAutonomy('default')).items).toEqual([]);
  });

  test('accounts and their budgets', async () => {
    const put = { scope: 'host', name: 'hooks.example', limits: [{ span: 'hour', limit: 10 }] } as const;
    const set = [{ scope: 'host', name: 'hooks.example', span: 'hour', unit: 'effects', limit: 10, used: 0 }];
    expect((await client.setBudget(put)).items).toMatchObject(set);
    expect((await client.listBudgets({ scope: 'host' })).items).toMatchObject(set);
    expect((await client.listAccounts()).items).toEqual([]);
    await expect(client.checkAccount('nobody')).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
  });

  test('notices', async () => {
    await api.database.pool.query(`INSERT INTO aol_notice_destinations (name) VALUES ('mailto:ops@example.com')`);
    expect(await client.testNotices()).toMatchObject({ destinations: ['mailto:ops@example.com'] });
    expect(await client.listNotices({ limit: 1 })).toMatchObject({ destinations: [{ waiting: 1 }], items: [] });
  });

  test('control, lanes, status, ticks', async () => {
    expect(await client.createLane('brand')).toEqual({ lane: 'brand', created: true });
    expect((await client.listLanes()).items).toEqual([{ lane: 'brand' }, { lane: 'default' }]);
    expect(await client.pause({ lane: 'brand' })).toMatchObject({ paused: true });
    expect((await client.getLane('brand')).flags.paused).toBe(true);
    expect(await client.resume({ lane: 'brand' })).toMatchObject({ paused: false });
    expect(await client.kill({ lane: 'brand' })).toMatchObject({ killed: true });
    expect(await client.start({ lane: 'brand' })).toMatchObject({ killed: false });
    expect((await client.status()).mode).toBe('PROOF');
    expect((await client.listTicks({ lane: 'default' })).total).toBe(0);
    expect((await client.readiness()).ready).toBe(true);
    expect((await client.getNext('brand')).why).toBe('no worker is running');
    expect(await client.alive()).toBe(true);
    expect(await client.metrics()).toContain('# TYPE aol_');
    expect(await client.openApi()).toMatchObject({ openapi: '3.1.0' });
  });

  test('batch, lists, comparisons', async () => {
    const good = { type: 'POST_SOCIAL', payload: POST };
    const { results } = await client.enqueueMany({ actions: [good, { ...good, type: 'NOTHING' }, good] });
    expect(results.map(({ status }) => status)).toEqual([201, 400, 201]);
    const keys = results.flatMap((result) => ('action' in result ? [result.action.idempotencyKey] : []));
    expect(new Set(keys).size).toBe(2);
    const list = await client.listActions({ status: ['PENDING', 'RUNNING'], mode: 'PROOF', q: keys[0] });
    expect(list.items.map(({ idempotencyKey }) => idempotencyKey)).toEqual([keys[0]]);
    const id = list.items[0]?.id ?? '';
    expect(await client.getLastApproved(id)).toHaveProperty('action');
    expect((await client.listLogs({ actionId: id, level: ['INFO', 'ERROR'] })).items).toMatchObject([
      { event: 'ENQUEUED' },
    ]);
    expect((await client.listAdapters()).items.map(({ type }) => type)).toContain('POST_SOCIAL');
  });

  test('approvals', async () => {
    const unknown = crypto.randomUUID();
    const sha256 = 'a'.repeat(64);
    await expect(client.approve(unknown, { sha256 })).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
    await expect(client.reject(unknown)).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
    const runAt = '2027-01-01T00:00:00Z';
    await expect(client.promote(unknown, { sha256, runAt })).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
    await expect(client.revise(unknown, { runAt })).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
    await expect(client.reschedule(unknown, { runAt })).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
    const wanted = client.requestChanges(unknown, { reason: 'a typo' });
    await expect(wanted).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
  });

  test('tokens: what is made works until it is revoked', async () => {
    const made = await client.createToken({ name: 'agent', role: 'agent', lanes: ['default'], types: ['POST_SOCIAL'] });
    const agent = new AolClient({ baseUrl: api.url, token: made.token });
    expect(await agent.session()).toEqual({
      actor: 'agent',
      role: 'agent',
      lanes: ['default'],
      types: ['POST_SOCIAL'],
      csrfToken: null,
      signOutUrl: null,
    });
    expect((await client.listTokens()).items).toMatchObject([{ id: made.id, name: 'agent', revokedAt: null }]);
    await client.revokeToken(made.id);
    await expect(agent.session()).rejects.toMatchObject({ status: 401 });
  });

  test('people', async () => {
    expect(await client.listPeople()).toMatchObject({ items: [], total: 0 });
    const unknown = crypto.randomUUID();
    await expect(client.disablePerson(unknown, { reason: 'left' })).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
    await expect(client.enablePerson(unknown)).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
  });

  test('a session: the cookie is the browser’s, its CSRF token goes along by itself', async () => {
    let cookie = '';
    const browser: typeof fetch = async (input, init) => {
      const own = { cookie, origin: api.url, 'sec-fetch-site': 'same-origin' };
      const response = await recording(input, {
        ...init,
        headers: { ...own, ...Object.fromEntries(new Headers(init?.headers)) },
      });
      for (const set of response.headers.getSetCookie()) cookie = set.split(';', 1)[0] ?? '';
      return response;
    };
    const page = new AolClient({ baseUrl: api.url, fetch: browser, credentials: 'same-origin' });
    expect(await page.signIn(TOKENS.operator)).toMatchObject({ role: 'operator', csrfToken: expect.any(String) });
    expect((await page.enqueue({ type: 'POST_SOCIAL', payload: POST })).createdBy).toBe('operator');
    const reloaded = new AolClient({ baseUrl: api.url, fetch: browser });
    await expect(reloaded.pause({ lane: 'default' })).rejects.toMatchObject({ code: 'AOL_FORBIDDEN' });
    await reloaded.session();
    expect(await reloaded.pause({ lane: 'default' })).toMatchObject({ paused: true });
    await reloaded.resume({ lane: 'default' });
    expect(await page.signInMethods()).toEqual({ oidc: null });
    const { items } = await page.listSessions();
    expect(items).toMatchObject([{ actor: 'operator', method: 'token', isCurrent: true }]);
    await page.endSession(items[0]?.id ?? '');
    await expect(reloaded.status()).rejects.toMatchObject({ status: 401 });
    await page.signIn(TOKENS.operator);
    await page.signOut();
    await expect(page.status()).rejects.toMatchObject({ status: 401 });
  });

  test('events: each row of the log once, over dropped connections', async () => {
    const drops = 5;
    const connections: AbortController[] = [];
    const dropping = new AolClient({
      baseUrl: api.url,
      token: TOKENS.viewer,
      fetch(input, init) {
        const connection = new AbortController();
        connections.push(connection);
        return recording(input, {
          ...init,
          signal: AbortSignal.any([connection.signal, ...(init?.signal ? [init.signal] : [])]),
        });
      },
    });
    const queued: string[] = [];
    const seen: (string | null)[] = [];
    for await (const event of dropping.events()) {
      // The audit of what was refused before is written when there is time.
      if (event.kind === 'log' && event.log.event === 'REFUSED') continue;
      if (event.kind === 'log') seen.push(event.log.actionId);
      if (event.kind === 'log' || (event.kind === 'ready' && queued.length === 0)) {
        if (queued.length === drops) break;
        // While nobody listens, too.
        connections.at(-1)?.abort();
        queued.push((await client.enqueue({ type: 'POST_SOCIAL', payload: POST })).id);
      }
    }
    expect(seen).toEqual(queued);
    expect(connections.length).toBeGreaterThan(drops);
  });

  test('many at once, and looking ahead', async () => {
    const action = { type: 'POST_SOCIAL', payload: POST, idempotencyKey: 'queued-once' } as const;
    const { action: queued, isNew } = await client.queue(action);
    expect([isNew, (await client.queue(action)).isNew]).toEqual([true, false]);
    expect(await client.cancelMany({ ids: [queued.id], dryRun: true })).toMatchObject({ matched: 1, changed: 0 });
    expect((await client.wait(queued.id, { timeoutMs: 50 })).status).toBe('PENDING');
    expect(await client.cancelMany({ filter: { q: 'queued-once' } })).toMatchObject({ changed: 1, remaining: 0 });
    expect((await client.wait(queued.id)).status).toBe('CANCELLED');
    const { results } = await client.decideApprovals({ reject: [{ id: queued.id }] });
    expect(results).toMatchObject([{ id: queued.id, status: 409, problem: { currentStatus: 'CANCELLED' } }]);
    expect(await client.listDeadLetterGroups({ lane: 'default' })).toEqual({ items: [], isComplete: true });
    const looked = await client.validate({ actions: [{ type: 'POST_SOCIAL', payload: POST }] });
    expect(looked.results).toMatchObject([{ ok: true, preview: { kind: 'post' } }]);
  }, 30_000);

  test('and there is no route without one', () => {
    const pattern = (url: string) => new RegExp(`^${url.replaceAll(/:[a-z0-9]+/gi, '[^/]+').replaceAll('.', '\\.')}$`);
    // Where browsers go to sign in, and come back.
    const isForBrowsers = (url: string) => url.startsWith('/v1/session/oidc');
    const isForPrograms = (url: string) =>
      /^\/(v1\/|healthz$|readyz$|metrics$|openapi\.json$)/.test(url) && !isForBrowsers(url);
    const missing = api.app.routeTable
      .filter(({ method, url }) => method !== 'HEAD' && isForPrograms(url))
      .filter(({ method, url }) => !called.some((call) => call.method === method && pattern(url).test(call.path)));
    expect(missing).toEqual([]);
  });
});

describe('words that are newer than the client', () => {
  test('pass', async () => {
    const { lane, flags } = await client.getFlags('default');
    const action = await client.enqueue({ type: 'POST_SOCIAL', payload: POST });
    const answers: Record<string, unknown> = {
      '/v1/session': { ...(await client.session()), role: 'auditor' },
      '/v1/control/flags': { lane, flags: { ...flags, quiet_hours: { ...flags.paused, value: '22-6' } } },
      '/v1/actions/x': { ...action, status: 'TRANSLATED', mode: 'DRY', tags: ['new'] },
    };
    const fetch = async (input: unknown) => Response.json(answers[new URL(String(input)).pathname]);
    const older = new AolClient({ baseUrl: 'http://newer', fetch });
    expect((await older.session()).role).toBe('auditor');
    expect((await older.getFlags('x')).flags).toHaveProperty('quiet_hours.value', '22-6');
    expect(await older.getAction('x')).toMatchObject({ status: 'TRANSLATED', mode: 'DRY' });
  });
});

test('types: a payload is of its action type; an unknown type takes any JSON object', () => {
  const never = () => {
    // @ts-expect-error there is no such platform
    void client.enqueue({ type: 'POST_SOCIAL', payload: { platform: 'myspace', content: 'x' } });
    // @ts-expect-error a webhook has an address
    void client.enqueueMany({ actions: [{ type: 'CALL_WEBHOOK', payload: { body: null } }] });
    // @ts-expect-error not JSON
    void client.enqueue({ type: 'RING_BELL', payload: { times: () => 1 } });
    void client.enqueue({ type: 'RING_BELL', payload: { times: 1 } });
  };
  expect(never).toBeInstanceOf(Function);
});
