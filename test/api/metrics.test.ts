import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EventTail, TickTail } from '../../src/db/look/metrics.ts';
import { createPool } from '../../src/db/pool.ts';
import { closeAttempts } from '../../src/db/queue/close.ts';
import { as, createTestApi, POST, postRaw, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimOnce, holder, setFlag, success } from '../support/engine.ts';
import { sample } from '../support/metrics.ts';
import { queued } from '../support/settled.ts';

async function scrape(api: TestApi): Promise<string> {
  const answer = await api.call({ method: 'GET', url: '/metrics', headers: as('viewer') });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  return answer.body;
}

describe('/metrics', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await createTestApi();
  });
  afterAll(() => api.close());

  test('needs a token', async () => {
    expect((await api.call({ method: 'GET', url: '/metrics' })).statusCode).toBe(401);
  });

  test('tells the state of the queue, the lease and the flags, and counts requests by route', async () => {
    await scrape(api);
    for (const key of ['a', 'b']) {
      const body = { type: 'POST_SOCIAL', payload: POST, idempotencyKey: key };
      expect((await postRaw(api, '/v1/actions', JSON.stringify(body))).statusCode).toBe(201);
    }
    const { tickId, result } = await claimOnce(api.database.pool, holder('run'));
    if (result.kind !== 'claimed') throw new Error('nothing was claimed');
    const tick = { lane: 'default', tickId, token: result.token };
    const [first = ''] = (await api.database.pool.query('SELECT id FROM aol_actions ORDER BY id')).rows.map(
      ({ id }) => id,
    );
    await closeAttempts(api.database.pool, tick, [success(first)]);
    await setFlag(api.database.pool, 'killed', true, 'default');
    const page = await scrape(api);
    expect(sample(page, 'aol_queue_actions{lane="default",status="RUNNING"}')).toBe(1);
    expect(sample(page, 'aol_queue_actions{lane="default",status="DLQ"}')).toBe(0);
    expect(sample(page, 'aol_queue_oldest_due_age_seconds{lane="default"}')).toBe(0);
    expect(sample(page, 'aol_lease_held{lane="default"}')).toBe(1);
    expect(sample(page, 'aol_lease_age_seconds{lane="default"}')).toBeLessThan(10);
    expect(sample(page, 'aol_lease_health{lane="default",health="RED"}')).toBe(1);
    expect(sample(page, 'aol_lane_mode{lane="default",mode="PROOF"}')).toBe(1);
    expect(sample(page, 'aol_lane_killed{lane="default"}')).toBe(1);
    expect(sample(page, 'aol_workers{mode="REAL"}')).toBe(0);
    expect(sample(page, 'aol_events_total{lane="default",event="ENQUEUED"}')).toBe(2);
    expect(sample(page, 'aol_attempts_total{lane="default",outcome="succeeded"}')).toBe(1);
    expect(sample(page, 'aol_dependency_up{dependency="postgres"}')).toBe(1);
    expect(sample(page, 'aol_dependency_up{dependency="temporal"}')).toBe(0);
    expect(sample(page, 'aol_database_connections{pool="main",state="idle"}')).toBeGreaterThan(0);
    const requests = 'aol_http_request_duration_seconds_count{method="POST",route="/v1/actions",status="201"}';
    expect(sample(page, requests)).toBe(2);
    expect(sample(page, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  });
});

test('while PostgreSQL is away the page says so, and holds nothing old', async () => {
  const away = createPool({ databaseUrl: 'postgresql://aol@127.0.0.1:9/aol', applicationName: 'test' });
  const api = await createTestApi({ database: away });
  try {
    const page = await scrape(api);
    expect(sample(page, 'aol_dependency_up{dependency="postgres"}')).toBe(0);
    expect(page).not.toContain('aol_queue_actions{');
  } finally {
    await away.end();
    await api.close();
  }
});

describe('what is counted', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await setFlag(database.pool, 'tick_interval_ms', 0);
  });
  afterAll(() => database.drop());

  test('a row of the log is counted once, also when it is committed after younger ones were counted', async () => {
    const tail = new EventTail();
    const counted = async () => (await tail.read(database.pool)).reduce((sum, { count }) => sum + count, 0);
    expect(await counted()).toBe(0);
    const late = await database.pool.connect();
    try {
      await late.query('BEGIN');
      const insert = `INSERT INTO aol_execution_logs (lane, event, actor, message) VALUES ('default', 'REFUSED', 'test', '')`;
      await late.query(insert);
      await database.pool.query(insert);
      expect(await counted()).toBe(0);
      await late.query('COMMIT');
      expect(await counted()).toBe(2);
      await database.pool.query(insert);
      expect(await counted()).toBe(1);
      expect(await counted()).toBe(0);
    } finally {
      late.release();
    }
  });

  test('a tick is counted when it closes, quiet ones by their repeats, and none that closed before', async () => {
    const idle = () => claimOnce(database.pool, holder('run', 1));
    await claimOnce(database.pool, holder('run'));
    const tail = new TickTail();
    expect(await tail.read(database.pool)).toEqual([]);
    await idle();
    await idle();
    const two = { lane: 'default', outcome: 'IDLE', count: 2, durationMs: null };
    expect(await tail.read(database.pool)).toEqual([two]);
    await idle();
    expect(await tail.read(database.pool)).toEqual([{ ...two, count: 1 }]);
    const id = await queued(database.pool);
    const { tickId } = await idle();
    expect(await tail.read(database.pool)).toEqual([]);
    await closeAttempts(database.pool, { tickId, token: 1 }, [success(id)]);
    expect(await tail.read(database.pool)).toEqual([
      { lane: 'default', outcome: 'OK', count: 1, durationMs: expect.any(Number) },
    ]);
    await database.pool.query(`SELECT aol_create_lane('other', 'test')`);
    await claimOnce(database.pool, holder('run', null, 'other'));
    expect(await tail.read(database.pool)).toEqual([{ ...two, lane: 'other', count: 1 }]);
    expect(await tail.read(database.pool)).toEqual([]);
  });
});
