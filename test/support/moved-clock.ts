/** Moves the clock of a database, by which AOL reckons: what waits for tomorrow is due now. */

import type { Database } from '../../src/db/pool.ts';

/** From now on it is so late for each new session; those that are open end. Twice counts from the real time. */
export async function moveClock(db: Database, to: Date): Promise<void> {
  const aheadMs = to.getTime() - Date.now();
  await db.query(`
    CREATE SCHEMA IF NOT EXISTS moved;
    CREATE OR REPLACE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
      AS 'SELECT pg_catalog.clock_timestamp() + interval ''${aheadMs} milliseconds''';
    CREATE OR REPLACE FUNCTION moved.now() RETURNS timestamptz LANGUAGE sql STABLE
      AS 'SELECT pg_catalog.now() + interval ''${aheadMs} milliseconds''';
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = moved, public, pg_catalog', current_database()); END $$`);
  await db.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
}
