/** Of what waits for a budget, the oldest few are found without reading all that waits. What was cancelled while it waited is not among them. */

import type { Knex } from 'knex';

const heldBy = (columns: string, condition: string) => `
  DROP INDEX aol_actions_held_by;
  CREATE INDEX aol_actions_held_by ON aol_actions (${columns}) WHERE ${condition}`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(heldBy('held_by, id', "held_by IS NOT NULL AND status = 'PENDING'"));
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(heldBy('held_by', 'held_by IS NOT NULL'));
}
