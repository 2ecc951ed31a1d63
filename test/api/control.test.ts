import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { controlAnswerSchema } from '../../src/contracts/http/control.ts';
import { laneStatusSchema, readinessSchema, statusSchema } from '../../src/contracts/http/status.ts';
import { createPool } from '../../src/db/pool.ts';
import { as, createTestApi, POST, postRaw, type TestApi } from '../support/api.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { until } from '../support/until.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
  await createLane('brand');
});
afterAll(() => api.close());

function createLane(lane: string) {
  return api.call({ method: 'PUT', url: `/v1/lanes/${lane}`, headers: as('admin') });
}

async function press(verb: string, body?: Record<string, unknown>) {
  const answer = body
    ? await postRaw(api, `/v1/control/${verb}`, JSON.stringify(body))
    : await api.call({ method: 'POST', url: `/v1/control/${verb}`, headers: as('operator') });
  expect(answer.statusCode).toBe(200);
  return controlAnswerSchema.parse(answer.json());
}

async function status() {
  return statusSchema.parse((await api.call({ url: '/v1/status', headers: as('viewer') })).json());
}

async function flag(lane: string, name: string): Promise<unknown> {
  const { rows } = await api.database.pool.query<{ value: unknown }>(
    'SELECT value FROM aol_control_flags WHERE lane = $1 AND name = $2',
    [lane, name],
  );
  return rows[0]?.value;
}

describe('pause, resume, kill, start', () => {
  test('without a lane they hold for all, and are signalled', async () => {
    expect(await press('pause')).toEqual({
      verb: 'pause',
      lane: '*',
      paused: true,
      killed: false,
      changed: true,
      message: 'all lanes paused',
    });
    expect(api.controls).toEqual(['brand', 'default']);
    expect((await status()).lanes.map((lane) => lane.flags.paused)).toEqual([true, true]);
    expect(await press('pause')).toMatchObject({ changed: false, message: 'all lanes paused already' });
    expect(await press('resume')).toMatchObject({ paused: false, message: 'all lanes resumed' });
  });

  test('resume of all says who stays paused, and the other way round', async () => {
    await press('pause', { lane: 'brand', reason: 'campaign under review' });
    expect((await press('resume')).message).toBe(
      'all lanes resumed already; still paused by a flag of their own: brand',
    );
    await press('pause');
    expect((await press('resume', { lane: 'brand' })).message).toContain('still paused');
    await press('resume');
  });

  test('the reason and who pressed stand in the log', async () => {
    const { rows } = await api.database.pool.query(
      `SELECT actor, message, detail FROM aol_execution_logs WHERE event = 'FLAG_CHANGED' AND detail ->> 'reason' IS NOT NULL`,
    );
    expect(rows[0]).toMatchObject({ actor: 'operator', message: 'paused = true: campaign under review' });
  });

  test('an unknown lane is refused', async () => {
    expect((await postRaw(api, '/v1/control/kill', '{"lane":"nowhere"}')).statusCode).toBe(404);
  });

  test('kill has committed when it answers, and waits for the claim that is open', async () => {
    const other = createPool({ databaseUrl: api.database.url, applicationName: 'aol-test-claim' });
    const claim = await other.connect();
    await claim.query('BEGIN');
    await claim.query(`SELECT FROM aol_lease WHERE lane = 'default' FOR UPDATE`);
    let answered = false;
    const pressed = press('kill', { lane: 'default' }).then((answer) => {
      answered = true;
      return answer;
    });
    await expectSoon(async () => (await flag('default', 'killed')) === true);
    expect(answered).toBe(false);
    await claim.query('COMMIT');
    expect(await pressed).toMatchObject({ killed: true, changed: true });
    expect(await flag('default', 'killed')).toBe(true);
    claim.release();
    await other.end();
    expect((await press('start', { lane: 'default' })).killed).toBe(false);
  });

  test('kill answers while Temporal is away', async () => {
    expect((await press('kill', { lane: 'brand' })).killed).toBe(true);
    expect((await press('start')).message).toBe(
      'all lanes started already; still killed by a flag of their own: brand',
    );
    await press('start', { lane: 'brand' });
  });
});

