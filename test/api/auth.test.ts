import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fastify from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { pino } from 'pino';
import { ROUTE_RIGHTS } from '../../src/api/access/route-rights.ts';
import { allowedHostNames } from '../../src/api/access/security.ts';
import { createApi } from '../../src/api/app.ts';
import { collectRoutes, type DeclaredRoute } from '../../src/api/describe/route-table.ts';
import { toProblem } from '../../src/api/plugins/problems.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import {
  ArtifactError,
  ConfigurationError,
  LeaseLostError,
  PayloadKeyError,
  UnavailableError,
  UnknownTypeError,
} from '../../src/domain/errors.ts';
import { ROLES } from '../../src/domain/roles.ts';
import { as, createTestApi, namedToken, type TestApi, TOKENS } from '../support/api.ts';
import { proved } from '../support/settled.ts';
import { until } from '../support/until.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi({ maxWrongTokens: 100_000 });
});
afterAll(() => api.close());

const INSIDE = 'SELECT secret FROM aol_actions at /srv/aol/src/db/pool.ts:1 on 10.0.0.7';
const ID = '019502a0-0000-7000-8000-000000000000';

function urlOf(route: DeclaredRoute): string {
  return route.url.replace(':id', ID).replace(':lane', 'matrix');
}

function visit(route: DeclaredRoute, headers: Record<string, string> = {}) {
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(route.method);
  const type = hasBody ? { 'content-type': 'application/json' } : {};
  return api.call({
    method: route.method,
    url: urlOf(route),
    headers: { ...type, ...headers },
    payload: hasBody ? '{}' : undefined,
    headersOnly: route.url === '/v1/events',
  });
}

const protectedRoutes = () => api.app.routeTable.filter((route) => route.right !== 'public');

describe('every route of the table', () => {
  test('the table holds the contract, and only these are public', () => {
    const names = api.app.routeTable.map((route) => `${route.method} ${route.url}`);
    expect(names).toEqual(
      expect.arrayContaining([
        'POST /v1/actions',
        'POST /v1/actions/:id/replay',
        'POST /v1/actions/:id/resolve',
        'POST /v1/dlq/replay',
        'POST /v1/dlq/clear',
        'POST /v1/control/kill',
        'GET /v1/control/flags',
        'PATCH /v1/control/flags',
        'GET /v1/status',
        'PUT /v1/lanes/:lane',
      ]),
    );
    const open = api.app.routeTable.filter((route) => route.right === 'public').map((route) => route.url);
    expect([...new Set(open)].sort()).toEqual([
      '/',
      '/healthz',
      '/readyz',
      '/v1/session',
      '/v1/session/methods',
      '/v1/session/oidc',
      '/v1/session/oidc/callback',
      '/v1/session/oidc/sign-out',
    ]);
  });

  test('without a token, or with a wrong one: 401', async () => {
    for (const route of protectedRoutes()) {
      const wrong = ['', 'Bearer', 'Bearer wrong', `Basic ${TOKENS.admin}`, `Bearer ${TOKENS.admin}x`, TOKENS.admin];
      for (const authorization of wrong) {
        const answer = await visit(route, authorization === '' ? {} : { authorization });
        expect([route.url, answer.statusCode]).toEqual([route.url, 401]);
        expect(answer.headers['www-authenticate']).toContain('Bearer');
      }
    }
  });

  test('each role may exactly what the table of the contract says: every role, every route', async () => {
    const headers = {
      viewer: as('viewer'),
      agent: await namedToken(api, { name: 'an-agent', role: 'agent' }),
      approver: await namedToken(api, { name: 'an-approver', role: 'approver' }),
      operator: as('operator'),
      admin: as('admin'),
    };
    const answered: Record<string, string> = {};
    for (const route of protectedRoutes().filter(({ method }) => method !== 'HEAD')) {
      const allowed: string[] = [];
      for (const role of ROLES) {
        const { statusCode } = await visit(route, headers[role]);
        expect([route.url, role, statusCode]).not.toEqual([route.url, role, 401]);
        expect(statusCode).toBeLessThan(500);
        if (statusCode !== 403) allowed.push(role);
      }
      answered[`${route.method} ${route.url}`] = allowed.join(' ');
    }
    expect(answered).toEqual(WHO_MAY);
  });

  test('HEAD is as GET; and the table of rights has no entry without a route', () => {
    for (const { method, url, right } of api.app.routeTable) {
      if (method === 'HEAD') expect([url, right]).toEqual([url, ROUTE_RIGHTS[`GET ${url}`]]);
    }
    const declared = new Set(api.app.routeTable.map(({ method, url }) => `${method} ${url}`));
    // The page's addresses are declared where the page was built.
    const page =
      /^GET \/(actions|calendar|decisions|ticks|logs|accounts|adapters|settings|enqueue|assets)(\/:[a-z]+)?$/u;
    expect(Object.keys(ROUTE_RIGHTS).filter((name) => !declared.has(name) && !page.test(name))).toEqual([]);
  });
});

