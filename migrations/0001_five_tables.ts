/** The five tables, with the rules that the database itself holds. */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(ACTIONS);
  await knex.raw(CONTROL_FLAGS);
  await knex.raw(EXECUTION_LOGS);
  await knex.raw(LEASE);
  await knex.raw(TICK_LEDGER);
  await knex.raw(ACTION_RULES);
  await knex.raw(LOG_RULES);
  await knex.raw(LEASE_RULES);
  await knex.raw(FIRST_LANE);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE aol_tick_ledger, aol_lease, aol_execution_logs, aol_control_flags, aol_actions;
    DROP FUNCTION aol_check_new_actions, aol_check_action_change, aol_check_action_delete, aol_transition_allowed,
      aol_refuse_immutable_columns, aol_guard_logs, aol_guard_lease, aol_create_lane, aol_prune_logs, aol_flag_value_valid;
  `);
}

const ACTIONS = `
  CREATE TABLE aol_actions (
    id uuid PRIMARY KEY,
    lane text NOT NULL,
    type text NOT NULL CHECK (type ~ '^[A-Z][A-Z0-9_]{0,99}$'),
    payload jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
    idempotency_key text NOT NULL CHECK (octet_length(idempotency_key) BETWEEN 1 AND 255),
    request_hash text NOT NULL CHECK (request_hash ~ '^[0-9a-f]{64}$'),
    status text NOT NULL DEFAULT 'PENDING' CHECK (status IN
      ('PENDING', 'RUNNING', 'RETRY', 'AWAITING_APPROVAL', 'SUCCESS', 'UNCONFIRMED', 'DLQ', 'CANCELLED')),
    mode text NOT NULL DEFAULT 'PROOF' CHECK (mode IN ('PROOF', 'REAL')),
    promoted_from uuid REFERENCES aol_actions (id),
    priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
    run_at timestamptz NOT NULL DEFAULT now(),
    -- When it was first due. A retry moves run_at; what is rendered must not change with it.
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts smallint NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND max_attempts),
    attempts_before integer NOT NULL DEFAULT 0 CHECK (attempts_before >= 0),
    max_attempts smallint NOT NULL DEFAULT 3 CHECK (max_attempts BETWEEN 1 AND 3),
    claim_tick_id uuid,
    claim_lease_token bigint,
    claim_until timestamptz,
    claim_count smallint NOT NULL DEFAULT 0 CHECK (claim_count >= 0),
    -- The run of the effect's activity that began last and has not ended yet, as far as the database knows.
    claim_run integer,
    dlq_reason text CHECK (dlq_reason IN ('rejected', 'exhausted', 'crashed')),
    artifact_sha256 text CHECK (artifact_sha256 ~ '^[0-9a-f]{64}$'),
    artifact_uri text,
    approval_needed boolean NOT NULL DEFAULT false,
    approval_by text,
    approval_at timestamptz,
    approval_sha256 text CHECK (approval_sha256 ~ '^[0-9a-f]{64}$'),
    approval_expires_at timestamptz,
    receipt jsonb,
    last_error text CHECK (length(last_error) <= 4000),
    cancel_requested boolean NOT NULL DEFAULT false,
    workflow_id text,
    run_id text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    UNIQUE (lane, idempotency_key),
    CONSTRAINT promoted_is_real CHECK (promoted_from IS NULL OR mode = 'REAL'),
    CONSTRAINT running_is_claimed CHECK (status <> 'RUNNING'
      OR (claim_tick_id IS NOT NULL AND claim_lease_token IS NOT NULL AND claim_until IS NOT NULL)),
    CONSTRAINT waiting_is_unclaimed CHECK (status NOT IN ('PENDING', 'AWAITING_APPROVAL', 'SUCCESS', 'DLQ', 'CANCELLED')
      OR claim_tick_id IS NULL),
    CONSTRAINT dead_letter_has_reason CHECK ((status = 'DLQ') = (dlq_reason IS NOT NULL)),
    CONSTRAINT success_has_artifact CHECK (status <> 'SUCCESS' OR artifact_sha256 IS NOT NULL),
    CONSTRAINT real_success_has_receipt CHECK (NOT (status = 'SUCCESS' AND mode = 'REAL') OR receipt IS NOT NULL),
    CONSTRAINT artifact_is_whole CHECK ((artifact_sha256 IS NULL) = (artifact_uri IS NULL)),
    CONSTRAINT final_is_finished CHECK ((status IN ('SUCCESS', 'CANCELLED')) = (finished_at IS NOT NULL))
  ) WITH (fillfactor = 80);

  -- What a tick may claim: due order, and oldest first. A RETRY without a claim has no live tick that waits for it.
  CREATE INDEX aol_actions_claim_order ON aol_actions (lane, mode, priority DESC, run_at, id)
    WHERE status = 'PENDING' OR (status = 'RETRY' AND claim_tick_id IS NULL);
  CREATE INDEX aol_actions_due_time ON aol_actions (lane, mode, run_at, id)
    WHERE status = 'PENDING' OR (status = 'RETRY' AND claim_tick_id IS NULL);
  CREATE INDEX aol_actions_running ON aol_actions (lane, claim_tick_id)
    WHERE status = 'RUNNING' OR (status = 'RETRY' AND claim_tick_id IS NOT NULL);
  CREATE INDEX aol_actions_by_status ON aol_actions (lane, status, id);
  CREATE UNIQUE INDEX aol_actions_promoted_once ON aol_actions (promoted_from) WHERE promoted_from IS NOT NULL;
