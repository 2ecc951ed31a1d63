/** API tokens, what the stream of events needs, and indexes of lists. */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(API_TOKENS);
  await knex.raw(PRUNED_LOGS);
  await knex.raw(LOG_INDEXES);
  await knex.raw(eventCheck([...EVENTS, ...NEW_EVENTS]));
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    SET LOCAL aol.pruning = 'on';
    DELETE FROM aol_execution_logs WHERE event IN (${NEW_EVENTS.map((event) => `'${event}'`).join(', ')});
    SET LOCAL aol.pruning = 'off';
  `);
  await knex.raw(eventCheck(EVENTS));
  await knex.raw(`
    DROP INDEX aol_execution_logs_of_tick, aol_execution_logs_severe;
    DROP TRIGGER aol_execution_logs_pruned ON aol_execution_logs;
    DROP FUNCTION aol_note_pruned_logs;
    DROP SEQUENCE aol_pruned_log_id;
    DROP TABLE aol_api_tokens;
    DROP FUNCTION aol_guard_api_tokens;
  `);
}

const API_TOKENS = `
  CREATE TABLE aol_api_tokens (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    -- How the token begins, for people who look for it. The token itself is not kept.
    prefix text NOT NULL CHECK (length(prefix) BETWEEN 8 AND 24),
    sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz CHECK (expires_at > created_at),
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    CONSTRAINT revoked_by_somebody CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
  );
  CREATE UNIQUE INDEX aol_api_tokens_live_name ON aol_api_tokens (name) WHERE revoked_at IS NULL;

  CREATE FUNCTION aol_guard_api_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF (NEW.id, NEW.name, NEW.role, NEW.prefix, NEW.sha256, NEW.created_by, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.name, OLD.role, OLD.prefix, OLD.sha256, OLD.created_by, OLD.created_at)
        OR NEW.expires_at IS DISTINCT FROM OLD.expires_at
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
      RAISE EXCEPTION 'a token is used and revoked, and never changed' USING ERRCODE = 'AOL06';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER aol_api_tokens_immutable BEFORE UPDATE ON aol_api_tokens
    FOR EACH ROW EXECUTE FUNCTION aol_guard_api_tokens();
`;

/** The highest id of a log row that was pruned: whoever has read less than that may have missed rows. */
const PRUNED_LOGS = `
  CREATE SEQUENCE aol_pruned_log_id MINVALUE 0 START 0;

  -- As its owner: worker and API may not set sequences.
  CREATE FUNCTION aol_note_pruned_logs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
  DECLARE highest bigint;
  BEGIN
    SELECT max(id) INTO highest FROM gone;
    IF highest IS NOT NULL THEN
      PERFORM pg_advisory_xact_lock(hashtext('aol_pruned_log_id'));
      PERFORM setval('aol_pruned_log_id', greatest(highest, (SELECT last_value FROM aol_pruned_log_id)));
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER aol_execution_logs_pruned AFTER DELETE ON aol_execution_logs REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION aol_note_pruned_logs();
`;

const LOG_INDEXES = `
  CREATE INDEX aol_execution_logs_of_tick ON aol_execution_logs (tick_id, id) WHERE tick_id IS NOT NULL;
  CREATE INDEX aol_execution_logs_severe ON aol_execution_logs (id) WHERE level IN ('WARNING', 'ERROR');
`;

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
];
const NEW_EVENTS = ['TOKEN_CREATED', 'TOKEN_REVOKED', 'SIGNED_IN'];

function eventCheck(events: readonly string[]): string {
  return `
    ALTER TABLE aol_execution_logs DROP CONSTRAINT aol_execution_logs_event_check;
    ALTER TABLE aol_execution_logs ADD CONSTRAINT aol_execution_logs_event_check
      CHECK (event IN (${events.map((event) => `'${event}'`).join(', ')}));
  `;
}
