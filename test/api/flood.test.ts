/** Floods: wrong tokens, calls beyond the rate, a full queue, huge and slow bodies; and what is refused is in the audit (F-17, F-21). */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MAX_WRONG_TOKENS } from '../../src/api/access/rate-limits.ts';
import { openPorts } from '../../src/api/ports.ts';
import { startServer } from '../../src/api/server.ts';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { type LogEntry, logListSchema } from '../../src/contracts/http/log.ts';
import { as, countRows, createTestApi, POST, postRaw, type TestApi, TOKENS } from '../support/api.ts';
import type { Answer } from '../support/http.ts';
import { until } from '../support/until.ts';

const action = (more: object = {}) => JSON.stringify({ type: 'POST_SOCIAL', payload: POST, ...more });

async function refusals(api: TestApi): Promise<LogEntry[]> {
  const answer = await api.call({ url: '/v1/logs?event=REFUSED&limit=200', headers: as('viewer') });
  return logListSchema.parse(answer.json()).items;
}

function timesTold(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { detail }) => sum + Number(detail?.times), 0);
}

describe('wrong tokens', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await createTestApi();
  });
  afterAll(() => api.close());

  test('1,000 of them are locked out; valid ones are served; the audit counts each in a few rows', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 1_000; n += 50) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          api.call({
            url: '/v1/status',
            headers: { authorization: `Bearer aolt_00000000_${String(n + index).padStart(43, 'x')}` },
          }),
        ),
      );
      statuses.push(...answers.map(({ statusCode }) => statusCode));
      const locked = answers.find(({ statusCode }) => statusCode === 429);
      if (locked) {
        expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0);
        expect(locked.json()).toMatchObject({ code: 'AOL_TOO_MANY_REQUESTS', status: 429 });
      }
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(MAX_WRONG_TOKENS);
    // Where the database was too slow to look a token up, its caller was told so.
    const others = statuses.filter((status) => status !== 401 && status !== 503);
    expect(new Set(others)).toEqual(new Set([429]));
    expect(others.length).toBeGreaterThan(1_000 - 2 * MAX_WRONG_TOKENS);
    const valid = await Promise.all([
      api.call({ url: '/v1/status', headers: as('viewer') }),
      postRaw(api, '/v1/control/kill', '{}'),
      postRaw(api, '/v1/control/start', '{}'),
    ]);
    expect(valid.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
    // Signing in counts too.
    const signIn = await api.call({
      method: 'POST',
      url: '/v1/session',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ token: 'x'.repeat(40) }),
    });
    expect(signIn.statusCode).toBe(429);
    const first = await until('the first rows', async () => {
      const entries = await refusals(api);
      return entries.length >= 3 && entries;
    });
    expect(first.length).toBeLessThan(10);
    const refused = { lane: '*', actor: 'anonymous', level: 'WARNING' };
    expect(first).toContainEqual(
      expect.objectContaining({ ...refused, detail: expect.objectContaining({ status: 401, route: '/v1/status' }) }),
    );
    await api.audit.flush();
    const all = await refusals(api);
    expect(all.length).toBeLessThan(10);
    expect(timesTold(all)).toBe(1_001);
    expect(JSON.stringify(all)).not.toContain('aolt_');
  });

  test('who is known and refused has a row under the own name', async () => {
    const answer = await postRaw(api, '/v1/control/pause', '{}', as('viewer'));
    expect(answer.statusCode).toBe(403);
    const entry = await until('the row', async () => (await refusals(api)).find(({ actor }) => actor === 'viewer'));
    expect(entry).toMatchObject({ message: '403 POST /v1/control/pause from 127.0.0.1' });
  });
});

