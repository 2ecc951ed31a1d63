import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { claimTick } from '../../src/db/queue/claim.ts';
import { waitsForRoom } from '../../src/db/queue/wake-full-lane.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { holder, realWorker, setFlag } from '../support/engine.ts';
import { queued } from '../support/settled.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const [name, value] of Object.entries({ proof_only: false, max_running: 2, max_actions_per_tick: 10 }))
    await setFlag(database.pool, name, value);
});
afterAll(() => database.drop());

test('something waits for room when it is due although the tick interval has passed', async () => {
  const db = database.pool;
  await setFlag(db, 'tick_interval_ms', 0);
  const ids = [];
  for (let index = 0; index < 3; index += 1) ids.push(await queued(db, { mode: 'REAL' }));
  expect(await waitsForRoom(db, 'default')).toBe(false);
  const claim = await claimTick(db, { holder: holder('r1'), tickId: randomUUID() }, realWorker);
  expect(claim).toMatchObject({ kind: 'claimed', claimed: 2, pacing: { isFull: true } });
  expect(await waitsForRoom(db, 'default')).toBe(true);
  // Its next tick comes by itself.
  await setFlag(db, 'tick_interval_ms', 60_000, 'default');
  expect(await waitsForRoom(db, 'default')).toBe(false);
  await setFlag(db, 'tick_interval_ms', 0, 'default');
  await db.query(`UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() WHERE id = $1`, [ids[2]]);
  expect(await waitsForRoom(db, 'default')).toBe(false);
});
