import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AolApiError, AolClient, AolInsecureAddressError, AolUnreachableError } from '../src/client/client.ts';
import { createTestApi, POST, type TestApi, TOKENS } from './support/api.ts';
import { dead, unconfirmed } from './support/settled.ts';

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
  });

  test('accounts and their budgets', async () => {
    expect(await client.setBudget('webhook:hooks.example', { perHour: 10 })).toMatchObject({ budget: { perHour: 10 } });
    expect((await client.listAccounts()).items.map(({ name }) => name)).toEqual(['webhook:hooks.example']);
    await expect(client.checkAccount('nobody')).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
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
    await expect(client.promote(unknown, { sha256 })).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
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
    });
    expect((await client.listTokens()).items).toMatchObject([{ id: made.id, name: 'agent', revokedAt: null }]);
    await client.revokeToken(made.id);
    await expect(agent.session()).rejects.toMatchObject({ status: 401 });
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
    await reloaded.signOut();
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

  test('and there is no route without one', () => {
    const pattern = (url: string) => new RegExp(`^${url.replaceAll(/:[a-z0-9]+/gi, '[^/]+').replaceAll('.', '\\.')}$`);
    const isForPrograms = (url: string) => /^\/(v1\/|healthz$|readyz$|metrics$|openapi\.json$)/.test(url);
    const missing = api.app.routeTable
      .filter(({ method, url }) => method !== 'HEAD' && isForPrograms(url))
      .filter(({ method, url }) => !called.some((call) => call.method === method && pattern(url).test(call.path)));
    expect(missing).toEqual([]);
  });
});

describe('errors', () => {
  test('a refusal carries the problem', async () => {
    const type: string = 'POST_SOCIAL';
    const refused = client.enqueue({ type, payload: { platform: 'bluesky' } });
    await expect(refused).rejects.toBeInstanceOf(AolApiError);
    await expect(refused).rejects.toMatchObject({
      status: 422,
      code: 'AOL_UNPROCESSABLE',
      problem: { errors: [{ field: 'payload.content' }] },
    });
  });

  test('no answer is another error', async () => {
    const nobody = new AolClient({ baseUrl: 'http://127.0.0.1:9', maxTries: 1 });
    await expect(nobody.status()).rejects.toBeInstanceOf(AolUnreachableError);
  });

  test.each(['cut', 'late'])('a body that is %s is no answer, and a repeatable enqueue is repeated', async (how) => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let sent = '';
      request.setEncoding('utf8');
      request.on('data', (text: string) => {
        sent += text;
      });
      request.on('end', () => {
        bodies.push(sent);
        response.writeHead(201, { 'content-type': 'application/json' });
        response.write('{"id":');
        if (how === 'cut') setImmediate(() => response.destroy());
      });
    });
    const baseUrl = await listening(server);
    const broken = new AolClient({ baseUrl, timeoutMs: 300, maxTries: 2 });
    await expect(broken.enqueue({ type: 'POST_SOCIAL', payload: POST })).rejects.toBeInstanceOf(AolUnreachableError);
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
    await expect(broken.cancel('x')).rejects.toBeInstanceOf(AolUnreachableError);
    expect(bodies).toHaveLength(3);
    server.closeAllConnections();
    server.close();
  });

  test('a call that cannot be written down fails at once, as what it is', async () => {
    const { client: never, calls } = clientThat(() => new Response('{}'));
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const body = JSON.parse('{}');
    body.self = circle;
    await expect(never.enqueue({ type: 'RING', payload: body })).rejects.toBeInstanceOf(TypeError);
    expect(calls).toEqual([]);
  });

  test('an answer that is not the server’s own is said to be so', async () => {
    const proxied = (status: number) => clientThat(() => new Response('<html>', { status })).client.status();
    await expect(proxied(200)).rejects.toMatchObject({ code: 'AOL_UNEXPECTED_ANSWER', status: 200 });
    await expect(proxied(502)).rejects.toMatchObject({ code: 'AOL_UNEXPECTED_ANSWER', status: 502 });
  });
});

