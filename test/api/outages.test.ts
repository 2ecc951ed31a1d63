/** What the API does while Temporal or PostgreSQL is stopped, and that it recovers by itself. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { statusSchema } from '../../src/contracts/http/status.ts';
import { createPool, type Database } from '../../src/db/pool.ts';
import { connectTemporal, type TemporalGateway } from '../../src/temporal/gateway.ts';
import { createWaker } from '../../src/temporal/waker.ts';
import { as, createTestApi, POST, postRaw, type TestApi, TOKENS } from '../support/api.ts';
import { createDoor, type Door } from '../support/door.ts';
import { until } from '../support/until.ts';

const action = JSON.stringify({ type: 'POST_SOCIAL', payload: POST });

describe('with Temporal stopped', () => {
  let api: TestApi;
  let gateway: TemporalGateway;
  beforeAll(async () => {
    const door = await createDoor('127.0.0.1', 1);
    await door.shut();
    gateway = connectTemporal({ address: `127.0.0.1:${door.port}`, namespace: 'default' });
    const waker = createWaker({ signal: gateway.signal });
    api = await createTestApi({ waker, temporal: { health: gateway.health, link: () => null } });
  });
  afterAll(async () => {
    await api.close();
    await gateway.close();
  });

  test('enqueue, reads, pause and kill work, and status and readyz name it', async () => {
    expect((await postRaw(api, '/v1/actions', action)).statusCode).toBe(201);
    const batch = await postRaw(api, '/v1/actions/batch', `{"actions":[${action}]}`);
    expect(batch.statusCode).toBe(200);
    for (const url of ['/v1/actions', '/v1/logs', '/v1/ticks', '/v1/lanes/default/next']) {
      expect([url, (await api.call({ url, headers: as('viewer') })).statusCode]).toEqual([url, 200]);
    }
    for (const verb of ['pause', 'kill']) {
      const startedAt = performance.now();
      const answer = await postRaw(api, `/v1/control/${verb}`, '{}');
      expect([verb, answer.statusCode]).toEqual([verb, 200]);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
    const status = statusSchema.parse((await api.call({ url: '/v1/status', headers: as('viewer') })).json());
    expect(status.dependencies).toMatchObject({ postgres: { ok: true }, temporal: { ok: false } });
    expect(status.lanes[0]?.flags).toMatchObject({ paused: true, killed: true });
    const ready = await api.call({ url: '/readyz' });
    expect([ready.statusCode, ready.json()]).toMatchObject([200, { dependencies: { temporal: { detail: 'away' } } }]);
  });
});

describe('with PostgreSQL stopped', () => {
  let api: TestApi;
  let door: Door;
  let pool: Database;
  let own: TestApi;
  beforeAll(async () => {
    own = await createTestApi();
    const target = new URL(own.database.url);
    door = await createDoor(target.hostname, Number(target.port));
    target.hostname = '127.0.0.1';
    target.port = String(door.port);
    pool = createPool({
      databaseUrl: target.href,
      applicationName: 'aol-api',
      statementTimeoutMs: 1_500,
      connectTimeoutMs: 2_000,
    });
    api = await createTestApi({ database: pool });
    await own.app.close();
  });
  afterAll(async () => {
    await api.close();
    await pool.end();
    await door.shut();
    await own.database.drop();
  });

  test('every route that needs it is 503 with Retry-After; the rest works; it recovers by itself', async () => {
    expect((await postRaw(api, '/v1/actions', action)).statusCode).toBe(201);
    await door.shut();
    const calls = [
      () => postRaw(api, '/v1/actions', action),
      () => postRaw(api, '/v1/actions/batch', `{"actions":[${action}]}`),
      () => postRaw(api, '/v1/control/kill', '{}'),
      () => api.call({ url: '/v1/actions', headers: as('viewer') }),
      () => api.call({ url: '/v1/logs', headers: as('viewer') }),
      () => api.call({ url: '/v1/events', headers: as('viewer') }),
      () => api.call({ url: '/v1/lanes/default/next', headers: as('viewer') }),
      () => api.call({ url: '/v1/tokens', headers: as('admin') }),
      // A named token cannot be looked up: that is no 401.
      () => api.call({ url: '/v1/lanes', headers: { authorization: `Bearer aolt_00000000_${'x'.repeat(43)}` } }),
    ];
    for (const call of calls) {
      const answer = await call();
      expect([answer.statusCode, answer.headers['retry-after'], answer.json()]).toMatchObject([
        503,
        '1',
        { code: 'AOL_UNAVAILABLE', detail: 'PostgreSQL is away; try again' },
      ]);
    }
    const status = await api.call({ url: '/v1/status', headers: as('viewer') });
    expect([status.statusCode, status.json()]).toMatchObject([200, { dependencies: { postgres: { ok: false } } }]);
    const session = await api.call({
      method: 'POST',
      url: '/v1/session',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ token: TOKENS.viewer }),
    });
    expect(session.statusCode).toBe(503);
    expect((await api.call({ url: '/healthz' })).statusCode).toBe(200);
    await door.open();
    await until('the API is back', async () => (await postRaw(api, '/v1/actions', action)).statusCode === 201, 5_000);
  });
});
