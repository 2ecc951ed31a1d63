/** What a worker says of its accounts when it starts. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { publishAccounts } from '../../src/db/keep/accounts.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { queued } from '../support/settled.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const account = (name: string) => ({ name, provider: 'steady', identity: name, server: '', settings: {}, limits: [] });

test('of what waits for each of its accounts the oldest looks again, and nothing else does', async () => {
  const { pool } = database;
  const held = async (by: string) => {
    const id = await queued(pool);
    await pool.query(`UPDATE aol_actions SET held_by = $2, run_at = now() + interval '1 hour' WHERE id = $1`, [id, by]);
    return id;
  };
  const [first, second, third] = [await held('brand'), await held('brand'), await held('other')];
  await held('of-another-worker');
  await held('type:CALL_WEBHOOK');
  await publishAccounts(pool, 'worker', [account('brand'), account('other'), account('idle')]);
  const { rows } = await pool.query('SELECT id FROM aol_actions WHERE run_at <= clock_timestamp() ORDER BY id');
  expect(rows.map(({ id }) => id)).toEqual([first, third]);
  // Again, as another worker starts: the next one, for the first may be at work.
  await publishAccounts(pool, 'another', [account('brand')]);
  const { rows: later } = await pool.query('SELECT id FROM aol_actions WHERE run_at <= clock_timestamp() ORDER BY id');
  expect(later.map(({ id }) => id)).toEqual([first, second, third]);
});
