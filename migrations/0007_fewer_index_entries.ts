/** What a new action costs: two index entries fewer, and a cheaper rule for SHA-256 (docs/adr/0015). */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  for (const statement of [OLDEST_QUEUED, KEY_OF_ITS_OWN, NEW_ACTIONS_BY_KEY, ...dedupe('off')]) {
    await knex.raw(statement);
  }
  await knex.raw(
    hashChecks((column) => `length(${column}) = 64 AND encode(decode(${column}, 'hex'), 'hex') = ${column}`),
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(hashChecks((column) => `length(${column}) = 64 AND ${column} !~ '[^0-9a-f]'`));
  for (const statement of [...dedupe('on'), NEW_ACTIONS, EVERY_KEY, DUE_TIME]) await knex.raw(statement);
}

/**
 * The oldest is the oldest of the first of each priority, of which there are few. So the index of the claim order serves it, and
 * one by time is not needed. It plans for that index: the table was small or empty when a session planned.
 */
const OLDEST_QUEUED = `
  DROP INDEX aol_actions_due_time;

  -- The action of a lane and mode that may be claimed before all others by its time; nulls when nothing is queued.
  CREATE FUNCTION aol_oldest_queued(of_lane text, of_mode text, OUT id uuid, OUT run_at timestamptz)
  LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
  DECLARE
    head record;
    above smallint := 32767;
  BEGIN
    LOOP
      SELECT a.priority, a.run_at, a.id INTO head FROM aol_actions a
      WHERE a.lane = of_lane AND a.mode = of_mode AND (a.status = 'PENDING' OR (a.status = 'RETRY' AND a.claim_tick_id IS NULL))
        AND a.priority < above
      ORDER BY a.priority DESC, a.run_at, a.id LIMIT 1;
      EXIT WHEN NOT FOUND;
      IF id IS NULL OR (head.run_at, head.id) < (run_at, id) THEN
        id := head.id;
        run_at := head.run_at;
      END IF;
      above := head.priority;
    END LOOP;
  END $$;
`;

const DUE_TIME = `
  DROP FUNCTION aol_oldest_queued;
  CREATE INDEX aol_actions_due_time ON aol_actions (lane, mode, run_at, id)
    WHERE status = 'PENDING' OR (status = 'RETRY' AND claim_tick_id IS NULL);
`;

/**
 * An action that nobody gave a key goes by its id, which is unique already. Who gives that id as a key to another means the first:
 * the second is refused. No index finds that, so the rule is one function, for the trigger and for those who ask before.
 */
const KEY_OF_ITS_OWN = `
  ALTER TABLE aol_actions DROP CONSTRAINT aol_actions_lane_idempotency_key_key;
  CREATE UNIQUE INDEX aol_actions_key_of_its_own ON aol_actions (lane, idempotency_key) WHERE idempotency_key <> id::text;

  -- Actions without a key of their own that go by one of these keys.
  CREATE FUNCTION aol_actions_named(keys text[]) RETURNS TABLE (lane text, key text, id uuid)
  LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT a.lane, a.idempotency_key, a.id FROM aol_actions a WHERE a.idempotency_key = a.id::text
      AND a.id = ANY (ARRAY(SELECT k.key::uuid FROM unnest(keys) AS k (key)
        WHERE length(k.key) = 36 AND translate(k.key, '0123456789abcdef', '') = '----' AND substr(k.key, 9, 1) = '-'
          AND substr(k.key, 14, 1) = '-' AND substr(k.key, 19, 1) = '-' AND substr(k.key, 24, 1) = '-'))
  $$;
`;

const EVERY_KEY = `
  DROP FUNCTION aol_actions_named;
  DROP INDEX aol_actions_key_of_its_own;
  ALTER TABLE aol_actions ADD UNIQUE (lane, idempotency_key);
`;

/** These never hold a key twice; looking for what could be shared costs time when a page is full. */
function dedupe(setting: 'on' | 'off'): string[] {
  return ['aol_actions_claim_order', 'aol_actions_by_status', 'aol_execution_logs_of_action'].map(
    (index) => `ALTER INDEX ${index} SET (deduplicate_items = ${setting})`,
  );
}

const NEW_ACTIONS_BY_KEY = `
  CREATE OR REPLACE FUNCTION aol_check_new_actions() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    has_begun boolean;
    has_keys boolean;
  BEGIN
    SELECT bool_or(status <> 'PENDING' OR claim_tick_id IS NOT NULL), bool_or(idempotency_key <> id::text)
      INTO has_begun, has_keys FROM new_actions;
    IF has_begun THEN
      RAISE EXCEPTION 'an action begins as PENDING' USING ERRCODE = 'AOL01', CONSTRAINT = 'aol_transition_allowed';
    END IF;
    IF EXISTS (SELECT FROM (SELECT DISTINCT lane FROM new_actions) AS used
        WHERE NOT EXISTS (SELECT FROM aol_lease WHERE aol_lease.lane = used.lane)) THEN
      RAISE EXCEPTION 'the lane does not exist' USING ERRCODE = 'AOL03';
    END IF;
    IF has_keys AND EXISTS (SELECT FROM aol_actions_named(ARRAY(SELECT idempotency_key FROM new_actions)) a
        JOIN new_actions n ON n.lane = a.lane AND n.idempotency_key = a.key AND n.id <> a.id) THEN
      RAISE EXCEPTION 'the idempotency key is taken' USING ERRCODE = 'unique_violation',
        CONSTRAINT = 'aol_actions_key_of_its_own';
    END IF;
    RETURN NULL;
  END $$;
`;

const NEW_ACTIONS = `
  CREATE OR REPLACE FUNCTION aol_check_new_actions() RETURNS trigger LANGUAGE plpgsql AS $$
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
`;

const SHA256_COLUMNS = [
  ['aol_actions', 'request_hash'],
  ['aol_actions', 'artifact_sha256'],
  ['aol_actions', 'approval_sha256'],
  ['aol_execution_logs', 'artifact_sha256'],
] as const;

function hashChecks(rule: (column: string) => string): string {
  return SHA256_COLUMNS.map(([table, column]) => {
    const name = `${table}_${column}_check`;
    return `ALTER TABLE ${table} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} CHECK (${rule(column)})`;
  }).join(';');
}