const EVERYBODY = 'viewer agent approver operator admin';
const OPERATORS = 'operator admin';
const APPROVERS = 'approver operator admin';
const QUEUERS = 'agent operator admin';
const STOPPERS = 'agent approver operator admin';

/** Who may call what, as the contract has it. An agent queues, looks, cancels, stops, and nothing else. */
const WHO_MAY: Readonly<Record<string, string>> = {
  'GET /openapi.json': EVERYBODY,
  'GET /docs': EVERYBODY,
  'GET /metrics': EVERYBODY,
  'GET /v1/session': EVERYBODY,
  'DELETE /v1/session': EVERYBODY,
  'GET /v1/sessions': EVERYBODY,
  'DELETE /v1/sessions/:id': EVERYBODY,
  'GET /v1/actions': EVERYBODY,
  'GET /v1/actions/:id': EVERYBODY,
  'GET /v1/actions/:id/logs': EVERYBODY,
  'GET /v1/actions/:id/artifact': EVERYBODY,
  'GET /v1/actions/:id/last-approved': EVERYBODY,
  'GET /v1/accounts': EVERYBODY,
  'GET /v1/notices': EVERYBODY,
  'GET /v1/adapters': EVERYBODY,
  'GET /v1/autonomy': EVERYBODY,
  'GET /v1/budgets': EVERYBODY,
  'GET /v1/blobs/:sha256': EVERYBODY,
  'GET /v1/control/flags': EVERYBODY,
  'GET /v1/dlq/groups': EVERYBODY,
  'GET /v1/events': EVERYBODY,
  'GET /v1/lanes': EVERYBODY,
  'GET /v1/lanes/:lane': EVERYBODY,
  'GET /v1/lanes/:lane/next': EVERYBODY,
  'GET /v1/logs': EVERYBODY,
  'GET /v1/status': EVERYBODY,
  'GET /v1/ticks': EVERYBODY,
  'POST /v1/actions/validate': EVERYBODY,
  'POST /v1/actions': QUEUERS,
  'POST /v1/actions/batch': QUEUERS,
  'PUT /v1/blobs': QUEUERS,
  'POST /v1/actions/:id/cancel': QUEUERS,
  'POST /v1/actions/cancel': QUEUERS,
  'POST /v1/control/pause': STOPPERS,
  'POST /v1/control/kill': STOPPERS,
  'POST /v1/actions/:id/approve': APPROVERS,
  'POST /v1/approvals': APPROVERS,
  'POST /v1/actions/:id/reject': APPROVERS,
  'POST /v1/actions/:id/promote': APPROVERS,
  'POST /v1/actions/:id/revise': APPROVERS,
  'POST /v1/actions/:id/reschedule': APPROVERS,
  'POST /v1/actions/:id/request-changes': APPROVERS,
  'POST /v1/actions/:id/replay': OPERATORS,
  'POST /v1/actions/:id/resolve': OPERATORS,
  'POST /v1/dlq/replay': OPERATORS,
  'POST /v1/dlq/clear': OPERATORS,
  'POST /v1/control/resume': OPERATORS,
  'POST /v1/control/start': OPERATORS,
  'PATCH /v1/control/flags': OPERATORS,
  'POST /v1/accounts/:name/check': OPERATORS,
  'POST /v1/notices/test': OPERATORS,
  'PUT /v1/autonomy': OPERATORS,
  'DELETE /v1/autonomy/:lane/:type': OPERATORS,
  'PUT /v1/budgets': OPERATORS,
  'PUT /v1/lanes/:lane': 'admin',
  'GET /v1/people': 'admin',
  'POST /v1/people/:id/disable': 'admin',
  'POST /v1/people/:id/enable': 'admin',
  'GET /v1/tokens': 'admin',
  'POST /v1/tokens': 'admin',
  'DELETE /v1/tokens/:id': 'admin',
};

