/**
 * What waits for approval is listed by the time that it is due, and what people did is found among millions of rows of the log. The API
 * renders with what workers say of their accounts.
 */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX aol_actions_due_approvals ON aol_actions (lane, run_at, id) WHERE status = 'AWAITING_APPROVAL';
    CREATE INDEX aol_execution_logs_acts ON aol_execution_logs (id) WHERE event NOT IN (
      'ENQUEUED', 'CLAIMED', 'ATTEMPT_STARTED', 'SUCCEEDED', 'RETRY_SCHEDULED', 'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED',
      'RELEASED', 'RECEIPT_RECORDED', 'LEASE_TAKEN', 'LEASE_RELEASED', 'REFUSED');
    -- What an account's entry says; of its secrets where they stand, and not what they are. Null until its worker has said it.
    ALTER TABLE aol_accounts ADD COLUMN settings jsonb CHECK (length(settings::text) <= 65536)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE aol_accounts DROP COLUMN settings;
    DROP INDEX aol_execution_logs_acts;
    DROP INDEX aol_actions_due_approvals`);
}
