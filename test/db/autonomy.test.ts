/** Levels of autonomy: no operator's change lets more of any type go by itself in any lane, whatever is set. */

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { listAutonomy, setAutonomy, unsetAutonomy } from '../../src/db/decide/autonomy.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { AUTONOMY_LEVELS, type AutonomyLevel, isLooser, levelInForce } from '../../src/domain/autonomy.ts';
import { ForbiddenError } from '../../src/domain/errors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let db: TestDatabase['pool'];
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.pool;
  await createLane(db, 'blog', 'admin');
});
afterAll(() => database.drop());
beforeEach(() => db.query('DELETE FROM aol_autonomy'));

const operator = { actor: 'operator', mayLoosen: false };
const admin = { actor: 'admin', mayLoosen: true };
const NAMES = { lane: ['*', 'default', 'blog'], type: ['*', 'POST_SOCIAL', 'CALL_WEBHOOK'] } as const;
const pair = { lane: fc.constantFrom(...NAMES.lane), type: fc.constantFrom(...NAMES.type) };
const row = fc.record({ ...pair, level: fc.constantFrom(...AUTONOMY_LEVELS) });
const rows = fc.uniqueArray(row, { selector: ({ lane, type }) => `${lane} ${type}`, maxLength: 9 });

interface Row {
  readonly lane: string;
  readonly type: string;
  readonly level: AutonomyLevel;
}

/** Of each type in each lane, also of those that no row names: what the gate goes by. */
async function levels(): Promise<Row[]> {
  const { rows: found } = await db.query<Row>(
    `SELECT lane, type, aol_autonomy_level(lane, type) AS level FROM unnest($1::text[]) AS lane, unnest($2::text[]) AS type
     ORDER BY lane, type`,
    [
      [...NAMES.lane, 'other'],
      [...NAMES.type, 'SEND_EMAIL'],
    ],
  );
  return found;
}

test('of any rows and any change: it is refused exactly where it loosens something, and then changes nothing', async () => {
  const level = fc.constantFrom(...AUTONOMY_LEVELS, null);
  await fc.assert(
    fc.asyncProperty(rows, fc.record({ ...pair, level }), async (given, { lane, type, level: to }) => {
      await db.query('DELETE FROM aol_autonomy');
      await db.query(
        `INSERT INTO aol_autonomy (lane, type, level, updated_by) SELECT lane, type, level, 'admin'
         FROM jsonb_to_recordset($1) AS given (lane text, type text, level text)`,
        [JSON.stringify(given)],
      );
      const change = async (by: typeof admin) => {
        await (to === null ? unsetAutonomy(db, { lane, type }, by) : setAutonomy(db, { lane, type, level: to }, by));
      };
      const before = await levels();
      const isRefused = await change(operator).then(
        () => false,
        (error: unknown) => {
          expect(error).toBeInstanceOf(ForbiddenError);
          return true;
        },
      );
      if (isRefused) {
        expect(await levels()).toEqual(before);
        await change(admin);
      }
      const after = await levels();
      expect(before.some((one, at) => isLooser(one.level, after[at]?.level ?? 'auto'))).toBe(isRefused);
      const set = await listAutonomy(db);
      expect(after.map((one) => levelInForce(set, one.lane, one.type)?.level ?? 'auto')).toEqual(
        after.map((one) => one.level),
      );
    }),
    { numRuns: 150 },
  );
});

test('a change waits for one that is not committed yet, and is compared with it', async () => {
  const engine = await db.connect();
  try {
    await engine.query('BEGIN');
    await engine.query(
      `INSERT INTO aol_autonomy (lane, type, level, updated_by) VALUES ('default', 'POST_SOCIAL', 'approve', 'engine')`,
    );
    const setting = setAutonomy(db, { lane: 'default', type: 'POST_SOCIAL', level: 'auto' }, operator);
    const refused = expect(setting).rejects.toThrow(ForbiddenError);
    await until('the change waits', async () => (await lockWaits(db)) > 0);
    await engine.query('COMMIT');
    await refused;
  } finally {
    engine.release();
  }
  expect(await listAutonomy(db)).toMatchObject([{ level: 'approve', updatedBy: 'engine' }]);
});
