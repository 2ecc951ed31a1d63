/** Notices that an approval ran out and that a provider's version ends, and destinations that are told only of what one approver may decide. */

import type { Knex } from 'knex';

const EVENTS = "'AWAITING_APPROVAL', 'UNCONFIRMED', 'DEAD_LETTERED', 'FLAG_CHANGED', 'ACCOUNT_CHANGED'";
const KINDS = `'test', 'lane_killed', 'lane_red', 'real_unlocked', 'real_locked', 'unconfirmed', 'account_held', 'account_token',
  'account_budget', 'autonomy_lowered', 'approval_expires', 'approval_waits', 'dead_letter'`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE aol_notice_destinations ADD COLUMN approver text CHECK (length(approver) BETWEEN 1 AND 200);
    ALTER TABLE aol_notices DROP CONSTRAINT aol_notices_kind_check;
    ALTER TABLE aol_notices ADD CONSTRAINT aol_notices_kind_check CHECK (kind IN (${KINDS}, 'approval_ran_out', 'account_version'));
    DROP TRIGGER aol_execution_logs_notice ON aol_execution_logs;
    CREATE TRIGGER aol_execution_logs_notice AFTER INSERT ON aol_execution_logs FOR EACH ROW
      WHEN (NEW.event IN (${EVENTS}) OR (NEW.event = 'CANCELLED' AND jsonb_exists(NEW.detail, 'expired')))
      EXECUTE FUNCTION aol_heed_notice()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER aol_execution_logs_notice ON aol_execution_logs;
    CREATE TRIGGER aol_execution_logs_notice AFTER INSERT ON aol_execution_logs FOR EACH ROW WHEN (NEW.event IN (${EVENTS}))
      EXECUTE FUNCTION aol_heed_notice();
    DELETE FROM aol_notices WHERE kind IN ('approval_ran_out', 'account_version');
    ALTER TABLE aol_notices DROP CONSTRAINT aol_notices_kind_check;
    ALTER TABLE aol_notices ADD CONSTRAINT aol_notices_kind_check CHECK (kind IN (${KINDS}));
    ALTER TABLE aol_notice_destinations DROP COLUMN approver`);
}
