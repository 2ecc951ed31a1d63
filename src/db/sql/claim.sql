-- A tick's first transaction, in one round trip: lease, flags, what is to be taken back, claim, attempts, ledger row. The lane's lease
-- row stays locked throughout, so the claims of a lane are one after another, and a kill that was answered is seen.
--
-- The first row of the answer says how it went (src/db/queue/claim.ts has its form); each further one is an action that was claimed.
CREATE OR REPLACE FUNCTION aol_claim(request jsonb)
RETURNS TABLE (answer jsonb, id uuid, mode text, type text, payload jsonb, due_at timestamptz, promoted_from uuid,
  approval_sha256 text, artifact_uri text, attempt_number integer, attempt smallint, max_attempts smallint, claim_count smallint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
  of_lane text := request ->> 'lane';
  of_tick uuid := request ->> 'tickId';
  claimant text := request ->> 'owner';
  known_token bigint := request ->> 'token';
  of_worker text := request ->> 'worker';
  run_started_at timestamptz := to_timestamp((request ->> 'runStartedAtMs')::float8 / 1000);
  lease record;
  flags record;
  standing record;
  tick record;
  lane_mode text;
  modes text[];
  lane_token bigint;
  is_new boolean;
  began timestamptz;
  held_ms double precision;
  looked_at timestamptz;
  claim_in_ms double precision := 0;
  outcome text;
  room integer := 0;
  tick_number bigint;
  claimed_ids uuid[];
  claimed_count integer := 0;
  due_count integer := 0;
  places jsonb;
  is_resumed boolean := false;
  effects jsonb := '[]';
  due_in_ms double precision;
  busy_ms double precision;
BEGIN
  SELECT l.owner, l.token, l.owner_started_at, extract(epoch FROM l.expires_at - clock_timestamp()) * 1000 AS ttl_ms INTO lease
  FROM aol_lease l WHERE l.lane = of_lane FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT jsonb_build_object('kind', 'no_lane'), NULL::uuid, NULL, NULL, NULL::jsonb, NULL::timestamptz, NULL::uuid,
      NULL, NULL, NULL::integer, NULL::smallint, NULL::smallint, NULL::smallint;
    RETURN;
  END IF;
  -- From here on each statement sees what was committed before the lease was locked.
  SELECT * INTO flags FROM aol_lane_flags(of_lane);
  lane_mode := CASE WHEN (request ->> 'workerIsProof')::boolean OR flags.proof_only THEN 'PROOF' ELSE 'REAL' END;
  modes := CASE WHEN lane_mode = 'REAL' THEN '{PROOF,REAL}'::text[] ELSE '{PROOF}'::text[] END;
  PERFORM aol_close_overdue(of_lane);

  -- Who may hold the lane now. A run that already had a token never takes over by lineage: it was overtaken, and only the expiry of
  -- the present owner gives it another chance. A run without one is new, and Temporal lets only one live: the one that began last. The
  -- first claim of a run that has ended can come late, and must not take the lane from its successor.
  IF lease.owner = claimant AND (known_token IS NULL OR known_token = lease.token) THEN
    lane_token := lease.token;
    is_new := false;
  ELSIF lease.owner IS NULL OR lease.ttl_ms <= 0 OR (known_token IS NULL AND starts_with(lease.owner, request ->> 'lineage')
      AND run_started_at >= coalesce(lease.owner_started_at, run_started_at)) THEN
    lane_token := lease.token + 1;
    is_new := true;
  ELSE
    RETURN QUERY SELECT jsonb_build_object('kind', 'quiet', 'outcome', CASE WHEN flags.killed THEN 'KILLED' ELSE 'NO_LEASE' END,
        'retryInMs', CASE WHEN NOT flags.killed THEN greatest(100, ceil(lease.ttl_ms)) END),
      NULL::uuid, NULL, NULL, NULL::jsonb, NULL::timestamptz, NULL::uuid, NULL, NULL, NULL::integer, NULL::smallint, NULL::smallint,
      NULL::smallint;
    RETURN;
  END IF;

  IF flags.killed THEN
    -- What it held goes back to the queue, the lane has no owner, and nobody takes it. What an attempt owns records its own end.
    -- Temporal may run this look again after a start: it then takes the lane anew, under a later token, like everybody else.
    PERFORM aol_take_back(of_lane, lease.token, true, NULL, (request ->> 'maxDeaths')::integer);
    UPDATE aol_lease l SET owner = NULL, expires_at = clock_timestamp() WHERE l.lane = of_lane AND l.owner = claimant;
    RETURN QUERY SELECT jsonb_build_object('kind', 'quiet', 'outcome', 'KILLED', 'tickNumber',
        aol_quiet_tick(of_lane, of_tick, lease.token, lane_mode, 'KILLED', request ->> 'runId'), 'openTicks', aol_open_ticks(of_lane)),
      NULL::uuid, NULL, NULL, NULL::jsonb, NULL::timestamptz, NULL::uuid, NULL, NULL, NULL::integer, NULL::smallint, NULL::smallint,
      NULL::smallint;
    RETURN;
  END IF;

  began := clock_timestamp();
  SELECT count(*)::integer AS running,
    coalesce(bool_or(h.claim_until < clock_timestamp() OR (h.mode = 'PROOF' AND h.claim_tick_id <> of_tick)), false) AS is_stale,
    coalesce(bool_or(h.mode = 'REAL'), false) AS has_effects
  INTO standing FROM aol_held h
  WHERE h.lane = of_lane AND h.mode = ANY (CASE WHEN (request ->> 'looksForProofs')::boolean THEN '{PROOF,REAL}'::text[] ELSE '{REAL}'::text[] END);
  held_ms := extract(epoch FROM clock_timestamp() - began) * 1000;
  IF is_new OR standing.is_stale THEN
    PERFORM aol_take_back(of_lane, lane_token, false, CASE WHEN NOT is_new THEN of_tick END, (request ->> 'maxDeaths')::integer);
    SELECT count(*)::integer AS running, false AS is_stale, coalesce(bool_or(h.mode = 'REAL'), false) AS has_effects
    INTO standing FROM aol_held h WHERE h.lane = of_lane;
  END IF;
  SELECT t.number, t.claimed INTO tick FROM aol_tick_ledger t WHERE t.id = of_tick;
  -- A tick begins here, and not when its transaction began to wait for the lane: the next one may follow an interval later.
  looked_at := clock_timestamp();
  SELECT greatest(0, ceil(flags.tick_interval_ms - extract(epoch FROM looked_at - t.started_at) * 1000)) INTO claim_in_ms
  FROM aol_tick_ledger t WHERE t.lane = of_lane AND t.claimed > 0 ORDER BY t.number DESC LIMIT 1;
  claim_in_ms := coalesce(claim_in_ms, 0);

  outcome := CASE WHEN flags.paused THEN 'PAUSED' ELSE 'IDLE' END;
  IF tick.claimed > 0 AND NOT is_new THEN
    outcome := NULL;
    is_resumed := true;
    tick_number := tick.number;
    claimed_count := tick.claimed;
    SELECT coalesce(jsonb_agg(h.id), '[]') INTO effects FROM aol_held h
    WHERE h.lane = of_lane AND h.mode = 'REAL' AND h.claim_tick_id = of_tick;
  ELSIF tick.number IS NOT NULL OR (claim_in_ms > 0 AND NOT flags.paused) THEN
    -- The id is used up (a quiet tick that ran before, or one that was lost with the lease), or it is too early.
    tick_number := tick.number;
  ELSE
    IF NOT flags.paused THEN room := least(flags.max_actions_per_tick, flags.max_running - standing.running); END IF;
    IF room > 0 THEN
      SELECT coalesce((SELECT t.number FROM aol_tick_ledger t WHERE t.lane = of_lane ORDER BY t.number DESC LIMIT 1), 0) + 1 INTO tick_number;
      -- Due order is priority, time, id; one slot of each tick goes to the oldest due action (with a single slot: of each fourth tick).
      -- What died twice with its worker is claimed alone. One more is locked than there is room for, which tells whether something stays.
      WITH due AS MATERIALIZED (
        SELECT one.mode, found.* FROM unnest(modes) AS one (mode)
        LEFT JOIN jsonb_to_recordset(request -> 'places') AS place (mode text, priority smallint, "runAt" timestamptz, id uuid) ON place.mode = one.mode
        CROSS JOIN LATERAL aol_lock_due(of_lane, one.mode, room + 1, place.priority, place."runAt", place.id) AS found),
      -- Where the next search may begin: at the first of the last priority that this one came to.
      next_places AS (
        SELECT DISTINCT ON (mode) mode, priority, run_at AS "runAt", id, bool_or(from_start) OVER of_mode AS "fromStart",
          max(passing_ms) OVER of_mode AS ms
        FROM due WINDOW of_mode AS (PARTITION BY mode) ORDER BY mode, is_oldest, priority, run_at, id),
      oldest AS (SELECT id FROM due WHERE is_oldest ORDER BY run_at, id LIMIT 1),
      ranked AS (
        SELECT each.*, row_number() OVER (ORDER BY
          (each.id = (SELECT id FROM oldest) AND (room > 1 OR tick_number % 4 = 0)) DESC,
          each.priority DESC, each.run_at, each.id) AS rank
        FROM (SELECT DISTINCT id, priority, run_at, claim_count FROM due) AS each)
      SELECT array_agg(ranked.id ORDER BY rank) FILTER (WHERE rank <= room
          AND CASE WHEN first.claim_count >= (request ->> 'suspectDeaths')::integer THEN rank = 1
            ELSE ranked.claim_count < (request ->> 'suspectDeaths')::integer END),
        count(*), (SELECT jsonb_agg(p) FROM next_places p)
      INTO claimed_ids, due_count, places
      FROM ranked CROSS JOIN (SELECT claim_count FROM ranked WHERE rank = 1) AS first;
      claimed_count := coalesce(array_length(claimed_ids, 1), 0);
    END IF;
    IF claimed_count > 0 THEN
      outcome := NULL;
      WITH claimed AS (
        UPDATE aol_actions a SET status = 'RUNNING', claim_tick_id = of_tick, claim_lease_token = lane_token,
          claim_until = clock_timestamp() + (request ->> 'claimTtlMs')::float8 * interval '1 millisecond', claim_worker = of_worker,
          attempts = a.attempts + (a.mode = 'PROOF')::integer,
          workflow_id = CASE WHEN a.mode = 'PROOF' THEN request ->> 'workflowId' ELSE (request ->> 'workflowId') || '/tick/' || tick_number END,
          run_id = CASE WHEN a.mode = 'PROOF' THEN request ->> 'runId' END, updated_at = clock_timestamp()
        WHERE a.id = ANY (claimed_ids) RETURNING a.id, a.mode, a.attempts_before + a.attempts AS number, a.claim_count)
      INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, actor, message)
      SELECT of_lane, id, of_tick, CASE WHEN mode = 'PROOF' THEN number END, CASE WHEN mode = 'PROOF' THEN 'ATTEMPT_STARTED' ELSE 'CLAIMED' END,
        request ->> 'workflowId', 'claimed by tick ' || tick_number || CASE WHEN claim_count > 0 THEN ', after its worker died' ELSE '' END
      FROM claimed;
      INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, claimed, running, started_at)
      VALUES (of_tick, of_lane, tick_number, lane_token, request ->> 'runId', lane_mode, claimed_count, claimed_count, looked_at);
    ELSE
      tick_number := aol_quiet_tick(of_lane, of_tick, lane_token, lane_mode, outcome, request ->> 'runId');
    END IF;
  END IF;

  -- The lease lasts longer where there is less to do; that of a busy lane is renewed when a tenth of its time has passed. If it is known
  -- that more is due, it is not looked up.
  due_in_ms := CASE WHEN flags.paused THEN NULL WHEN due_count > claimed_count THEN 0 ELSE aol_due_in_ms(of_lane, modes) END;
  busy_ms := 3 * least((request ->> 'idleHeartbeatMs')::float8, greatest((request ->> 'busyHeartbeatMs')::float8, flags.tick_interval_ms));
  UPDATE aol_lease l SET owner = claimant, token = lane_token, mode = lane_mode, renewed_at = clock_timestamp(),
    acquired_at = CASE WHEN is_new THEN clock_timestamp() ELSE l.acquired_at END,
    owner_started_at = CASE WHEN is_new THEN run_started_at ELSE l.owner_started_at END, expires_at = clock_timestamp() + term.ttl
  FROM (SELECT interval '1 millisecond' * CASE WHEN outcome IS NULL OR due_in_ms <= 0 THEN busy_ms
    ELSE 3 * (request ->> 'idleHeartbeatMs')::float8 END AS ttl) AS term
  WHERE l.lane = of_lane AND (is_new OR l.owner IS DISTINCT FROM claimant OR l.token <> lane_token OR l.mode <> lane_mode
    OR l.expires_at NOT BETWEEN clock_timestamp() + term.ttl * 0.9 AND clock_timestamp() + term.ttl);
  IF is_new THEN
    INSERT INTO aol_execution_logs (lane, event, actor, message, detail)
    VALUES (of_lane, 'LEASE_TAKEN', claimant, 'lease taken with token ' || lane_token, jsonb_build_object('token', lane_token));
  ELSIF lane_mode = 'PROOF' THEN
    -- Nobody waits for the disk before a claim under a token that is known already: should the server crash at once, it never was. What
    -- follows from it, a close or an intent, is durable only together with it. A new token must not be forgotten.
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;

  RETURN QUERY SELECT jsonb_build_object('kind', CASE WHEN outcome IS NULL THEN 'claimed' ELSE 'quiet' END, 'outcome', outcome,
      'token', lane_token, 'tickNumber', tick_number, 'mode', lane_mode, 'claimed', claimed_count, 'resumed', is_resumed,
      'heldEffects', effects, 'maxTickMs', flags.max_tick_ms, 'tickIntervalMs', flags.tick_interval_ms,
      'isFull', standing.running + CASE WHEN is_resumed THEN 0 ELSE claimed_count END >= flags.max_running,
      'isMore', due_count > claimed_count, 'claimInMs', claim_in_ms, 'dueInMs', due_in_ms, 'places', places, 'heldMs', held_ms,
      'openTicks', CASE WHEN standing.has_effects THEN aol_open_ticks(of_lane) END),
    NULL::uuid, NULL, NULL, NULL::jsonb, NULL::timestamptz, NULL::uuid, NULL, NULL, NULL::integer, NULL::smallint, NULL::smallint,
    NULL::smallint;
  IF claimed_ids IS NOT NULL THEN
    RETURN QUERY SELECT NULL::jsonb, a.id, a.mode, a.type, a.payload, a.due_at, a.promoted_from, a.approval_sha256, a.artifact_uri,
      a.attempts_before + a.attempts, a.attempts, a.max_attempts, a.claim_count
    FROM unnest(claimed_ids) WITH ORDINALITY AS c (id, place) JOIN aol_actions a ON a.id = c.id;
  END IF;
