import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type EnqueueResult, enqueue } from '../../src/db/decide/cancel.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { request } from '../support/engine.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query(`SELECT aol_create_lane('other', 'test'), aol_create_lane('third', 'test')`);
});
afterAll(() => database.drop());

const queue = (...requests: Parameters<typeof request>[0][]) =>
  enqueue(
    database.pool,
    requests.map((input) => request(input)),
    'test',
  );
const idOf = (result: EnqueueResult | undefined) => {
  if (result === undefined || result.kind === 'refused') throw new Error('it was refused');
  return result.row.id;
};

test('a key that is the id of an action without a key means that action, and no other lane’s', async () => {
  const id = idOf((await queue({}))[0]);
  const again = await queue({ idempotencyKey: id }, { idempotencyKey: id, priority: 7 });
  expect(again.map(({ kind }) => kind)).toEqual(['existing', 'refused']);
  expect(idOf(again[0])).toBe(id);
  const elsewhere = await queue({ idempotencyKey: id, lane: 'other' });
  expect(elsewhere[0]?.kind).toBe('created');
  expect(idOf((await queue({ idempotencyKey: id, lane: 'other' }))[0])).toBe(idOf(elsewhere[0]));
});

test('the id of an action with a key of its own is a key like any other', async () => {
  const id = idOf((await queue({ idempotencyKey: 'its own' }))[0]);
  expect((await queue({ idempotencyKey: id }))[0]?.kind).toBe('created');
  expect((await queue({ idempotencyKey: id }))[0]?.kind).toBe('existing');
});

test('the database refuses a key twice in a lane, chosen or not', async () => {
  const insert = (key: string, lane = 'default') =>
    database.pool.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
       VALUES ($1, $2, 'T', '{}', $3, repeat('a', 64), 'x')`,
      [randomUUID(), lane, key],
    );
  const id = idOf((await queue({}))[0]);
  await expect(insert(id)).rejects.toMatchObject({ code: '23505', constraint: 'aol_actions_key_of_its_own' });
  await insert(id, 'other');
  await insert('by hand');
  await expect(insert('by hand')).rejects.toMatchObject({ code: '23505', constraint: 'aol_actions_key_of_its_own' });
});

test('a batch keeps its order, its kinds, and texts to the letter', async () => {
  const content = 'a "quoted" \\ word, {braces} and \\"both\\"\n';
  const results = await queue(
    { payload: { platform: 'bluesky', content }, priority: 3 },
    { idempotencyKey: 'in a batch', lane: 'other' },
    { payload: { platform: 'bluesky', content: 'NULL' }, lane: 'nowhere' },
    { priority: 3, maxAttempts: 1 },
    { idempotencyKey: 'in a batch', lane: 'other' },
  );
  expect(results.map(({ kind }) => kind)).toEqual(['created', 'created', 'refused', 'created', 'existing']);
  const { rows } = await database.pool.query(
    `SELECT a.id, a.lane, priority, max_attempts, payload ->> 'content' AS content, l.event, l.lane AS logged_in
     FROM aol_actions a JOIN aol_execution_logs l ON l.action_id = a.id WHERE a.id = ANY ($1::uuid[]) ORDER BY a.id`,
    [[0, 1, 3, 4].map((index) => idOf(results[index]))],
  );
  expect(rows).toMatchObject([
    { id: idOf(results[0]), lane: 'default', priority: 3, max_attempts: 3, content, event: 'ENQUEUED' },
    { id: idOf(results[1]), lane: 'other', logged_in: 'other', priority: 0, content: 'Hello', event: 'ENQUEUED' },
    { id: idOf(results[3]), lane: 'default', priority: 3, max_attempts: 1, event: 'ENQUEUED' },
  ]);
  expect(idOf(results[4])).toBe(idOf(results[1]));
});

test('the oldest of a queue is found behind every priority, and by its mode', async () => {
  const oldest = async (mode: string) => {
    const { rows } = await database.pool.query(`SELECT id, run_at FROM aol_oldest_queued('third', $1)`, [mode]);
    return rows[0]?.id ?? null;
  };
  expect(await oldest('PROOF')).toBeNull();
  const at = (day: number) => `2026-01-0${day}T00:00:00Z`;
  const results = await queue(
    { lane: 'third', priority: 9, runAt: at(5) },
    { lane: 'third', priority: 0, runAt: at(4) },
    { lane: 'third', priority: -9, runAt: at(3) },
    { lane: 'third', priority: -9, runAt: at(2) },
    { lane: 'third', mode: 'REAL', runAt: at(1) },
  );
  expect(await oldest('PROOF')).toBe(idOf(results[3]));
  expect(await oldest('REAL')).toBe(idOf(results[4]));
});