describe('more calls than the rate', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await createTestApi({ callsPerMinute: 30 });
  });
  afterAll(() => api.close());

  test('are 429 with Retry-After, for that token only, and never at pause and kill', async () => {
    const calls = await Promise.all(
      Array.from({ length: 40 }, () => api.call({ url: '/v1/lanes', headers: as('viewer') })),
    );
    expect(calls.filter(({ statusCode }) => statusCode === 200)).toHaveLength(30);
    const refused = calls.filter(({ statusCode }) => statusCode === 429);
    expect(refused).toHaveLength(10);
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await api.call({ url: '/v1/lanes', headers: as('operator') })).statusCode).toBe(200);
    const presses = await Promise.all(Array.from({ length: 50 }, () => postRaw(api, '/v1/control/pause', '{}')));
    expect(presses.map(({ statusCode }) => statusCode)).toEqual(presses.map(() => 200));
  });
});

describe('a queue that is full', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await createTestApi({ maxQueued: 5 });
  });
  afterAll(() => api.close());

  test('takes no more, and takes more when it was worked off', async () => {
    const answers: Answer[] = [];
    for (let n = 0; n < 6; n += 1) answers.push(await postRaw(api, '/v1/actions', action()));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201, 201, 201, 429]);
    const full = answers.at(-1);
    expect(full?.headers['retry-after']).toBe('5');
    expect(full?.json()).toMatchObject({ code: 'AOL_QUEUE_FULL' });
    const batch = await postRaw(api, '/v1/actions/batch', `{"actions":[${action()}]}`);
    expect(batch.statusCode).toBe(429);
    expect(await countRows(api.database, 'aol_actions')).toBe(5);
    const { id } = actionSchema.parse(answers[0]?.json());
    await postRaw(api, `/v1/actions/${id}/cancel`, '{}');
    await until('room again', async () => (await postRaw(api, '/v1/actions', action())).statusCode === 201);
  });
});