test('a route without an entry in the table of rights stops the start', () => {
  const app = fastify().withTypeProvider<ZodTypeProvider>();
  const table = collectRoutes(app);
  app.get('/healthz', () => 'x');
  expect(table.map(({ method, right }) => `${method} ${right}`)).toEqual(['GET public', 'HEAD public']);
  expect(() => app.get('/forgotten', () => 'x')).toThrow('the route GET /forgotten has no entry in ROUTE_RIGHTS');
});

test('tokens must be there and differ', async () => {
  const { database, artifacts } = api;
  const ports = {
    database: database.pool,
    artifacts: { get: (uri: string) => Promise.resolve(artifacts.get(uri) ?? Buffer.alloc(0)) },
    waker: { wake: () => undefined, signalControl: () => undefined },
    temporal: { health: () => Promise.resolve({ ok: true, detail: '', latencyMs: 0 }), link: () => null },
    contracts: [],
  };
  await expect(createApi({ ...ports, tokens: { ...TOKENS, viewer: '' } })).rejects.toThrow(/AOL_VIEWER_TOKEN/);
  await expect(createApi({ ...ports, tokens: { ...TOKENS, viewer: TOKENS.admin } })).rejects.toThrow(/differ/);
});

describe('the rest of the border', () => {
  test('a foreign host name is refused (DNS rebinding)', async () => {
    for (const host of ['evil.example', 'evil.example:8321', '127.0.0.1.evil.example', '10.0.0.1']) {
      const answer = await api.call({ url: '/v1/status', headers: { ...as('admin'), host } });
      expect([host, answer.statusCode]).toEqual([host, 403]);
    }
    for (const host of ['localhost:1', '127.0.0.1', 'LOCALHOST']) {
      expect((await api.call({ url: '/healthz', headers: { host } })).statusCode).toBe(200);
    }
  });

  test('only a server for this machine checks its name', () => {
    expect(allowedHostNames('127.0.0.1')).toContain('localhost');
    expect(allowedHostNames('::1')).toContain('[::1]');
    expect(allowedHostNames('0.0.0.0')).toBeUndefined();
    expect(allowedHostNames('127.0.0.1', 'https://aol.example/')).toContain('aol.example');
    expect(allowedHostNames('127.0.0.1')).not.toContain('aol.example');
  });

  test('security headers stand on answers and on problems', async () => {
    for (const url of ['/healthz', '/v1/status', '/nothing']) {
      const { headers } = await api.call({ url });
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      expect(headers).not.toHaveProperty('strict-transport-security');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('a failure of ours says nothing of our insides but a number that the log knows', async () => {
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString('utf8'));
        done();
      },
    });
    const broken = await createTestApi({
      logger: pino({ level: 'error' }, sink),
      artifacts: { get: () => Promise.reject(new Error(INSIDE)) },
    });
    const id = await proved(broken.database.pool);
    const answer = await broken.call({ url: `/v1/actions/${id}/artifact`, headers: as('viewer') });
    expect(answer.statusCode).toBe(500);
    const { instance, ...problem } = problemSchema.parse(answer.json());
    expect(problem).toEqual({
      type: 'urn:aol:error:AOL_INTERNAL',
      title: 'Internal Server Error',
      status: 500,
      detail: 'something failed; the server log knows this instance',
      code: 'AOL_INTERNAL',
    });
    await broken.close();
    expect(lines.join()).toContain(INSIDE);
    expect(lines.join()).toContain(instance);
  });

  test.each([
    ['an error of a library', Object.assign(new TypeError(INSIDE), { statusCode: 500, detail: INSIDE })],
    ['a thrown text', INSIDE],
    ['a broken artifact', new ArtifactError(INSIDE, { cause: new Error(INSIDE) })],
    ['a wrong setting', new ConfigurationError('DATABASE_URL', INSIDE)],
    ['a key that is missing', new PayloadKeyError(INSIDE)],
    ['a lease that is lost', new LeaseLostError(INSIDE)],
    ['a type that no worker knows', new UnknownTypeError(INSIDE)],
    ['a server that is away', new UnavailableError('temporal', INSIDE, { cause: new Error(INSIDE) })],
  ])('what is told of %s is a sentence that knows nothing of its message', (_name, error) => {
    const told = toProblem(error, 'the-instance');
    expect(told.status).toBeGreaterThanOrEqual(500);
    expect(told.instance).toBe('the-instance');
    expect(JSON.stringify(told)).not.toMatch(/secret|aol_actions|\/srv|10\.0\.0\.7|DATABASE_URL/);
  });

  test('unknown addresses are 404, known ones with another method 405', async () => {
    const unknown = await api.call({ url: '/v1/nothing' });
    expect([unknown.statusCode, unknown.json()]).toMatchObject([404, { code: 'AOL_NOT_FOUND' }]);
    const other = await api.call({ method: 'DELETE', url: `/v1/actions/${ID}` });
    expect(other.statusCode).toBe(405);
    expect(other.headers.allow).toBe('GET, HEAD');
    expect(other.json()).toMatchObject({ status: 405, code: 'AOL_METHOD_NOT_ALLOWED' });
    // An address of its own is not an action's, and a method that few know is no reason to look at the body.
    for (const method of ['GET', 'QUERY', 'OPTIONS', 'TRACE']) {
      const answer = await api.call({ method, url: '/v1/actions/batch', headers: as('viewer') });
      expect([method, answer.statusCode, answer.headers.allow]).toEqual([method, 405, 'POST']);
    }
  });

  test('an address that cannot be decoded is a problem too', async () => {
    const answer = await api.call({ url: '/v1/actions/%E0%A4%A', headers: as('viewer') });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  test('the description lists every route', async () => {
    const answer = await api.call({ url: '/openapi.json', headers: as('viewer') });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      openapi: '3.1.0',
      paths: { '/v1/actions': {}, '/v1/actions/{id}/artifact': {} },
    });
  });
});

