/** How far a type of action may go by itself in a lane, and what takes that back. */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE aol_autonomy (
      lane text NOT NULL,
      type text NOT NULL CHECK (type = '*' OR type ~ '^[A-Z][A-Z0-9_]{0,62}$'),
      level text NOT NULL CHECK (level IN ('draft', 'approve', 'auto')),
      updated_by text NOT NULL,
      reason text,
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (lane, type));

    -- What it does stands in src/db/sql/autonomy.sql.
    CREATE FUNCTION aol_heed_failure() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM aol_lower_autonomy(NEW.action_id, NEW.event);
      RETURN NULL;
    END $$;
    CREATE TRIGGER aol_execution_logs_heed_failure AFTER INSERT ON aol_execution_logs FOR EACH ROW
      WHEN (NEW.event IN ('REJECTED', 'UNCONFIRMED', 'DEAD_LETTERED')) EXECUTE FUNCTION aol_heed_failure()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER aol_execution_logs_heed_failure ON aol_execution_logs;
    DROP FUNCTION aol_heed_failure;
    DROP TABLE aol_autonomy`);
}