END $$;

-- The numbers of the ticks whose effects are at work or wait for their next attempt.
CREATE OR REPLACE FUNCTION aol_open_ticks(of_lane text) RETURNS jsonb LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  RETURN (SELECT jsonb_agg(t.number ORDER BY t.number) FROM aol_tick_ledger t WHERE t.id = ANY (ARRAY(
    SELECT DISTINCT h.claim_tick_id FROM aol_held h WHERE h.lane = of_lane AND h.mode = 'REAL')));
END $$;

-- Consecutive quiet ticks of one kind share a row, so that an idle or paused lane does not grow the table. Answers its number.
CREATE OR REPLACE FUNCTION aol_quiet_tick(of_lane text, of_tick uuid, of_token bigint, of_mode text, of_outcome text, of_run text)
RETURNS bigint LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE last aol_tick_ledger;
BEGIN
  SELECT * INTO last FROM aol_tick_ledger t WHERE t.lane = of_lane ORDER BY t.number DESC LIMIT 1;
  IF last.outcome = of_outcome AND last.lease_token = of_token AND last.mode = of_mode THEN
    UPDATE aol_tick_ledger t SET repeats = t.repeats + (t.id <> of_tick)::integer, finished_at = clock_timestamp(),
      duration_ms = extract(epoch FROM clock_timestamp() - t.started_at) * 1000 WHERE t.id = last.id;
    RETURN last.number;
  END IF;
  INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, outcome, started_at, finished_at, duration_ms)
  SELECT of_tick, of_lane, coalesce(last.number, 0) + 1, of_token, of_run, of_mode, of_outcome, looked_at, looked_at, 0
  FROM clock_timestamp() AS looked_at
  ON CONFLICT (id) DO NOTHING;
  RETURN coalesce((SELECT t.number FROM aol_tick_ledger t WHERE t.id = of_tick), 0);
END $$;

-- A tick's second transaction: its proofs leave, and what its row says then. With due_in_ms, unless it is known that more is due.
CREATE OR REPLACE FUNCTION aol_close_proofs(of_tick uuid, items jsonb, is_more boolean) RETURNS jsonb
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE closed aol_tick_ledger;
BEGIN
  PERFORM aol_leave(items);
  SELECT * INTO closed FROM aol_tick_ledger t WHERE t.id = of_tick;
  IF NOT FOUND THEN RETURN NULL; END IF;
  RETURN jsonb_build_object('tickId', closed.id, 'number', closed.number, 'outcome', closed.outcome, 'mode', closed.mode, 'claimed', closed.claimed,
    'succeeded', closed.succeeded, 'failed', closed.failed, 'retried', closed.retried, 'released', closed.released, 'awaiting', closed.awaiting,
    'running', closed.running, 'deadLettered', closed.dead_lettered, 'unconfirmed', closed.unconfirmed,
    'dueInMs', CASE WHEN is_more THEN 0 ELSE aol_due_in_ms(closed.lane, CASE WHEN closed.mode = 'REAL' THEN '{PROOF,REAL}'::text[] ELSE '{PROOF}'::text[] END) END);
END $$;
