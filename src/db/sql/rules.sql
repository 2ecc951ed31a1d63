-- What an action may become (src/domain/states.ts), the flags in force (src/domain/flags.ts), what may be claimed, what is held.

CREATE OR REPLACE FUNCTION aol_transition_allowed(old_status text, new_status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT (old_status, new_status) IN (
    ('PENDING', 'RUNNING'), ('PENDING', 'CANCELLED'), ('PENDING', 'UNCONFIRMED'),
    ('RUNNING', 'SUCCESS'), ('RUNNING', 'AWAITING_APPROVAL'), ('RUNNING', 'RETRY'), ('RUNNING', 'PENDING'),
    ('RUNNING', 'DLQ'), ('RUNNING', 'UNCONFIRMED'),
    ('RETRY', 'RUNNING'), ('RETRY', 'SUCCESS'), ('RETRY', 'CANCELLED'), ('RETRY', 'PENDING'), ('RETRY', 'AWAITING_APPROVAL'), ('RETRY', 'DLQ'),
    ('RETRY', 'UNCONFIRMED'),
    ('AWAITING_APPROVAL', 'PENDING'), ('AWAITING_APPROVAL', 'CANCELLED'),
    ('UNCONFIRMED', 'SUCCESS'), ('UNCONFIRMED', 'PENDING'), ('UNCONFIRMED', 'CANCELLED'),
    ('DLQ', 'PENDING'), ('DLQ', 'CANCELLED'))
$$;

-- The value of a flag's row now: REAL that was unlocked for a time is locked from then on, whatever '*' says. Whoever reads flags
-- reads them by this.
CREATE OR REPLACE FUNCTION aol_flag_value(flag aol_control_flags) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN flag.expires_at <= clock_timestamp() THEN 'true'::jsonb ELSE flag.value END
$$;

-- Its columns grow with the flags, and those of a function that is there cannot be changed.
DROP FUNCTION IF EXISTS aol_lane_flags;
-- A lane's own value before that of '*'; killed and paused of '*' hold besides. Flags that cannot be read stop the lane.
CREATE OR REPLACE FUNCTION aol_lane_flags(of_lane text, OUT killed boolean, OUT paused boolean, OUT proof_only boolean,
  OUT max_actions_per_tick integer, OUT tick_interval_ms integer, OUT max_tick_ms integer, OUT max_running integer,
  OUT approval_policy text, OUT approver_must_differ boolean, OUT approvals_needed integer)
LANGUAGE sql STABLE AS $$
  SELECT coalesce(bool_or(value = 'true') FILTER (WHERE name = 'killed'), false),
    coalesce(bool_or(value = 'true') FILTER (WHERE name = 'paused'), false),
    coalesce((array_agg(value ORDER BY lane = '*') FILTER (WHERE name = 'proof_only'))[1], 'true') <> 'false',
    coalesce((array_agg(value ORDER BY lane = '*') FILTER (WHERE name = 'max_actions_per_tick'))[1], '3')::integer,
    coalesce((array_agg(value ORDER BY lane = '*') FILTER (WHERE name = 'tick_interval_ms'))[1], '5000')::integer,
    coalesce((array_agg(value ORDER BY lane = '*') FILTER (WHERE name = 'max_tick_ms'))[1], '20000')::integer,
    coalesce((array_agg(value ORDER BY lane = '*') FILTER (WHERE name = 'max_running'))[1], '100')::integer,
    coalesce((array_agg(value #>> '{}' ORDER BY lane = '*') FILTER (WHERE name = 'approval_policy'))[1], 'none'),
    coalesce((array_agg(value ORDER BY lane = '*') FILTER (WHERE name = 'approver_must_differ'))[1], 'false') <> 'false',
    coalesce((array_agg(value ORDER BY lane = '*') FILTER (WHERE name = 'approvals_needed'))[1], '1')::integer
  FROM (SELECT f.lane, f.name, aol_flag_value(f) AS value FROM aol_control_flags f WHERE f.lane IN (of_lane, '*')) AS flags
$$;

DROP VIEW IF EXISTS aol_claimable, aol_held;
-- May be claimed, now or when its time has come. The condition is that of the claim order's index.
CREATE VIEW aol_claimable AS SELECT * FROM aol_actions WHERE status = 'PENDING';
-- Belongs to a tick: at work (RUNNING), or waiting there for its next attempt (RETRY). The condition is that of aol_actions_held, and no
-- status, so that no other index finds it: while an old transaction is open, that of all statuses passes every action that was ever held.
CREATE VIEW aol_held AS SELECT * FROM aol_actions WHERE claim_tick_id IS NOT NULL;

-- Whether a worker process is there, by its connections. True where that cannot be known: the server was started since, or no worker
-- is named.
CREATE OR REPLACE FUNCTION aol_worker_lives(worker text, since timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT worker IS NULL OR since < pg_postmaster_start_time() OR EXISTS (SELECT FROM pg_stat_activity WHERE application_name = worker)
$$;
