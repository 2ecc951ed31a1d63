/**
 * Roles that are no ladder, tokens bound to lanes and types, approvals by several people, and REAL that locks itself again. What the
 * triggers ask stands in `src/db/sql` (`approvals.sql`, `rules.sql`).
 */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tokenGuard('NEW.lanes, NEW.types', 'OLD.lanes, OLD.types'));
  await knex.raw(BOUND_TOKENS);
  await knex.raw(flagValueValid(["'approver_must_differ'"], NEW_NUMBERS));
  await knex.raw(FLAGS);
  await knex.raw(createLane(SAFE_BEGINNING));
  await knex.raw(APPROVALS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER aol_actions_begin_unapproved ON aol_actions;
    DROP TRIGGER aol_actions_approved ON aol_actions;
    DROP TRIGGER aol_actions_approval_stays_needed ON aol_actions;
    DROP FUNCTION aol_check_beginning, aol_check_approval, aol_refuse_approval_withdrawn;
  `);
  await knex.raw(createLane(''));
  await knex.raw(`
    DELETE FROM aol_control_flags WHERE name IN ('approver_must_differ', 'approvals_needed');
    ALTER TABLE aol_control_flags DROP COLUMN expires_at;
  `);
  await knex.raw(flagValueValid([], ''));
  await knex.raw(`
    DELETE FROM aol_api_tokens WHERE role IN ('agent', 'approver');
    ALTER TABLE aol_api_tokens DROP COLUMN lanes, DROP COLUMN types, DROP CONSTRAINT aol_api_tokens_role_check,
      ADD CONSTRAINT aol_api_tokens_role_check CHECK (role IN ('viewer', 'operator', 'admin'));
  `);
  await knex.raw(tokenGuard('NULL', 'NULL'));
}

const BOUND_TOKENS = `
  ALTER TABLE aol_api_tokens
    -- Null is all of them.
    ADD COLUMN lanes text[] CHECK (cardinality(lanes) BETWEEN 1 AND 100 AND array_position(lanes, NULL) IS NULL),
    ADD COLUMN types text[] CHECK (cardinality(types) BETWEEN 1 AND 100 AND array_position(types, NULL) IS NULL),
    DROP CONSTRAINT aol_api_tokens_role_check,
    ADD CONSTRAINT aol_api_tokens_role_check CHECK (role IN ('viewer', 'agent', 'approver', 'operator', 'admin')),
    -- One could make oneself a token without bounds.
    ADD CONSTRAINT admins_are_unbound CHECK (role <> 'admin' OR (lanes IS NULL AND types IS NULL));
`;

const tokenGuard = (newBounds: string, oldBounds: string) => `
  CREATE OR REPLACE FUNCTION aol_guard_api_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF (NEW.id, NEW.name, NEW.role, NEW.prefix, NEW.sha256, NEW.created_by, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.name, OLD.role, OLD.prefix, OLD.sha256, OLD.created_by, OLD.created_at)
        OR NEW.expires_at IS DISTINCT FROM OLD.expires_at
        OR (${newBounds}) IS DISTINCT FROM (${oldBounds})
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
      RAISE EXCEPTION 'a token is used and revoked, and never changed' USING ERRCODE = 'AOL06';
    END IF;
    RETURN NEW;
  END $$;
`;

const NEW_NUMBERS = `
      WHEN name = 'approvals_needed' THEN
        CASE WHEN jsonb_typeof(value) <> 'number' THEN false ELSE value IN ('1', '2', '3') END`;

const flagValueValid = (moreBooleans: readonly string[], moreCases: string) => `
  CREATE OR REPLACE FUNCTION aol_flag_value_valid(name text, value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
      WHEN name IN (${["'paused'", "'killed'", "'proof_only'", ...moreBooleans].join(', ')}) THEN jsonb_typeof(value) = 'boolean'${moreCases}
      WHEN name IN ('max_actions_per_tick', 'tick_interval_ms', 'max_tick_ms', 'max_running') THEN
        CASE WHEN jsonb_typeof(value) <> 'number' THEN false
          WHEN (value #>> '{}')::numeric % 1 <> 0 THEN false
          WHEN name = 'tick_interval_ms' THEN (value #>> '{}')::numeric BETWEEN 0 AND 3600000
          WHEN name = 'max_tick_ms' THEN (value #>> '{}')::numeric BETWEEN 1000 AND 60000
          ELSE (value #>> '{}')::numeric BETWEEN 1 AND 1000 END
      WHEN name = 'approval_policy' THEN value IN ('"none"', '"first_of_type"', '"all"')
      ELSE false END
  $$;
`;

const FLAGS = `
  INSERT INTO aol_control_flags (lane, name, value, updated_by, reason)
    VALUES ('*', 'approver_must_differ', 'false', 'system', 'default of the first start'),
      ('*', 'approvals_needed', '1', 'system', 'default of the first start')
    ON CONFLICT DO NOTHING;

  -- REAL that was unlocked for a time: from then on the row counts as true, whatever * says.
  ALTER TABLE aol_control_flags ADD COLUMN expires_at timestamptz,
    ADD CONSTRAINT only_unlocking_ends CHECK (expires_at IS NULL OR (name = 'proof_only' AND value = 'false'));
`;

const SAFE_BEGINNING = `,
          (new_lane, 'proof_only', 'true', actor, 'lane created'), (new_lane, 'approval_policy', '"all"', actor, 'lane created')`;

const createLane = (moreFlags: string) => `
  CREATE OR REPLACE FUNCTION aol_create_lane(new_lane text, actor text) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE created boolean;
  BEGIN
    INSERT INTO aol_lease (lane) VALUES (new_lane) ON CONFLICT DO NOTHING;
    created := FOUND;
    IF created THEN
      INSERT INTO aol_control_flags (lane, name, value, updated_by, reason)
        VALUES (new_lane, 'paused', 'false', actor, 'lane created'), (new_lane, 'killed', 'false', actor, 'lane created')${moreFlags}
        ON CONFLICT DO NOTHING;
      INSERT INTO aol_execution_logs (lane, event, actor, message)
        VALUES (new_lane, 'LANE_CREATED', actor, 'lane created');
    END IF;
    RETURN created;
  END $$;
`;

const APPROVALS = `
  -- What waits for people goes on only with their approvals in the log. What was promoted performs the proof's artifact and no other.
  CREATE FUNCTION aol_check_approval() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF OLD.status = 'AWAITING_APPROVAL' AND NEW.status = 'PENDING' AND NEW.approval_sha256 = NEW.artifact_sha256
        AND cardinality(aol_approvers(NEW.id, NEW.lane, NEW.artifact_sha256)) >= (aol_lane_flags(NEW.lane)).approvals_needed
        AND NOT EXISTS (SELECT FROM aol_actions a WHERE a.id = NEW.promoted_from AND a.artifact_sha256 <> NEW.artifact_sha256) THEN
      RETURN NULL;
    END IF;
    RAISE EXCEPTION 'an action is approved by people, in the log, while it waits for them' USING ERRCODE = 'AOL07';
  END $$;
  CREATE TRIGGER aol_actions_approved AFTER UPDATE OF status, approval_sha256 ON aol_actions FOR EACH ROW
    WHEN ((OLD.status = 'AWAITING_APPROVAL' AND NEW.status = 'PENDING')
      OR (NEW.approval_sha256 IS NOT NULL AND NEW.approval_sha256 IS DISTINCT FROM OLD.approval_sha256))
    EXECUTE FUNCTION aol_check_approval();

  CREATE FUNCTION aol_refuse_approval_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'an action that needs approval goes on needing it' USING ERRCODE = 'AOL07';
  END $$;
  CREATE TRIGGER aol_actions_approval_stays_needed AFTER UPDATE OF approval_needed ON aol_actions FOR EACH ROW
    WHEN (OLD.approval_needed AND NOT NEW.approval_needed) EXECUTE FUNCTION aol_refuse_approval_withdrawn();

  -- An agent's REAL action needs approval from the beginning. Promotion is the one way to begin approved: where one person is enough.
  CREATE FUNCTION aol_check_beginning() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE flags record;
  BEGIN
    IF aol_is_agent(NEW.created_by) THEN
      RAISE EXCEPTION 'a REAL action of an agent needs approval' USING ERRCODE = 'AOL07';
    END IF;
    IF NEW.approval_sha256 IS NULL THEN RETURN NULL; END IF;
    SELECT * INTO flags FROM aol_lane_flags(NEW.lane);
    IF NEW.promoted_from IS NULL OR flags.approver_must_differ OR flags.approvals_needed > 1 THEN
      RAISE EXCEPTION 'an action begins approved only where its promotion is approval enough' USING ERRCODE = 'AOL07';
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER aol_actions_begin_unapproved AFTER INSERT ON aol_actions FOR EACH ROW
    WHEN ((NEW.mode = 'REAL' AND NOT NEW.approval_needed) OR NEW.approval_sha256 IS NOT NULL)
    EXECUTE FUNCTION aol_check_beginning();
`;