describe('storms (F-17)', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await createTestApi();
  });
  afterAll(() => api.close());

  test('100 at once with one key: one row, one id, no 5xx', async () => {
    const before = await countRows(api.database, 'aol_actions');
    const body = action({ idempotencyKey: 'storm' });
    const answers = await Promise.all(Array.from({ length: 100 }, () => postRaw(api, '/v1/actions', body)));
    expect(new Set(answers.map((answer) => actionSchema.parse(answer.json()).id)).size).toBe(1);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([...Array.from({ length: 99 }, () => 200), 201]);
    expect(await countRows(api.database, 'aol_actions')).toBe(before + 1);
  });

  test('many at once of several callers: a row for each under the own name, and one that cannot be stored fails alone', async () => {
    const before = await countRows(api.database, 'aol_actions');
    const created = await Promise.all(
      Array.from({ length: 120 }, (_, index) =>
        postRaw(
          api,
          '/v1/actions',
          action(index === 60 ? { lane: 'nowhere' } : {}),
          as(index % 3 ? 'operator' : 'admin'),
        ),
      ),
    );
    expect(created.filter(({ statusCode }) => statusCode === 201)).toHaveLength(119);
    expect(created[60]?.statusCode).toBe(422);
    expect(
      new Set(created.filter((_, index) => index !== 60).map((answer) => actionSchema.parse(answer.json()).id)).size,
    ).toBe(119);
    expect(await countRows(api.database, 'aol_actions')).toBe(before + 119);
    const { rows } = await api.database.pool.query(
      `SELECT created_by, count(*) FROM aol_actions WHERE idempotency_key <> 'storm' GROUP BY created_by ORDER BY created_by`,
    );
    expect(rows).toEqual([
      { created_by: 'admin', count: 39 },
      { created_by: 'operator', count: 80 },
    ]);
  });

  test('the connections that stops need are open before the first stop, and serve when PostgreSQL takes no others', async () => {
    const { database } = api;
    const ports = openPorts({
      databaseUrl: database.url,
      temporal: { address: '127.0.0.1:1', namespace: 'default' },
      temporalUiUrl: null,
      artifacts: { get: () => Promise.reject(new Error('none')) },
    });
    const server = await startServer({ ...ports, contracts: [], tokens: TOKENS, host: '127.0.0.1', port: 0 });
    try {
      await database.takeConnections(false);
      await expect(ports.database.query('SELECT')).rejects.toThrow(/not currently accepting connections/);
      const kept = await Promise.all(
        Array.from({ length: 4 }, () => ports.controlDatabase?.query('SELECT pg_backend_pid(), pg_sleep(0.2)')),
      );
      expect(new Set(kept.map((answer) => answer?.rows[0].pg_backend_pid)).size).toBe(4);
      const headers = { authorization: `Bearer ${TOKENS.operator}`, 'content-type': 'application/json' };
      const killed = await fetch(`${server.url}/v1/control/kill`, { method: 'POST', headers, body: '{}' });
      expect(killed.status).toBe(200);
    } finally {
      await database.takeConnections(true);
      await server.close();
      await ports.close();
    }
    expect((await postRaw(api, '/v1/control/start', '{}')).statusCode).toBe(200);
  });

  test('a table that is locked keeps no caller for more than two seconds, however many there are', async () => {
    const ports = openPorts({
      databaseUrl: api.database.url,
      temporal: { address: '127.0.0.1:1', namespace: 'default' },
      temporalUiUrl: null,
      artifacts: { get: () => Promise.reject(new Error('none')) },
    });
    const locked = await createTestApi(ports);
    const storm = async () => {
      const startedAt = performance.now();
      const answers = await Promise.all(Array.from({ length: 100 }, () => postRaw(locked, '/v1/actions', action())));
      return { answers, tookMs: performance.now() - startedAt };
    };
    // What the same calls take on this machine when nothing is locked, before and after.
    const before = await storm();
    const lock = await api.database.pool.connect();
    await lock.query(
      'BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE aol_actions IN ACCESS EXCLUSIVE MODE',
    );
    const { answers, tookMs } = await storm();
    await lock.query('ROLLBACK');
    lock.release();
    const after = await storm();
    await locked.close();
    await ports.close();
    expect(new Set(answers.map(({ statusCode, headers }) => `${statusCode} ${headers['retry-after']}`))).toEqual(
      new Set(['503 1']),
    );
    expect(tookMs).toBeLessThan(2_500 + 2 * Math.max(before.tookMs, after.tookMs));
  });

  test('a body without a length that grows too large is 413 and cut off', async () => {
    const { port } = new URL(api.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1');
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      socket.on('error', () => resolve(text));
      socket.on('close', () => resolve(text));
      setTimeout(() => reject(new Error('it was not cut off')), 20_000).unref();
      socket.write(
        `POST /v1/actions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKENS.operator}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
      );
      const chunk = `10000\r\n${'x'.repeat(0x1_00_00)}\r\n`;
      const feed = () => {
        while (socket.writable && socket.write(chunk));
        if (socket.writable) socket.once('drain', feed);
      };
      feed();
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});

test('an address that others reach is refused unless TLS in front is declared', async () => {
  const ports = {
    contracts: [],
    tokens: TOKENS,
    artifacts: { get: () => Promise.reject(new Error('none')) },
    waker: { wake: () => undefined, signalControl: () => undefined },
    temporal: { health: () => Promise.resolve({ ok: true, detail: '', latencyMs: 0 }), link: () => null },
    port: 0,
  };
  const { database } = await createTestApi().then(async (api) => {
    await api.close();
    return api;
  });
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.com']) {
    await expect(startServer({ ...ports, database: database.pool, host })).rejects.toThrow(/AOL_API_TLS=proxied/);
  }
  const server = await startServer({ ...ports, database: database.pool, host: '0.0.0.0', behindTls: true });
  const answer = await fetch(`${server.url}/healthz`);
  expect([answer.status, answer.headers.get('strict-transport-security')]).toEqual([200, 'max-age=31536000']);
  await server.close();
});
