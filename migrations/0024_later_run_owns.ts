/** Of two runs of one lane the later one lives: the lease knows when its owner's run began. */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE aol_lease ADD COLUMN owner_started_at timestamptz');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE aol_lease DROP COLUMN owner_started_at');
}
