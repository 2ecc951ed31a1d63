/**
 * Notices: what people should know of, once for each destination, and the messages that tell them. What becomes a notice stands in
 * src/db/sql/notices.sql.
 */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- The workflow that sends notices is called aol/notices, as a lane of that name would be.
    ALTER TABLE aol_lease ADD CONSTRAINT no_lane_is_called_notices CHECK (lane <> 'notices');

    -- Where notices go, as the workers say that have it. Without one nothing is kept.
    CREATE TABLE aol_notice_destinations (
      name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 400),
      seen_at timestamptz NOT NULL DEFAULT clock_timestamp());

    -- One mail, chat message or webhook. It is tried until it has arrived, or is given up; content is what it says, each time the same.
    CREATE TABLE aol_notice_messages (
      id uuid PRIMARY KEY,
      destination text NOT NULL,
      subject text NOT NULL CHECK (length(subject) <= 500),
      content jsonb NOT NULL,
      state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'given_up')),
      attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
      -- An attempt began and its end is not known, or it ended without an answer.
      may_have_arrived boolean NOT NULL DEFAULT false,
      claimed_by text,
      claimed_at timestamptz,
      next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      last_error text CHECK (length(last_error) <= 2000),
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      sent_at timestamptz,
      CONSTRAINT what_is_sent_has_its_time CHECK ((state = 'sent') = (sent_at IS NOT NULL)));
    CREATE INDEX aol_notice_messages_of_destination ON aol_notice_messages (destination, created_at);
    -- The next message of a destination waits for the one before.
    CREATE UNIQUE INDEX aol_notice_messages_one_waits ON aol_notice_messages (destination) WHERE state = 'waiting';

    CREATE TABLE aol_notices (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      occasion text NOT NULL CHECK (length(occasion) <= 600),
      destination text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('test', 'lane_killed', 'lane_red', 'real_unlocked', 'real_locked', 'unconfirmed', 'account_held',
        'account_token', 'account_budget', 'autonomy_lowered', 'approval_expires', 'approval_waits', 'dead_letter')),
      lane text,
      action_id uuid,
      account text,
      detail jsonb NOT NULL DEFAULT '{}',
      -- moot: somebody has seen to it before it was told.
      state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'told', 'moot')),
      message_id uuid REFERENCES aol_notice_messages (id) DEFERRABLE INITIALLY DEFERRED,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      UNIQUE (occasion, destination),
      CONSTRAINT what_is_told_has_its_message CHECK ((state = 'told') = (message_id IS NOT NULL)));
    CREATE INDEX aol_notices_waiting ON aol_notices (destination, at) WHERE state = 'waiting';
    CREATE INDEX aol_notices_of_message ON aol_notices (message_id) WHERE message_id IS NOT NULL;
    CREATE INDEX aol_notices_by_time ON aol_notices (at);

    CREATE FUNCTION aol_heed_notice() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM aol_notice_of_log(NEW);
      RETURN NULL;
    END $$;
    -- In the transaction of what it tells of: the one is committed with the other, or neither is.
    CREATE TRIGGER aol_execution_logs_notice AFTER INSERT ON aol_execution_logs FOR EACH ROW
      WHEN (NEW.event IN ('AWAITING_APPROVAL', 'UNCONFIRMED', 'DEAD_LETTERED', 'FLAG_CHANGED', 'ACCOUNT_CHANGED'))
      EXECUTE FUNCTION aol_heed_notice()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER aol_execution_logs_notice ON aol_execution_logs;
    DROP FUNCTION aol_heed_notice;
    DROP TABLE aol_notices, aol_notice_messages, aol_notice_destinations;
    ALTER TABLE aol_lease DROP CONSTRAINT no_lane_is_called_notices`);
}
