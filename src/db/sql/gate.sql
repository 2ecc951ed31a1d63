-- The gate. VOLATILE and READ COMMITTED: each statement sees what was committed before it began, so the flags are read as they stand
-- after the lease row is locked. Whoever presses kill commits the flag and then waits for that row.
--
-- redelivery: what the provider makes of a second request under our key. {"kind":"dedupes","windowMs":…,"settleMs":…}: for so long
-- it answers the first one again, and not before it has settled. {"kind":"harmless","maxRepeats":…}. {"kind":"neither"}.
--
-- draws: what it takes of which budgets (budgets.sql); limits: those that hold, with what is used of them, or null. A repeat of what may
-- have happened has its place already, and costs its price once more.
--
-- only_look: whether it would open, and nothing is written: asked before preparations, which reach the outside too.
DROP FUNCTION IF EXISTS aol_pass_gate;
CREATE OR REPLACE FUNCTION aol_pass_gate(of_lane text, of_action uuid, of_tick uuid, under_token bigint, sha256 text, uri text,
  worker text, worker_is_proof boolean, attempt_timeout_ms double precision, redelivery jsonb,
  only_look boolean, of_account text, draws jsonb, limits jsonb, drawn_at timestamptz) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  lane_token bigint;
  held aol_actions;
  flags record;
  opened record;
  uncertain record;
  receipt jsonb;
  repeats boolean := false;
  autonomy text;
  needs_approval boolean;
  settles_in_ms double precision;
  number integer;
  hold jsonb;
  -- As the log will say it: a repeat is told the same.
  first_at timestamptz := drawn_at;
  last_at timestamptz := first_at;
BEGIN
  SELECT token INTO lane_token FROM aol_lease WHERE lane = of_lane FOR SHARE;
  SELECT * INTO held FROM aol_actions WHERE id = of_action AND claim_tick_id = of_tick
    AND claim_lease_token = under_token AND status IN ('RUNNING', 'RETRY') FOR UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('kind', 'gone'); END IF;

  SELECT NULL::integer AS attempt, NULL::float8 AS remaining_ms INTO opened;
  -- The first attempt of an action's life has none before it. An open one owns the action, whatever the flags say.
  IF held.attempts_before + held.attempts > 0 THEN
    SELECT * INTO opened FROM aol_open_attempt(of_action);
    IF opened.remaining_ms > 0 THEN
      -- Its worker may record its end long before: looked at again soon, so that Temporal and the tables agree.
      RETURN jsonb_build_object('kind', 'wait', 'attempt', opened.attempt, 'againInMs', least(opened.remaining_ms, 5000));
    END IF;
    receipt := aol_late_receipt(of_action);
    IF receipt IS NOT NULL AND opened.attempt IS NULL THEN RETURN jsonb_build_object('kind', 'receipt', 'receipt', receipt); END IF;
    SELECT * INTO uncertain FROM aol_uncertain_attempts(of_action);
    repeats := uncertain.how_many > 0;
    first_at := coalesce(uncertain.first_at, first_at);
    last_at := coalesce(uncertain.last_at, last_at);
  END IF;

  SELECT * INTO flags FROM aol_lane_flags(of_lane);
  IF flags.killed THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'killed'); END IF;
  IF flags.paused THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'paused'); END IF;
  IF worker_is_proof OR flags.proof_only THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'proof'); END IF;
  autonomy := aol_autonomy_level(of_lane, held.type);
  IF lane_token IS DISTINCT FROM under_token THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'lease_lost'); END IF;

  needs_approval := held.approval_sha256 IS NULL
    AND (held.approval_needed OR aol_rules_ask(held.lane, held.type, flags.approval_policy, autonomy));
  IF repeats THEN
    -- What may have happened goes no other way than a repeat: in an approval or a dead letter nobody would see it.
    IF held.cancel_requested OR held.attempts >= held.max_attempts OR receipt IS NOT NULL OR needs_approval OR autonomy = 'draft'
      OR coalesce(held.approval_sha256 <> sha256, false) OR NOT (CASE redelivery ->> 'kind'
        WHEN 'dedupes' THEN clock_timestamp() < uncertain.first_at + (redelivery ->> 'windowMs')::float8 * interval '1 millisecond'
        WHEN 'harmless' THEN uncertain.how_many <= (redelivery ->> 'maxRepeats')::integer
        ELSE false END) THEN
      RETURN jsonb_build_object('kind', 'unsettled', 'attempt', uncertain.last_attempt, 'isOpen', opened.attempt IS NOT NULL, 'firstAttemptAt', first_at,
        'lastAttemptAt', last_at);
    END IF;
    settles_in_ms := extract(epoch FROM uncertain.last_at - clock_timestamp()) * 1000 + coalesce((redelivery ->> 'settleMs')::float8, 0);
    IF settles_in_ms > 0 THEN
      RETURN jsonb_build_object('kind', 'wait', 'attempt', uncertain.last_attempt, 'againInMs', ceil(settles_in_ms));
    END IF;
  END IF;
  IF held.cancel_requested THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'cancelled'); END IF;
  IF autonomy = 'draft' THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'draft'); END IF;

  IF held.approval_sha256 <> sha256 THEN RETURN jsonb_build_object('kind', 'unapproved'); END IF;
  IF needs_approval THEN RETURN jsonb_build_object('kind', 'approval_needed'); END IF;
  -- It was claimed to be shown to a person, and needs none any more.
  IF held.due_at > clock_timestamp() THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'not_due'); END IF;
  IF held.attempts >= held.max_attempts THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'exhausted'); END IF;
  IF held.status = 'RETRY' AND held.run_at > clock_timestamp() THEN
    RETURN jsonb_build_object('kind', 'wait', 'attempt', held.attempts_before + held.attempts,
      'againInMs', ceil(extract(epoch FROM held.run_at - clock_timestamp()) * 1000));
  END IF;

  IF of_account IS NOT NULL AND NOT repeats THEN
    hold := aol_account_hold(of_account);
    IF hold IS NOT NULL THEN RETURN hold || '{"kind":"on_hold"}'; END IF;
  END IF;
  IF repeats THEN draws := (SELECT jsonb_agg(draw || '{"effects":0}') FROM jsonb_array_elements(draws) AS draw WHERE draw ? 'microUsd'); END IF;
  IF limits IS NOT NULL AND draws IS NOT NULL THEN
    hold := aol_lacks_room(limits, draws);
    IF hold IS NOT NULL THEN RETURN hold || '{"kind":"no_room"}'; END IF;
  END IF;

  IF only_look THEN RETURN jsonb_build_object('kind', 'may_pass'); END IF;
  IF opened.attempt IS NOT NULL THEN
    PERFORM aol_leave(jsonb_build_array(jsonb_build_object('actionId', of_action, 'attempt', opened.attempt, 'to', 'RETRY', 'outcome', 'unknown',
      'delayMs', 0, 'waitsInTick', true, 'orphaned', true, 'message', 'its worker died or went silent; outcome unknown')));
  END IF;
  number := held.attempts_before + held.attempts + 1;
  UPDATE aol_actions SET status = 'RUNNING', attempts = attempts + 1, artifact_sha256 = sha256, artifact_uri = uri,
    claim_worker = worker, claim_until = clock_timestamp() + interval '60 seconds', updated_at = clock_timestamp() WHERE id = of_action;
  INSERT INTO aol_execution_logs (at, lane, action_id, tick_id, attempt, event, actor, message, detail, artifact_sha256)
  VALUES (drawn_at, of_lane, of_action, of_tick, number, 'ATTEMPT_STARTED', 'engine', format('attempt %s of %s%s', held.attempts + 1,
      held.max_attempts, CASE WHEN repeats THEN ', repeating one of unknown outcome' END),
    jsonb_build_object('deadline', clock_timestamp() + attempt_timeout_ms * interval '1 millisecond', 'token', under_token, 'worker', worker)
      || CASE WHEN draws IS NULL THEN '{}' ELSE jsonb_build_object('drawn', draws) END,
    sha256);
  RETURN jsonb_build_object('kind', 'open', 'attempt', number, 'attemptsLeft', held.max_attempts - held.attempts - 1,
    'repeatsUnknown', repeats, 'firstAttemptAt', first_at, 'lastAttemptAt', clock_timestamp(),
    'drawn', draws);