async function expectSoon(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 2_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 2 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('pressed at the same time', () => {
  test('a kill waits for none of those who pause and resume', async () => {
    await press('pause', { lane: 'brand' });
    const lock = await api.database.pool.connect();
    await lock.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0');
    await lock.query(`SELECT FROM aol_control_flags WHERE lane = 'brand' AND name = 'paused' FOR UPDATE`);
    const isWaiting = async (count: number) => (await lockWaits(api.database.pool)) === count;
    const resumed: Promise<unknown>[] = [];
    for (const count of [1, 2]) {
      resumed.push(press('resume', { lane: 'brand' }));
      await until(`${count} wait`, () => isWaiting(count));
    }
    expect(await press('kill', { lane: 'brand' })).toMatchObject({ verb: 'kill', killed: true });
    expect(await isWaiting(2)).toBe(true);
    await lock.query('ROLLBACK');
    lock.release();
    await Promise.all(resumed);
    await press('start', { lane: 'brand' });
  });

  test('many of several lanes, also by a database whose default is another isolation level: each is answered', async () => {
    const own = await createTestApi();
    const name = new URL(own.database.url).pathname.slice(1);
    await api.database.pool.query(`ALTER DATABASE ${name} SET default_transaction_isolation = 'repeatable read'`);
    const lanes = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const lane of lanes) await own.call({ method: 'PUT', url: `/v1/lanes/${lane}`, headers: as('admin') });
    const verbs = ['pause', 'resume', 'kill', 'start'] as const;
    const presses = Array.from({ length: 300 }, (_, n) => {
      const lane = n % 7 === 6 ? {} : { lane: lanes[n % 7] };
      return postRaw(own, `/v1/control/${verbs[n % 4]}`, JSON.stringify({ ...lane, reason: `press ${n}` }));
    });
    const answers = await Promise.all([...presses, postRaw(own, '/v1/control/pause', '{"lane":"nowhere"}')]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([...presses.map(() => 200), 404]);
    // The audit holds what changed, each with who and why; a stop is never undone by what was pressed with it.
    const { rows } = await own.database.pool.query("SELECT FROM aol_execution_logs WHERE event = 'FLAG_CHANGED'");
    const changes = answers.map((answer) => answer.json()).filter((answer) => Object(answer).changed === true);
    expect(rows.length).toBe(changes.length);
    await own.close();
  });
});

describe('status', () => {
  test('tells counts, the oldest due action, the flags in force and why it is PROOF', async () => {
    await postRaw(api, '/v1/actions', JSON.stringify({ type: 'POST_SOCIAL', payload: POST }));
    const answer = await status();
    expect(answer).toMatchObject({ mode: 'PROOF', why: 'no worker is running', workers: { count: 0 } });
    const lane = answer.lanes.find((candidate) => candidate.lane === 'default');
    expect(lane).toMatchObject({
      mode: 'PROOF',
      lease: { owner: null, token: 0, ttlMs: null, health: 'RED' },
      flags: { paused: false, killed: false, proof_only: true, max_actions_per_tick: 3, tick_interval_ms: 5_000 },
      counts: { PENDING: 1, SUCCESS: 0, DLQ: 0 },
      lastTick: null,
    });
    expect(lane?.oldestDueAgeMs).toBeGreaterThanOrEqual(0);
    expect(answer.dependencies).toMatchObject({ postgres: { ok: true }, temporal: { ok: false, detail: 'not here' } });
  });

  test('counts worker processes by their connections’ names', async () => {
    const names = ['aol-worker:PROOF:a', 'aol-worker:PROOF:a', 'aol-worker:REAL:b'];
    const pools = names.map((applicationName) => createPool({ databaseUrl: api.database.url, applicationName }));
    await Promise.all(pools.map((pool) => pool.query('SELECT 1')));
    expect((await status()).workers).toEqual({ count: 2, proof: 1, real: 1 });
    const lane = await api.call({ url: '/v1/lanes/default', headers: as('viewer') });
    expect(laneStatusSchema.parse(lane.json())).toMatchObject({ mode: 'PROOF', why: "the lane's proof_only is true" });
    await api.database.pool.query(
      `UPDATE aol_control_flags SET value = 'false' WHERE lane = 'brand' AND name = 'proof_only'`,
    );
    expect(await status()).toMatchObject({ mode: 'REAL', why: 'lanes that are REAL: brand' });
    await Promise.all(pools.map((pool) => pool.end()));
  });

  test('the lease’s time and health are by the database’s clock', async () => {
    const worker = createPool({ databaseUrl: api.database.url, applicationName: 'aol-worker:PROOF:c' });
    const hold = (sinceRenewal: string, left: string) =>
      worker.query(
        `UPDATE aol_lease SET owner = 'o', token = 1, acquired_at = now(), renewed_at = clock_timestamp() - $1::interval,
           expires_at = clock_timestamp() + $2::interval WHERE lane = 'default'`,
        [sinceRenewal, left],
      );
    const lease = async () => (await status()).lanes.find(({ lane }) => lane === 'default')?.lease;
    await hold('1 second', '14 seconds');
    expect(await lease()).toMatchObject({ health: 'GREEN', token: 1, owner: 'o' });
    expect((await lease())?.ttlMs).toBeLessThanOrEqual(14_000);
    await hold('11 seconds', '4 seconds');
    expect(await lease()).toMatchObject({ health: 'AMBER' });
    await hold('16 seconds', '-1 seconds');
    expect(await lease()).toMatchObject({ health: 'RED' });
    // What is killed is late with nothing.
    await press('kill', { lane: 'default' });
    expect(await lease()).toMatchObject({ health: 'GREEN' });
    await press('start', { lane: 'default' });
    expect(await lease()).toMatchObject({ health: 'RED' });
    await worker.end();
  });
});

describe('readiness', () => {
  test('names what is away, and no address', async () => {
    const answer = await api.call({ url: '/readyz' });
    expect(answer.statusCode).toBe(200);
    expect((await api.call({ url: '/readyz?all' })).statusCode).toBe(503);
    expect(readinessSchema.parse(answer.json())).toMatchObject({
      ready: true,
      dependencies: { postgres: { ok: true, detail: 'reached' }, temporal: { ok: false, detail: 'away' } },
    });
    expect((await api.call({ url: '/healthz' })).json()).toEqual({ alive: true });
  });

  test('whoever asks, both servers are asked once a second; Temporal’s silence keeps nobody waiting', async () => {
    let asked = 0;
    const silent = await createTestApi({
      temporal: {
        health: () => {
          asked += 1;
          return new Promise(() => undefined);
        },
        link: () => null,
      },
    });
    const startedAt = performance.now();
    const urls = Array.from({ length: 500 }, (_, index) => (index % 25 === 0 ? '/v1/status' : '/readyz'));
    const answers = await Promise.all(urls.map((url) => silent.call({ url, headers: as('viewer') })));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    expect(asked).toBeLessThanOrEqual(1 + (performance.now() - startedAt) / 1_000);
    await silent.close();
  });

  test('what Temporal said a while ago is not told once it says nothing', async () => {
    let speaks = true;
    const api = await createTestApi({
      temporal: {
        health: () =>
          speaks ? Promise.resolve({ ok: true, detail: 'here', latencyMs: 1 }) : new Promise(() => undefined),
        link: () => null,
      },
    });
    const status = () => api.call({ url: '/v1/status', headers: as('viewer') });
    const temporal = async () => statusSchema.parse((await status()).json()).dependencies.temporal;
    expect(await temporal()).toMatchObject({ ok: true, detail: 'here' });
    speaks = false;
    // Longer than an answer is kept, and nobody asks meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await api.call({ url: '/readyz?all' })).statusCode).toBe(503);
    expect(await temporal()).toEqual({ ok: false, detail: 'no answer within 1000 ms', latencyMs: null });
    await api.close();
  });

  test('a Temporal that is slow is waited for by whoever wants to know of it, and not by a probe', async () => {
    const health = () =>
      new Promise<{ ok: boolean; detail: string; latencyMs: number }>((resolve) =>
        setTimeout(resolve, 600, { ok: true, detail: 'slow', latencyMs: 600 }),
      );
    const slow = await createTestApi({ temporal: { health, link: () => null } });
    const [probe, all, status] = await Promise.all(
      ['/readyz', '/readyz?all', '/v1/status'].map((url) => slow.call({ url, headers: as('viewer') })),
    );
    expect([probe?.statusCode, all?.statusCode]).toEqual([200, 200]);
    expect(readinessSchema.parse(probe?.json()).dependencies.temporal.ok).toBe(false);
    expect(statusSchema.parse(status?.json()).dependencies.temporal).toMatchObject({ ok: true, detail: 'slow' });
    await slow.close();
  });

  test('a PostgreSQL that is read-only cannot take a stop: 503, and back again by itself', async () => {
    const own = await createTestApi();
    const name = new URL(own.database.url).pathname.slice(1);
    const setDefault = (readOnly: boolean) =>
      api.database.pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = ${readOnly}`);
    const cut = () =>
      api.database.pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    const ready = async () => (await own.call({ url: '/readyz' })).statusCode;
    expect(await ready()).toBe(200);
    await setDefault(true);
    await cut();
    await until('it is noticed', async () => (await ready()) === 503);
    for (const press of ['pause', 'kill']) {
      const answer = await postRaw(own, `/v1/control/${press}`, '{}');
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    }
    const refused = await postRaw(own, '/v1/actions', JSON.stringify({ type: 'POST_SOCIAL', payload: POST }));
    expect([refused.statusCode, refused.json()]).toMatchObject([503, { code: 'AOL_UNAVAILABLE' }]);
    await setDefault(false);
    await until('it is back', async () => (await ready()) === 200);
    expect((await postRaw(own, '/v1/control/kill', '{}')).statusCode).toBe(200);
    await own.close();
  });

  test('without PostgreSQL everything says so at once, and nothing inside is shown', async () => {
    const database = createPool({ databaseUrl: 'postgresql://nobody@127.0.0.1:9/none', applicationName: 'aol-test' });
    const alone = await createTestApi({ database });
    const ready = await alone.call({ url: '/readyz' });
    expect([ready.statusCode, ready.json()]).toMatchObject([503, { dependencies: { postgres: { ok: false } } }]);
    const refused = await postRaw(alone, '/v1/actions', JSON.stringify({ type: 'POST_SOCIAL', payload: POST }));
    expect(refused.statusCode).toBe(503);
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.json()).toMatchObject({ code: 'AOL_UNAVAILABLE', detail: 'PostgreSQL is away; try again' });
    expect(refused.body).not.toMatch(/127\.0\.0\.1|ECONNREFUSED|at /);
    const told = await alone.call({ url: '/v1/status', headers: as('viewer') });
    expect(told.json()).toMatchObject({ mode: 'PROOF', lanes: [], dependencies: { postgres: { ok: false } } });
    await alone.close();
    await database.end();
  });
});
