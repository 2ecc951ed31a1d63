/** The supervisor looks each second for approvals whose time ran out: the index holds only those that wait. */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX aol_actions_approvals ON aol_actions (approval_expires_at) WHERE status = 'AWAITING_APPROVAL'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX aol_actions_approvals');
}
