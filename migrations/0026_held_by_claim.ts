/** What is held is found by who claimed it. By its status the planner took the index of all statuses, which passes what was held before. */

import type { Knex } from 'knex';

const held = (condition: string) => `
  DROP INDEX aol_actions_held;
  CREATE INDEX aol_actions_held ON aol_actions (lane, mode, claim_tick_id) WHERE ${condition}`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(held('claim_tick_id IS NOT NULL'));
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(held("status IN ('RUNNING', 'RETRY')"));
}