`;

const CONTROL_FLAGS = `
  CREATE FUNCTION aol_flag_value_valid(name text, value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
      WHEN name IN ('paused', 'killed', 'proof_only') THEN jsonb_typeof(value) = 'boolean'
      WHEN name IN ('max_actions_per_tick', 'tick_interval_ms', 'max_tick_ms', 'max_running') THEN
        CASE WHEN jsonb_typeof(value) <> 'number' THEN false
          WHEN (value #>> '{}')::numeric % 1 <> 0 THEN false
          WHEN name = 'tick_interval_ms' THEN (value #>> '{}')::numeric BETWEEN 0 AND 3600000
          WHEN name = 'max_tick_ms' THEN (value #>> '{}')::numeric BETWEEN 1000 AND 60000
          ELSE (value #>> '{}')::numeric BETWEEN 1 AND 1000 END
      WHEN name = 'approval_policy' THEN value IN ('"none"', '"first_of_type"', '"all"')
      ELSE false END
  $$;

  CREATE TABLE aol_control_flags (
    lane text NOT NULL CHECK (lane = '*' OR lane ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    name text NOT NULL,
    value jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    updated_by text NOT NULL,
    reason text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (lane, name),
    CONSTRAINT flag_is_known_and_valid CHECK (aol_flag_value_valid(name, value))
  );
`;

const EXECUTION_LOGS = `
  CREATE TABLE aol_execution_logs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lane text NOT NULL,
    action_id uuid,
    tick_id uuid,
    attempt integer CHECK (attempt >= 1),
    event text NOT NULL CHECK (event IN ('ENQUEUED', 'CLAIMED', 'ATTEMPT_STARTED', 'SUCCEEDED', 'RETRY_SCHEDULED',
      'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED', 'RELEASED', 'CANCEL_REQUESTED', 'CANCELLED', 'APPROVED',
      'REJECTED', 'REPLAYED', 'RESOLVED', 'RECEIPT_RECORDED', 'PROMOTED', 'FLAG_CHANGED', 'LANE_CREATED',
      'LEASE_TAKEN', 'LEASE_RELEASED', 'REFUSED')),
    level text NOT NULL DEFAULT 'INFO' CHECK (level IN ('DEBUG', 'INFO', 'WARNING', 'ERROR')),
    actor text NOT NULL,
    message text NOT NULL,
    detail jsonb,
    artifact_sha256 text CHECK (artifact_sha256 ~ '^[0-9a-f]{64}$'),
    duration_ms double precision CHECK (duration_ms >= 0),
    CONSTRAINT attempt_belongs_to_action CHECK (attempt IS NULL OR action_id IS NOT NULL)
  );

  CREATE INDEX aol_execution_logs_of_action ON aol_execution_logs (action_id, id) WHERE action_id IS NOT NULL;
  -- The attempt journal: one intent and one outcome for each attempt.
  CREATE UNIQUE INDEX aol_execution_logs_one_intent ON aol_execution_logs (action_id, attempt)
    WHERE event = 'ATTEMPT_STARTED';
  CREATE UNIQUE INDEX aol_execution_logs_one_outcome ON aol_execution_logs (action_id, attempt)
    WHERE attempt IS NOT NULL AND event IN
      ('SUCCEEDED', 'RETRY_SCHEDULED', 'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED', 'RELEASED');
`;

const LEASE = `
  CREATE TABLE aol_lease (
    lane text PRIMARY KEY CHECK (lane ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    owner text,
    token bigint NOT NULL DEFAULT 0 CHECK (token >= 0),
    mode text NOT NULL DEFAULT 'PROOF' CHECK (mode IN ('PROOF', 'REAL')),
    acquired_at timestamptz,
    renewed_at timestamptz,
    expires_at timestamptz,
    CONSTRAINT held_is_whole CHECK (owner IS NULL
      OR (token >= 1 AND acquired_at IS NOT NULL AND renewed_at IS NOT NULL AND expires_at IS NOT NULL))
  ) WITH (fillfactor = 50);
`;

const TICK_LEDGER = `
  CREATE TABLE aol_tick_ledger (
    id uuid PRIMARY KEY,
    lane text NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    lease_token bigint NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('PROOF', 'REAL')),
    outcome text CHECK (outcome IN ('OK', 'IDLE', 'PAUSED', 'NO_LEASE', 'OVERRUN', 'KILLED', 'ERROR')),
    claimed integer NOT NULL DEFAULT 0 CHECK (claimed >= 0),
    succeeded integer NOT NULL DEFAULT 0 CHECK (succeeded >= 0),
    failed integer NOT NULL DEFAULT 0 CHECK (failed >= 0),
    retried integer NOT NULL DEFAULT 0 CHECK (retried >= 0),
    released integer NOT NULL DEFAULT 0 CHECK (released >= 0),
    awaiting integer NOT NULL DEFAULT 0 CHECK (awaiting >= 0),
    running integer NOT NULL DEFAULT 0 CHECK (running >= 0),
    dead_lettered integer NOT NULL DEFAULT 0 CHECK (dead_lettered >= 0),
    unconfirmed integer NOT NULL DEFAULT 0 CHECK (unconfirmed >= 0),
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    duration_ms double precision CHECK (duration_ms >= 0),
    repeats integer NOT NULL DEFAULT 1 CHECK (repeats >= 1),
    error text CHECK (length(error) <= 4000),
    UNIQUE (lane, number),
    CONSTRAINT counts_balance CHECK (claimed = succeeded + failed + retried + released + awaiting + running),
    CONSTRAINT failures_are_told_apart CHECK (failed = dead_lettered + unconfirmed),
    CONSTRAINT closed_has_outcome CHECK ((finished_at IS NULL) = (outcome IS NULL))
  ) WITH (fillfactor = 80);
  CREATE INDEX aol_tick_ledger_by_start ON aol_tick_ledger (started_at, id);
  CREATE INDEX aol_tick_ledger_open ON aol_tick_ledger (lane) WHERE finished_at IS NULL;
`;

const ACTION_RULES = `
  CREATE FUNCTION aol_transition_allowed(old_status text, new_status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT (old_status, new_status) IN (
      ('PENDING', 'RUNNING'), ('PENDING', 'CANCELLED'),
      ('RUNNING', 'SUCCESS'), ('RUNNING', 'AWAITING_APPROVAL'), ('RUNNING', 'RETRY'), ('RUNNING', 'PENDING'),
      ('RUNNING', 'DLQ'), ('RUNNING', 'UNCONFIRMED'),
      ('RETRY', 'RUNNING'), ('RETRY', 'CANCELLED'), ('RETRY', 'PENDING'), ('RETRY', 'DLQ'),
      ('AWAITING_APPROVAL', 'PENDING'), ('AWAITING_APPROVAL', 'CANCELLED'),
      ('UNCONFIRMED', 'SUCCESS'), ('UNCONFIRMED', 'PENDING'), ('UNCONFIRMED', 'CANCELLED'),
      ('DLQ', 'PENDING'), ('DLQ', 'CANCELLED'))
  $$;

  CREATE FUNCTION aol_check_action_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NOT aol_transition_allowed(OLD.status, NEW.status) THEN
      RAISE EXCEPTION 'an action must not go from % to %', OLD.status, NEW.status
        USING ERRCODE = 'AOL01', CONSTRAINT = 'aol_transition_allowed';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER aol_actions_transition BEFORE UPDATE OF status ON aol_actions
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION aol_check_action_change();

  CREATE FUNCTION aol_refuse_immutable_columns() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'what was asked for must not be changed afterwards' USING ERRCODE = 'AOL02';
  END $$;
  CREATE TRIGGER aol_actions_immutable BEFORE UPDATE OF id, lane, type, payload, idempotency_key, request_hash, mode,
    promoted_from, due_at, created_by, created_at ON aol_actions
    FOR EACH ROW EXECUTE FUNCTION aol_refuse_immutable_columns();

  CREATE FUNCTION aol_check_new_actions() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM new_actions WHERE status <> 'PENDING' OR claim_tick_id IS NOT NULL) THEN
      RAISE EXCEPTION 'an action begins as PENDING' USING ERRCODE = 'AOL01', CONSTRAINT = 'aol_transition_allowed';
    END IF;
    IF EXISTS (SELECT FROM (SELECT DISTINCT lane FROM new_actions) AS used
        WHERE NOT EXISTS (SELECT FROM aol_lease WHERE aol_lease.lane = used.lane)) THEN
      RAISE EXCEPTION 'the lane does not exist' USING ERRCODE = 'AOL03';
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER aol_actions_new AFTER INSERT ON aol_actions REFERENCING NEW TABLE AS new_actions
    FOR EACH STATEMENT EXECUTE FUNCTION aol_check_new_actions();

  CREATE FUNCTION aol_check_action_delete() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF OLD.status NOT IN ('SUCCESS', 'CANCELLED') THEN
      RAISE EXCEPTION 'only a finished action may be deleted, this one is %', OLD.status USING ERRCODE = 'AOL01';
    END IF;
    RETURN OLD;
  END $$;
  CREATE TRIGGER aol_actions_delete BEFORE DELETE ON aol_actions
    FOR EACH ROW EXECUTE FUNCTION aol_check_action_delete();
`;

const LOG_RULES = `
  CREATE FUNCTION aol_guard_logs() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'DELETE' AND current_setting('aol.pruning', true) = 'on' THEN
      RETURN NULL;
    END IF;
    RAISE EXCEPTION 'aol_execution_logs is append-only: % refused', TG_OP USING ERRCODE = 'AOL04';
  END $$;
  CREATE TRIGGER aol_execution_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aol_execution_logs
    FOR EACH STATEMENT EXECUTE FUNCTION aol_guard_logs();

  -- The one pruning function: rows older than a time, a bounded number of them. Answers how many went.
  CREATE FUNCTION aol_prune_logs(older_than timestamptz, at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE pruned integer;
  BEGIN
    PERFORM set_config('aol.pruning', 'on', true);
    DELETE FROM aol_execution_logs WHERE id IN (
      SELECT l.id FROM aol_execution_logs l WHERE l.at < older_than
        AND NOT EXISTS (SELECT FROM aol_actions a WHERE a.id = l.action_id)
      ORDER BY l.id LIMIT at_most);
    GET DIAGNOSTICS pruned = ROW_COUNT;
    PERFORM set_config('aol.pruning', 'off', true);
    RETURN pruned;
  END $$;
`;

const LEASE_RULES = `
  CREATE FUNCTION aol_guard_lease() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'DELETE' THEN
      RAISE EXCEPTION 'a lane is never deleted' USING ERRCODE = 'AOL05';
    END IF;
    IF NEW.lane <> OLD.lane OR NEW.token < OLD.token
        OR (NEW.owner IS DISTINCT FROM OLD.owner AND NEW.owner IS NOT NULL AND NEW.token <= OLD.token) THEN
      RAISE EXCEPTION 'the fencing token of a lane must grow at each change of owner' USING ERRCODE = 'AOL05';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER aol_lease_fence BEFORE UPDATE OF lane, owner, token OR DELETE ON aol_lease
    FOR EACH ROW EXECUTE FUNCTION aol_guard_lease();
`;

const FIRST_LANE = `
  INSERT INTO aol_control_flags (lane, name, value, updated_by, reason)
    SELECT '*', name, value::jsonb, 'system', 'default of the first start' FROM (VALUES
      ('paused', 'false'), ('killed', 'false'), ('proof_only', 'true'), ('max_actions_per_tick', '3'),
      ('tick_interval_ms', '5000'), ('max_tick_ms', '20000'), ('max_running', '100'), ('approval_policy', '"none"')
    ) AS defaults (name, value);

  -- A lane is its lease row, and its own paused and killed flags, which are there from the start so that
  -- pressing stop is always an update of a row that every attempt can lock. True when the lane is new.
  CREATE FUNCTION aol_create_lane(new_lane text, actor text) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE created boolean;
  BEGIN
    INSERT INTO aol_lease (lane) VALUES (new_lane) ON CONFLICT DO NOTHING;
    created := FOUND;
    IF created THEN
      INSERT INTO aol_control_flags (lane, name, value, updated_by, reason)
        VALUES (new_lane, 'paused', 'false', actor, 'lane created'), (new_lane, 'killed', 'false', actor, 'lane created')
        ON CONFLICT DO NOTHING;
      INSERT INTO aol_execution_logs (lane, event, actor, message)
        VALUES (new_lane, 'LANE_CREATED', actor, 'lane created');
    END IF;
    RETURN created;
  END $$;
  SELECT aol_create_lane('default', 'system');
`;
