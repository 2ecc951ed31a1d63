import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type Count,
  countExactly,
  countUnfinished,
  createCount,
  UNFINISHED_STATUSES,
} from '../../src/db/look/counts.ts';
import { type Queryable, transaction } from '../../src/db/pool.ts';
import { enqueue } from '../../src/db/queue/enqueue.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { requests } from '../support/engine.ts';
import { awaiting, dead, queued, unconfirmed } from '../support/settled.ts';
import { until } from '../support/until.ts';

const OTHER = 'other';
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  const db = database.pool;
  await db.query(`SELECT aol_create_lane($1, 'test')`, [OTHER]);
  for (const lane of ['default', 'default', OTHER]) {
    await queued(db, { lane });
    await cancel(await queued(db, { lane }));
    await dead(db, { lane });
  }
  await awaiting(db, null);
  await unconfirmed(db);
});
afterAll(() => database.drop());

function cancel(id: string): Promise<unknown> {
  return database.pool.query(`UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() WHERE id = $1`, [id]);
}

/** `lane status: count`, without those that count nothing. */
async function told(count: Count, lane?: string, db: Queryable = database.pool): Promise<string[]> {
  const rows = await count(db, lane);
  return rows
    .filter((row) => row.count > 0)
    .map((row) => `${row.lane} ${row.status}: ${row.count}`)
    .sort();
}

test('each way to count counts every action of all lanes, or of one', async () => {
  const whole = [
    'default AWAITING_APPROVAL: 1',
    'default CANCELLED: 2',
    'default DLQ: 2',
    'default PENDING: 2',
    'default UNCONFIRMED: 1',
    'other CANCELLED: 1',
    'other DLQ: 1',
    'other PENDING: 1',
  ];
  const others = whole.filter((text) => text.startsWith('other'));
  for (const count of [countExactly, createCount()]) {
    expect(await told(count)).toEqual(whole);
    expect(await told(count, OTHER)).toEqual(others);
  }
  expect(await told((db, lane) => countUnfinished(db, lane, 1))).toEqual([
    'default AWAITING_APPROVAL: 1',
    'default DLQ: 1',
    'default PENDING: 1',
    'default UNCONFIRMED: 1',
    'other DLQ: 1',
    'other PENDING: 1',
  ]);
});

test('where counting what is finished takes long it is not done each time, the rest is; a while later it is', async () => {
  const asked = database.pool;
  let slow = 0;
  const db: Queryable = Object.assign(Object.create(asked), {
    async query(...args: Parameters<typeof asked.query>) {
      if (String(args[0]).includes('GROUP BY')) {
        slow += 1;
        await delay(200);
      }
      return asked.query(...args);
    },
  });
  const count = createCount();
  expect(await told(count, OTHER, db)).toContain('other CANCELLED: 1');
  await queued(asked, { lane: OTHER });
  await cancel(await queued(asked, { lane: OTHER }));
  // Known for almost four seconds: 20 times what lies above a millisecond.
  expect(await told(count, OTHER, db)).toEqual(['other CANCELLED: 1', 'other DLQ: 1', 'other PENDING: 2']);
  expect(slow).toBe(1);
  await until('it was counted again', async () => (await told(count, OTHER, db)).includes('other CANCELLED: 2'));
  expect(slow).toBe(2);
});

test('what is unfinished is counted by an index, also where everything waited when the statistics were made', async () => {
  const fresh = await createTestDatabase();
  try {
    await enqueue(fresh.pool, requests(3_000), 'test');
    await fresh.pool.query('ANALYZE aol_actions');
    const scans = await transaction(fresh.pool, async (connection) => {
      await countUnfinished(connection, undefined);
      const { rows } = await connection.query<{ seq: number; index: number }>(
        `SELECT seq_scan AS seq, idx_scan AS index FROM pg_stat_xact_user_tables WHERE relname = 'aol_actions'`,
      );
      return rows;
    });
    expect(scans).toEqual([{ seq: 0, index: UNFINISHED_STATUSES.length }]);
  } finally {
    await fresh.drop();
  }
});