describe('a token', () => {
  const token = 'x'.repeat(40);
  const hosts = ['aol.example', '10.0.0.5', '127.0.0.1.aol.example', '0.0.0.0', 'localhost.'];

  test.each(hosts)('does not go to http://%s', async (host) => {
    const sent: unknown[] = [];
    const fetch = (url: unknown) => {
      sent.push(url);
      return Promise.reject(new TypeError('fetch failed'));
    };
    const baseUrl = `http://${host}:8321`;
    const insecure = { name: 'AolInsecureAddressError', code: 'AOL_INSECURE_ADDRESS', url: baseUrl };
    const connect = () => new AolClient({ baseUrl, token, fetch });
    expect(connect).toThrow(AolInsecureAddressError);
    expect(connect).toThrow(/is not on this machine.*https only/);
    await expect(new AolClient({ baseUrl, fetch }).signIn(token)).rejects.toMatchObject(insecure);
    expect(sent).toEqual([]);
  });

  test.each(['https://aol.example', 'http://127.0.0.1:1', 'http://[::1]:1', 'http://localhost:1'])(
    'goes to %s',
    async (baseUrl) => {
      const headers: unknown[] = [];
      const fetch = (_url: unknown, init?: RequestInit) => {
        headers.push(new Headers(init?.headers).get('authorization'));
        return Promise.resolve(Response.json({ alive: true }));
      };
      expect(await new AolClient({ baseUrl, token, fetch }).alive()).toBe(true);
      expect(headers).toEqual([`Bearer ${token}`]);
    },
  );
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

describe('repeating', () => {
  test('an enqueue is repeated under the same key, after what Retry-After says', async () => {
    const { client: flaky, calls } = clientThat((tries) => {
      if (tries === 1) throw new TypeError('fetch failed');
      return new Response('{}', { status: tries === 2 ? 503 : 200, headers: { 'retry-after': '0' } });
    });
    await expect(flaky.enqueue({ type: 'POST_SOCIAL', payload: POST })).rejects.toMatchObject({ status: 200 });
    expect(calls).toHaveLength(3);
    expect(new Set(calls).size).toBe(1);
    expect(JSON.parse(calls[0] ?? '')).toMatchObject({ idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  test.each([503, 429, 502, 504])(
    '%i: what is safe is repeated, and the rest is not; repeats are bounded',
    async (status) => {
      const away = () => new Response('{}', { status, headers: { 'retry-after': '0' } });
      const tried = async (use: (client: AolClient) => Promise<unknown>) => {
        const { client: refused, calls } = clientThat(away);
        await expect(use(refused)).rejects.toMatchObject({ status });
        return calls.length;
      };
      expect(await tried((c) => c.kill())).toBe(4);
      expect(await tried((c) => c.status())).toBe(4);
      expect(await tried((c) => c.resume())).toBe(1);
      expect(await tried((c) => c.cancel('x'))).toBe(1);
      expect(await tried((c) => c.enqueueMany({ actions: [{ type: 'POST_SOCIAL', payload: POST }] }))).toBe(4);
      expect(await tried((c) => c.promote('x', { sha256: 'a'.repeat(64) }))).toBe(4);
      expect(await tried((c) => c.revokeToken('x'))).toBe(4);
      expect(await tried((c) => c.approve('x', { sha256: 'a'.repeat(64) }))).toBe(1);
      expect(await tried((c) => c.resolve('x', { outcome: 'sent' }))).toBe(1);
      expect(await tried((c) => c.createToken({ name: 'x', role: 'viewer' }))).toBe(1);
      expect(await tried((c) => c.patchFlags({ flags: { paused: true } }))).toBe(1);
    },
  );
});

/** A client whose server is a function of the number of the try. */
function clientThat(answer: (tries: number) => Response): { client: AolClient; calls: string[] } {
  const calls: string[] = [];
  const fetch = (_url: unknown, init?: RequestInit): Promise<Response> => {
    calls.push(String(init?.body));
    return Promise.resolve().then(() => answer(calls.length));
  };
  return { client: new AolClient({ baseUrl: 'http://test', fetch }), calls };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}
