/** Rows of refusals are told to whoever ends a window, and none is lost where the database cannot take it. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Audit } from '../../src/api/access/audit.ts';
import type { Refusal } from '../../src/db/decide/audit.ts';
import { createPool, type Database } from '../../src/db/pool.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { until } from '../support/until.ts';

/** Each test has a caller of its own. */
const refusalOf = (actor: string, route = '/v1/actions'): Refusal => ({
  ...{ status: 403, address: '127.0.0.1', method: 'POST' },
  actor,
  route,
});

let database: TestDatabase;
let impatient: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  impatient = createPool({ databaseUrl: database.url, applicationName: 'aol-test', lockTimeoutMs: 100 });
});
afterAll(async () => {
  await impatient.end();
  await database.drop();
});

/** How often each route was refused to a caller, as the rows say. */
async function toldOf(actor: string): Promise<Record<string, number>> {
  const { rows } = await database.pool.query<{ route: string; times: number }>(
    `SELECT detail ->> 'route' AS route, sum((detail ->> 'times')::integer)::integer AS times
     FROM aol_execution_logs WHERE event = 'REFUSED' AND actor IN ($1, 'anonymous') GROUP BY 1`,
    [actor],
  );
  return Object.fromEntries(rows.map(({ route, times }) => [route, times]));
}

async function whileLocked(work: () => Promise<void>): Promise<void> {
  const lock = await database.pool.connect();
  try {
    await lock.query('BEGIN; LOCK TABLE aol_execution_logs IN ACCESS EXCLUSIVE MODE');
    await work();
    await lock.query('ROLLBACK');
  } finally {
    lock.release();
  }
}

test('the end of a window waits for rows that are on their way', async () => {
  const audit = new Audit(database.pool, (reason) => {
    throw new Error(reason);
  });
  let flushed: Promise<void> | undefined;
  await whileLocked(async () => {
    audit.refused(refusalOf('once'));
    await until('the row is on its way', async () => (await lockWaits(database.pool)) === 1);
    let isOver = false;
    flushed = audit.flush().then(() => {
      isOver = true;
    });
    // One that waits for nothing is over before the database has answered.
    await lockWaits(database.pool);
    expect(isOver).toBe(false);
  });
  await flushed;
  expect(await toldOf('once')).toEqual({ '/v1/actions': 1 });
  await audit.close();
});

test('what could not be written is told with a later window, whichever of its writes failed', async () => {
  const lost: string[] = [];
  const audit = new Audit(impatient, (reason) => lost.push(reason));
  await whileLocked(async () => {
    audit.refused(refusalOf('twice'));
    audit.refused(refusalOf('twice'));
    await audit.flush();
    audit.refused(refusalOf('twice'));
    await audit.flush();
  });
  expect(lost.length).toBeGreaterThan(1);
  expect(await toldOf('twice')).toEqual({});
  await audit.close();
  expect(await toldOf('twice')).toEqual({ '/v1/actions': 3 });
});

test('more kinds than have rows of their own are one row, also where none could be written at first', async () => {
  const audit = new Audit(impatient, () => undefined);
  const flood = () => {
    for (let route = 0; route < 150; route += 1) audit.refused(refusalOf('many', `/${route}`));
  };
  await whileLocked(async () => {
    flood();
    const flushed = audit.flush();
    flood();
    await flushed;
  });
  await audit.close();
  const rows = await toldOf('many');
  expect(Object.values(rows).reduce((sum, times) => sum + times, 0)).toBe(300);
  expect(Object.keys(rows).length).toBeLessThanOrEqual(101);
}, 60_000);
