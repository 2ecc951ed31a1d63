/** What preparations of effects have left: uploads, look-ups. It goes with its action. */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE aol_preparations (
      action_id uuid NOT NULL REFERENCES aol_actions ON DELETE CASCADE,
      name text NOT NULL CHECK (name ~ '^[a-z0-9-]{1,40}$'),
      result jsonb NOT NULL DEFAULT 'null' CHECK (length(result::text) <= 65536),
      is_ready boolean NOT NULL DEFAULT false,
      failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (action_id, name))`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE aol_preparations');
}
