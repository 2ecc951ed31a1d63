/** Claims that do not search all of the queue (F-10). */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { AdaptiveInterval } from '../../src/db/queue/adaptive-interval.ts';
import { claimWithActions, type WorkerIdentity } from '../../src/db/queue/claim.ts';
import { ClaimCursor, type Place } from '../../src/db/queue/claim-cursor.ts';
import { closeAttempts } from '../../src/db/queue/close.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { holder, proofWorker, request, setFlag, success } from '../support/engine.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let db: TestDatabase['pool'];

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.pool;
  await setFlag(db, 'tick_interval_ms', 0);
  await setFlag(db, 'max_actions_per_tick', 2);
});
/** Each starts with a lane of its own. */
let lane: string;
let lanes = 0;
const newLane = async () => {
  lanes += 1;
  lane = `lane-${lanes}`;
  await createLane(db, lane, 'test');
};
beforeEach(newLane);
afterAll(() => database.drop());

interface Row {
  readonly priority: number;
  readonly run_at: Date;
  readonly id: string;
}

const compare = (a: Omit<Row, 'priority'>, b: Omit<Row, 'priority'>) =>
  a.run_at.getTime() - b.run_at.getTime() || (a.id < b.id ? -1 : Number(a.id > b.id));
const inDueOrder = (rows: readonly Row[]) => [...rows].sort((a, b) => b.priority - a.priority || compare(a, b));
const aged = (priority: number, seconds: number) =>
  request({ lane, priority, runAt: new Date(Date.now() - 60_000 - seconds * 1_000).toISOString() });

async function queue(...requests: ReturnType<typeof aged>[]): Promise<Row[]> {
  await enqueue(db, requests, 'test');
  return inDueOrder((await db.query<Row>('SELECT priority, run_at, id FROM aol_actions WHERE lane = $1', [lane])).rows);
}

describe('a search from a place', () => {
  const arbitraryRow = fc.record({ priority: fc.integer({ min: 0, max: 2 }), seconds: fc.integer({ min: 0, max: 5 }) });

  test('finds the first behind it and of other priorities; or of all, when these are too few', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryRow, { minLength: 1, maxLength: 12 }),
        fc.nat({ max: 11 }),
        fc.integer({ min: 1, max: 5 }),
        async (wanted, at, atMost) => {
          await newLane();
          const rows = await queue(...wanted.map(({ priority, seconds }) => aged(priority, seconds)));
          const place = rows[at % rows.length];
          if (!place) throw new Error('there is one');
          const found = await db.query<Row & { is_oldest: boolean; from_start: boolean }>(
            `SELECT * FROM aol_lock_due($1, 'PROOF', $2, $3, $4, $5)`,
            [lane, atMost, place.priority, place.run_at, place.id],
          );
          const behind = rows.filter((row) => row.priority !== place.priority || compare(row, place) >= 0);
          const expected = (behind.length >= atMost ? behind : rows).slice(0, atMost).map(({ id }) => id);
          const first = inDueOrder(found.rows.filter((row) => !row.is_oldest));
          expect([...new Set(first.map(({ id }) => id))].slice(0, atMost)).toEqual(expected);
          expect(found.rows.some((row) => row.from_start)).toBe(behind.length < atMost);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('claims of a process to which searches from the start are slow', () => {
  const claimBy = async (cursor: ClaimCursor) => {
    const worker: WorkerIdentity = { ...proofWorker, cursor };
    const tickId = randomUUID();
    const claim = await claimWithActions(db, { holder: holder('r1', null, lane), tickId }, worker);
    const ids = (claim.actions ?? []).map(({ id }) => id);
    await closeAttempts(db, { tickId, token: 1 }, ids.map(success));
    return ids;
  };
  /** A search from the start took so long. */
  const slowSince = (row: Row | undefined, ms = 1_000) => {
    const cursor = new ClaimCursor();
    const place: Place = {
      mode: 'PROOF',
      priority: row?.priority ?? 0,
      runAt: row?.run_at.toISOString() ?? '',
      id: row?.id ?? '',
    };
    cursor.searched(lane, { ...place, fromStart: true, ms });
    return cursor;
  };

  test('go on from the place, take what is more urgent at once, and come back to what lies before', async () => {
    const [before, ...behind] = await queue(aged(0, 50), aged(0, 40), aged(0, 30), aged(0, 20), aged(0, 10));
    const cursor = slowSince(behind[0]);
    expect(await claimBy(cursor)).toEqual([behind[0]?.id, behind[1]?.id]);
    const [urgent] = await queue(aged(5, 0));
    const second = await claimBy(cursor);
    expect(second).toHaveLength(2);
    expect(second).toContain(urgent?.id);
    expect(second).not.toContain(before?.id);
    // Too little is left behind the place.
    expect(await claimBy(cursor)).toContain(before?.id);
  });

  test('a second later they search from the start again, however much lies behind the place', async () => {
    const [before, ...behind] = await queue(...Array.from({ length: 9 }, (_, index) => aged(0, 90 - index)));
    const cursor = slowSince(behind[0], 52);
    expect(cursor.from(lane, 'PROOF')).toMatchObject({ id: behind[0]?.id });
    expect(cursor.from(lane, 'REAL')).toBeNull();
    expect(cursor.from('other', 'PROOF')).toBeNull();
    await until('the place is forgotten', () => cursor.from(lane, 'PROOF') === null);
    expect(await claimBy(cursor)).toContain(before?.id);
  });

  test('each claim tells where the next search may begin', async () => {
    const rows = await queue(...Array.from({ length: 6 }, (_, index) => aged(0, 60 - index)));
    const cursor = slowSince(rows[0]);
    await claimBy(cursor);
    expect(cursor.from(lane, 'PROOF')).toMatchObject({ id: rows[0]?.id });
    await claimBy(cursor);
    expect(cursor.from(lane, 'PROOF')).toMatchObject({ id: rows[2]?.id });
  });
});

test('what is quick is done each time; what is slow gets a twentieth of the time, and its turn within seconds', () => {
  const interval = new AdaptiveInterval(5);
  expect(interval.isTime).toBe(true);
  interval.took(5);
  expect(interval.isTime).toBe(true);
  interval.took(500);
  expect(interval.isTime).toBe(false);
  const later = performance.now() + 5_001;
  const now = performance.now;
  performance.now = () => later;
  try {
    expect(interval.isTime).toBe(true);
  } finally {
    performance.now = now;
  }
});
