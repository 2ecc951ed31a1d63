/**
 * Accounts: their states, what providers rotate (encrypted), their budgets and what was used of them. An action knows which account
 * it waits for.
 */

import type { Knex } from 'knex';

const EVENTS = [
  'ENQUEUED',
  'CLAIMED',
  'ATTEMPT_STARTED',
  'SUCCEEDED',
  'RETRY_SCHEDULED',
  'AWAITING_APPROVAL',
  'DEAD_LETTERED',
  'UNCONFIRMED',
  'RELEASED',
  'CANCEL_REQUESTED',
  'CANCELLED',
  'APPROVED',
  'REJECTED',
  'REPLAYED',
  'RESOLVED',
  'RECEIPT_RECORDED',
  'PROMOTED',
  'FLAG_CHANGED',
  'LANE_CREATED',
  'LEASE_TAKEN',
  'LEASE_RELEASED',
  'REFUSED',
  'TOKEN_CREATED',
  'TOKEN_REVOKED',
  'SIGNED_IN',
];

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE aol_accounts (
      name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 300),
      provider text NOT NULL,
      identity text NOT NULL,
      server text NOT NULL,
      is_configured boolean NOT NULL DEFAULT true,
      configured_by text,
      state text NOT NULL DEFAULT 'not_checked'
        CHECK (state IN ('not_checked', 'ready', 'needs_login', 'on_hold', 'limited')),
      reason text CHECK (length(reason) <= 2000),
      until timestamptz,
      facts jsonb NOT NULL DEFAULT '{}' CHECK (length(facts::text) <= 65536),
      limits jsonb NOT NULL DEFAULT '[]',
      credential bytea,
      credential_of text,
      refused_of text,
      credential_version integer NOT NULL DEFAULT 0,
      token_expires_at timestamptz,
      refreshed_at timestamptz,
      check_asked_at timestamptz,
      checked_at timestamptz,
      entry_per_hour integer CHECK (entry_per_hour >= 0),
      entry_per_day integer CHECK (entry_per_day >= 0),
      set_per_hour integer CHECK (set_per_hour >= 0),
      set_per_day integer CHECK (set_per_day >= 0),
      budget_set_by text,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      CONSTRAINT a_hold_has_its_reason CHECK (reason IS NOT NULL OR state IN ('not_checked', 'ready')),
      CONSTRAINT a_limit_ends CHECK (until IS NOT NULL OR state <> 'limited'));

    -- What a provider rotated is replaced, and never lost.
    CREATE FUNCTION aol_keep_credential() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the credential of an account is replaced by a newer one, and never removed' USING ERRCODE = 'AOL08';
    END $$;
    CREATE TRIGGER aol_accounts_keep_credential BEFORE UPDATE OF credential, credential_version ON aol_accounts FOR EACH ROW
      WHEN (OLD.credential IS NOT NULL AND (NEW.credential IS NULL OR (NEW.credential IS DISTINCT FROM OLD.credential
        AND NEW.credential_version <= OLD.credential_version)))
      EXECUTE FUNCTION aol_keep_credential();

    CREATE TABLE aol_budget_use (
      account text NOT NULL REFERENCES aol_accounts ON DELETE CASCADE,
      span text NOT NULL CHECK (span IN ('hour', 'day')),
      begins_at timestamptz NOT NULL,
      used integer NOT NULL CHECK (used >= 0),
      PRIMARY KEY (account, span, begins_at));

    ALTER TABLE aol_actions ADD COLUMN held_by text;
    CREATE INDEX aol_actions_held_by ON aol_actions (held_by) WHERE held_by IS NOT NULL;
    ${eventCheck([...EVENTS, 'ACCOUNT_CHANGED'])}`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE aol_actions DROP COLUMN held_by;
    DROP TABLE aol_budget_use, aol_accounts;
    DROP FUNCTION aol_keep_credential;
    ALTER TABLE aol_execution_logs DISABLE TRIGGER USER;
    UPDATE aol_execution_logs SET event = 'FLAG_CHANGED' WHERE event = 'ACCOUNT_CHANGED';
    ALTER TABLE aol_execution_logs ENABLE TRIGGER USER;
    ${eventCheck(EVENTS)}`);
}

function eventCheck(events: readonly string[]): string {
  return `ALTER TABLE aol_execution_logs DROP CONSTRAINT aol_execution_logs_event_check,
    ADD CONSTRAINT aol_execution_logs_event_check CHECK (event IN (${events.map((event) => `'${event}'`).join(', ')}));`;
}
