/** The flags in force are computed twice: in SQL for the engine, in TypeScript for readers. Both say the same of the same rows. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFlagRows } from '../../src/db/decide/flags.ts';
import { ALL_LANES, FLAG_NAMES, FLAGS, type FlagKind, type FlagName, flagsInForce } from '../../src/domain/flags.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const anyValueOf = (name: FlagName) => {
  const kind: FlagKind = FLAGS[name].kind;
  if (kind.type === 'boolean') return fc.boolean();
  if (kind.type === 'choice') return fc.constantFrom(...kind.choices);
  return fc.integer({ min: kind.minimum, max: kind.maximum });
};
const row = fc.constantFrom(...FLAG_NAMES).chain((name) =>
  fc.record({
    lane: fc.constantFrom(ALL_LANES, 'default'),
    name: fc.constant(name),
    value: anyValueOf(name),
    endsInS: fc.constantFrom(null, -60, 60),
  }),
);

test('of any rows, also those whose time ran out', async () => {
  const rows = fc.uniqueArray(row, {
    selector: ({ lane, name }) => `${lane} ${name}`,
    maxLength: 2 * FLAG_NAMES.length,
  });
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const db = database.pool;
      await db.query('DELETE FROM aol_control_flags');
      for (const { lane, name, value, endsInS } of given) {
        const ends = name === 'proof_only' && value === false ? endsInS : null;
        await db.query(
          `INSERT INTO aol_control_flags (lane, name, value, updated_by, expires_at)
           VALUES ($1, $2, $3::jsonb, 'test', clock_timestamp() + $4::float8 * interval '1 second')`,
          [lane, name, JSON.stringify(value), ends],
        );
      }
      const { rows: inSql } = await db.query(`SELECT * FROM aol_lane_flags('default')`);
      expect(inSql[0]).toEqual(flagsInForce('default', await readFlagRows(db, 'default')));
    }),
    { numRuns: 60 },
  );
});
