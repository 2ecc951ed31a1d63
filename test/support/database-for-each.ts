import { afterAll, beforeEach } from '@jest/globals';
import type { Database, PoolOptions } from '../../src/db/pool.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/** Each test of the file begins with a database of its own, as `begin` leaves it. */
export function databaseForEach(begin: (db: Database) => unknown, options: Partial<PoolOptions> = {}): void {
  let database: TestDatabase | undefined;
  beforeEach(async () => {
    await database?.drop();
    database = await createTestDatabase(options);
    await begin(database.pool);
  });
  afterAll(() => database?.drop());
}