END $$;

-- Several gates in one transaction: all of them are answered, or none has passed. Lanes, counters and actions are locked in one order,
-- so that two of these never wait for each other.
CREATE OR REPLACE FUNCTION aol_pass_gates(requests jsonb) RETURNS TABLE (index integer, answer jsonb)
LANGUAGE plpgsql VOLATILE SET lock_timeout = '300ms' SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  asked record;
  drawn_at timestamptz;
  limits jsonb;
  room jsonb;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the gate needs READ COMMITTED' USING ERRCODE = 'AOL06';
  END IF;
  PERFORM FROM aol_lease l WHERE l.lane IN (SELECT request ->> 'lane' FROM jsonb_array_elements(requests) AS request) ORDER BY l.lane FOR SHARE;
  drawn_at := clock_timestamp();
  limits := aol_open_counters((SELECT jsonb_agg(draw) FROM jsonb_array_elements(requests) AS request,
    jsonb_array_elements(request -> 'draws') AS draw), drawn_at);
  room := limits;
  FOR asked IN
    SELECT * FROM ROWS FROM (jsonb_to_recordset(requests) AS (lane text, "actionId" uuid, "tickId" uuid, token bigint,
      "artifactSha256" text, "artifactUri" text, worker text, "proofMode" boolean, "attemptTimeoutMs" double precision, redelivery jsonb,
      "onlyLook" boolean, account text, draws jsonb)) WITH ORDINALITY AS r (lane, "actionId", "tickId", token, "artifactSha256",
      "artifactUri", worker, "proofMode", "attemptTimeoutMs", redelivery, "onlyLook", account, draws, number)
    ORDER BY r."actionId"
  LOOP
    index := asked.number;
    answer := aol_pass_gate(asked.lane, asked."actionId", asked."tickId", asked.token, asked."artifactSha256", asked."artifactUri",
      asked.worker, asked."proofMode", asked."attemptTimeoutMs", asked.redelivery, coalesce(asked."onlyLook", false), asked.account,
      asked.draws, room, drawn_at);
    IF room IS NOT NULL AND jsonb_typeof(answer -> 'drawn') = 'array' THEN room := aol_drawn_from(room, answer -> 'drawn'); END IF;
    answer := answer - 'drawn';
    RETURN NEXT;
  END LOOP;
  IF room IS DISTINCT FROM limits THEN PERFORM aol_keep_counters(room); END IF;
END $$;