test('a page that opens and asks who is signed in is no refusal; a wrong token is one', async () => {
  const own = await createTestApi();
  const refusals = async () => {
    const answer = await own.call({ url: '/v1/logs?event=REFUSED', headers: as('viewer') });
    return logListSchema.parse(answer.json()).items.map(({ message }) => message);
  };
  const asksWho = (headers = {}) => own.call({ url: '/v1/session', headers });
  expect((await asksWho()).statusCode).toBe(401);
  expect((await own.call({ url: '/v1/status' })).statusCode).toBe(401);
  await until('the audit has a refusal', async () => (await refusals()).length > 0);
  expect(await refusals()).toEqual([expect.stringMatching(/^401 GET \/v1\/status /u)]);
  expect((await asksWho({ authorization: 'Bearer wrong' })).statusCode).toBe(401);
  await until('the audit has the wrong token', async () =>
    (await refusals()).some((message) => message.startsWith('401 GET /v1/session')),
  );
  await own.close();
});

describe('callers’ addresses', () => {
  const refusedFrom = async (proxies: readonly string[]) => {
    const own = await createTestApi({ behindTls: true, proxies });
    const headers = { authorization: 'Bearer wrong', 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
    await own.call({ url: '/v1/status', headers });
    const entry = await until('the audit has it', async () => {
      const answer = await own.call({ url: '/v1/logs?event=REFUSED', headers: as('viewer') });
      return logListSchema.parse(answer.json()).items[0];
    });
    await own.close();
    return entry.detail?.address;
  };

  test('are the header’s only when a proxy that was named says so, and then no further than the first that was not', async () => {
    expect(await refusedFrom([])).toBe('127.0.0.1');
    expect(await refusedFrom(['10.0.0.0/8'])).toBe('127.0.0.1');
    expect(await refusedFrom(['127.0.0.1'])).toBe('198.51.100.7');
    expect(await refusedFrom(['127.0.0.0/8', '198.51.100.7'])).toBe('203.0.113.9');
  });
});
