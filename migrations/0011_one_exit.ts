/**
 * What the engine's functions need (`src/db/sql`, put in place after the steps): RETRY is held by a tick, always; what waits longer is
 * PENDING. Who had an action in hand last is known, so that a death is counted where there was one.
 */

import type { Knex } from 'knex';
import * as effectsInOneTrip from './0002_effects_in_one_trip.ts';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP FUNCTION aol_pass_gate, aol_record_attempt, aol_begin_again, aol_leave_tick, aol_cancel_released, aol_count_leaving;
    DROP INDEX aol_actions_claim_order, aol_actions_running;
    ALTER TABLE aol_actions DROP COLUMN claim_run, ADD COLUMN claim_worker text, DROP CONSTRAINT running_is_claimed,
      DROP CONSTRAINT waiting_is_unclaimed;

    WITH waiting AS (
      UPDATE aol_actions SET status = 'PENDING', updated_at = now() WHERE status = 'RETRY' AND claim_tick_id IS NULL RETURNING lane, id)
    INSERT INTO aol_execution_logs (lane, action_id, event, actor, message)
    SELECT lane, id, 'RELEASED', 'engine', 'it waits in the queue' FROM waiting;

    ALTER TABLE aol_actions
      ADD CONSTRAINT held_is_claimed CHECK ((status IN ('RUNNING', 'RETRY')) = (claim_tick_id IS NOT NULL)),
      ADD CONSTRAINT claim_is_whole CHECK ((claim_tick_id IS NULL) = (claim_lease_token IS NULL)
        AND (claim_tick_id IS NULL) = (claim_until IS NULL) AND (claim_worker IS NULL OR claim_tick_id IS NOT NULL));

    CREATE INDEX aol_actions_claim_order ON aol_actions (lane, mode, priority DESC, run_at, id)
      WITH (deduplicate_items = off) WHERE status = 'PENDING';
    -- By mode, so that who asks for effects does not pass what proofs have left behind.
    CREATE INDEX aol_actions_held ON aol_actions (lane, mode, claim_tick_id) WHERE status IN ('RUNNING', 'RETRY');
    -- The policy first_of_type asks whether there was one.
    CREATE INDEX aol_actions_real_success ON aol_actions (lane, type) WHERE mode = 'REAL' AND status = 'SUCCESS'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX aol_actions_claim_order, aol_actions_held, aol_actions_real_success;
    ALTER TABLE aol_actions DROP CONSTRAINT held_is_claimed, DROP CONSTRAINT claim_is_whole, DROP COLUMN claim_worker,
      ADD COLUMN claim_run integer,
      ADD CONSTRAINT running_is_claimed CHECK (status <> 'RUNNING'
        OR (claim_tick_id IS NOT NULL AND claim_lease_token IS NOT NULL AND claim_until IS NOT NULL)),
      ADD CONSTRAINT waiting_is_unclaimed CHECK (status NOT IN ('PENDING', 'AWAITING_APPROVAL', 'SUCCESS', 'DLQ', 'CANCELLED')
        OR claim_tick_id IS NULL);
    CREATE INDEX aol_actions_claim_order ON aol_actions (lane, mode, priority DESC, run_at, id)
      WITH (deduplicate_items = off) WHERE status = 'PENDING' OR (status = 'RETRY' AND claim_tick_id IS NULL);
    CREATE INDEX aol_actions_running ON aol_actions (lane, mode, claim_tick_id)
      WHERE status = 'RUNNING' OR (status = 'RETRY' AND claim_tick_id IS NOT NULL)`);
  await effectsInOneTrip.up(knex);
}
