import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool, type Database, type Packets, type Queryable, query, quickTransaction } from '../../src/db/pool.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let one: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query('CREATE TABLE notes (text text PRIMARY KEY)');
  // A single connection: what one transaction leaves behind, the next one meets.
  one = createPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 1 });
});
afterEach(() => database.pool.query('TRUNCATE notes'));
afterAll(async () => {
  await one.end();
  await database.drop();
});

const write = (db: Queryable, text: string) => query(db, 'INSERT INTO notes VALUES ($1)', [text]);
const notes = async () =>
  (await database.pool.query('SELECT text FROM notes ORDER BY text')).rows.map((row) => row.text);
const inTransaction = (db: Queryable) =>
  query<{ id: string }>(db, 'SELECT pg_current_xact_id()::text AS id').then(([row]) => row?.id);

describe('a transaction in few round trips', () => {
  test('is one transaction from what leaves with its beginning to its last statement', async () => {
    const ids = await quickTransaction(one, async (db, { begun, last }) => {
      const [first] = await Promise.all([inTransaction(db), begun]);
      await write(db, 'a');
      expect(await notes()).toEqual([]);
      return [first, await last(inTransaction(db))];
    });
    expect(new Set(ids).size).toBe(1);
    expect(await notes()).toEqual(['a']);
  });

  test('is committed when its work ends without a last statement', async () => {
    await quickTransaction(one, async (db, { begun }) => {
      await begun;
      await write(db, 'a');
    });
    expect(await notes()).toEqual(['a']);
  });

  const failing: Readonly<Record<string, (db: Queryable, packets: Packets) => Promise<unknown>>> = {
    'its work throws': async (db, { begun }) => {
      await begun;
      await write(db, 'a');
      throw new Error('no');
    },
    'its last statement fails': async (db, { begun, last }) => {
      await begun;
      await write(db, 'a');
      return last(query(db, 'SELECT 1 / 0'));
    },
    'what leaves with its beginning fails': async (db, { begun }) => {
      await Promise.all([query(db, 'SELECT 1 / 0'), begun]);
      return write(db, 'a');
    },
  };
  for (const [what, work] of Object.entries(failing)) {
    test(`leaves nothing when ${what}, and the connection goes on`, async () => {
      await expect(quickTransaction(one, work)).rejects.toThrow(/no|division by zero/);
      expect(await notes()).toEqual([]);
      await quickTransaction(one, async (db, { begun, last }) => {
        await begun;
        return last(write(db, 'b'));
      });
      expect(await notes()).toEqual(['b']);
    });
  }

  test('that could not begin does nothing, whatever its work asks for after it', async () => {
    const work = async (db: Queryable, { begun }: Packets) => {
      await Promise.all([query(db, 'SELECT 1'), begun]);
      return write(db, 'a');
    };
    await expect(quickTransaction(one, work, 'BEGINN')).rejects.toThrow('syntax error');
    expect(await notes()).toEqual([]);
    await quickTransaction(one, work);
    expect(await notes()).toEqual(['a']);
  });
});
