/** The transactions of an effect as functions, so that each is one round trip (docs/adr/0008). */

import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  for (const statement of [OPEN_ATTEMPT, COUNT_LEAVING, LEAVE_TICK, BEGIN_AGAIN, RECORD_ATTEMPT, PASS_GATE]) {
    await knex.raw(statement);
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`DROP FUNCTION aol_pass_gate, aol_record_attempt, aol_begin_again, aol_leave_tick, aol_cancel_released,
    aol_count_leaving, aol_open_attempt`);
}

// Each function plans for indexes: the tables were small or empty when a session planned, and may have grown since.

const OPEN_ATTEMPT = `
  -- The attempt that has an intent and no outcome, and how long it may still take; nulls when there is none.
  CREATE FUNCTION aol_open_attempt(of_action uuid, OUT attempt integer, OUT remaining_ms double precision)
  LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
  BEGIN
    SELECT i.attempt, ceil(extract(epoch FROM (i.detail ->> 'deadline')::timestamptz - clock_timestamp()) * 1000)
      INTO attempt, remaining_ms
    FROM aol_execution_logs i
    WHERE i.action_id = of_action AND i.event = 'ATTEMPT_STARTED' AND i.detail -> 'deadline' IS NOT NULL AND NOT EXISTS (
      SELECT FROM aol_execution_logs o WHERE o.action_id = of_action AND o.attempt = i.attempt AND o.event IN
        ('SUCCEEDED', 'RETRY_SCHEDULED', 'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED', 'RELEASED'))
    ORDER BY i.attempt DESC LIMIT 1;
  END $$;
`;

const COUNT_LEAVING = `
  -- Moves one action from running to where it went, in a ledger row that is still open; the last one closes it.
  CREATE FUNCTION aol_count_leaving(of_tick uuid, went_to text) RETURNS void
  LANGUAGE plpgsql SET enable_seqscan = off AS $$
  BEGIN
    UPDATE aol_tick_ledger SET
      succeeded = succeeded + (went_to = 'SUCCESS')::integer, retried = retried + (went_to = 'RETRY')::integer,
      released = released + (went_to = 'PENDING')::integer, awaiting = awaiting + (went_to = 'AWAITING_APPROVAL')::integer,
      failed = failed + (went_to IN ('DLQ', 'UNCONFIRMED'))::integer,
      dead_lettered = dead_lettered + (went_to = 'DLQ')::integer,
      unconfirmed = unconfirmed + (went_to = 'UNCONFIRMED')::integer, running = running - 1,
      outcome = CASE WHEN running = 1 THEN 'OK' END,
      finished_at = CASE WHEN running = 1 THEN clock_timestamp() END,
      duration_ms = CASE WHEN running = 1 THEN extract(epoch FROM clock_timestamp() - started_at) * 1000 END
    WHERE id = of_tick AND finished_at IS NULL AND running > 0;
  END $$;
`;

const LEAVE_TICK = `
  -- How an action leaves its tick without an attempt of its own. Nothing happens to what is not this tick's any more.
  CREATE FUNCTION aol_leave_tick(of_action uuid, of_tick uuid, under_token bigint, leaving jsonb, event text, level text)
  RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
  DECLARE
    held aol_actions;
    went_to text := leaving ->> 'to';
  BEGIN
    SELECT * INTO held FROM aol_actions WHERE id = of_action AND claim_tick_id = of_tick
      AND claim_lease_token = under_token AND status IN ('RUNNING', 'RETRY') FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    UPDATE aol_actions SET status = went_to, dlq_reason = leaving ->> 'reason',
      last_error = CASE WHEN went_to = 'DLQ' THEN left(leaving ->> 'message', 2000) ELSE last_error END,
      artifact_sha256 = coalesce(leaving ->> 'artifactSha256', artifact_sha256),
      artifact_uri = coalesce(leaving ->> 'artifactUri', artifact_uri),
      approval_needed = approval_needed OR went_to = 'AWAITING_APPROVAL',
      approval_expires_at = CASE WHEN went_to = 'AWAITING_APPROVAL'
        THEN clock_timestamp() + (leaving ->> 'ttlMs')::float8 * interval '1 millisecond' END,
      run_at = CASE WHEN (leaving ->> 'delayMs')::float8 > 0
        THEN clock_timestamp() + (leaving ->> 'delayMs')::float8 * interval '1 millisecond' ELSE run_at END,
      claim_count = CASE WHEN went_to = 'DLQ' THEN claim_count ELSE 0 END,
      claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL, updated_at = clock_timestamp()
    WHERE id = of_action;
    INSERT INTO aol_execution_logs (lane, action_id, tick_id, event, level, actor, message, detail)
    VALUES (held.lane, of_action, of_tick, event, level, 'engine', leaving ->> 'message',
      CASE WHEN went_to = 'DLQ' THEN jsonb_build_object('reason', leaving ->> 'reason') END);
    IF went_to = 'PENDING' AND held.cancel_requested THEN PERFORM aol_cancel_released(of_action); END IF;
    PERFORM aol_count_leaving(of_tick, went_to);
  END $$;

  -- Cancels what is back in the queue and was asked to be cancelled while it ran.
  CREATE FUNCTION aol_cancel_released(of_action uuid) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
  BEGIN
    WITH cancelled AS (
      UPDATE aol_actions SET status = 'CANCELLED', finished_at = clock_timestamp(), updated_at = clock_timestamp()
      WHERE id = of_action AND cancel_requested AND status = 'PENDING' RETURNING lane)
    INSERT INTO aol_execution_logs (lane, action_id, event, level, actor, message)
    SELECT lane, of_action, 'CANCELLED', 'WARNING', 'engine', 'released, and cancelled as asked' FROM cancelled;
  END $$;
`;

const BEGIN_AGAIN = `
  -- A run of an effect's activity begins that is not the first: was the run before it killed with its worker?
  -- The first run leaves no trace of its beginning: its claim has counted it.
  CREATE FUNCTION aol_begin_again(of_action uuid, of_tick uuid, under_token bigint, run integer, ended_run integer,
    alone boolean, suspect_count integer, max_crashes integer) RETURNS text
  LANGUAGE plpgsql SET enable_seqscan = off AS $$
  DECLARE
    held aol_actions;
    last_run integer;
    died boolean;
  BEGIN
    SELECT * INTO held FROM aol_actions WHERE id = of_action AND claim_tick_id = of_tick
      AND claim_lease_token = under_token AND status IN ('RUNNING', 'RETRY') FOR UPDATE;
    IF NOT FOUND THEN RETURN 'gone'; END IF;
    last_run := coalesce(held.claim_run, CASE WHEN held.status = 'RUNNING' THEN 1 END);
    -- A run that threw said so; so its worker lived then, and what was before it is no death of the payload's.
    died := coalesce(last_run < run AND (ended_run IS NULL OR ended_run < last_run), false);
    IF died AND held.claim_count >= max_crashes AND (SELECT attempt FROM aol_open_attempt(of_action)) IS NULL THEN
      PERFORM aol_leave_tick(of_action, of_tick, under_token, jsonb_build_object('to', 'DLQ', 'reason', 'crashed',
        'message', format('its worker died %s times', max_crashes)), 'DEAD_LETTERED', 'ERROR');
      RETURN 'gone';
    END IF;
    IF died AND held.claim_count >= suspect_count AND NOT alone THEN RETURN 'suspect'; END IF;
    UPDATE aol_actions SET claim_count = CASE WHEN died THEN claim_count + 1 ELSE greatest(claim_count, 1) END,
      claim_run = run, claim_until = clock_timestamp() + interval '60 seconds', updated_at = clock_timestamp()
    WHERE id = of_action;
    RETURN 'begun';
  END $$;
`;

const RECORD_ATTEMPT = `
  -- Writes an attempt's outcome; it needs that attempt alone. False when the attempt was closed meanwhile: then a receipt
  -- is recorded all the same, and turns UNCONFIRMED into SUCCESS.
  CREATE FUNCTION aol_record_attempt(of_lane text, of_action uuid, of_tick uuid, number integer, outcome jsonb, decision jsonb,
    took_ms double precision, event text, level text, longest_wait_ms double precision) RETURNS boolean
  LANGUAGE plpgsql SET enable_seqscan = off AS $$
  DECLARE
    stored aol_actions;
    went_to text := decision ->> 'to';
    delay interval := coalesce((decision ->> 'delayMs')::float8, 0) * interval '1 millisecond';
    stays boolean := went_to = 'RETRY' AND (decision ->> 'delayMs')::float8 <= longest_wait_ms;
    words text := CASE WHEN outcome ->> 'kind' = 'done' THEN 'performed' ELSE left(outcome ->> 'reason', 2000) END;
  BEGIN
    SELECT * INTO stored FROM aol_actions WHERE id = of_action FOR UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    IF (SELECT attempt FROM aol_open_attempt(of_action)) IS DISTINCT FROM number THEN
      IF outcome ->> 'kind' <> 'done' THEN RETURN false; END IF;
      INSERT INTO aol_execution_logs (lane, action_id, tick_id, event, level, actor, message, detail)
      VALUES (of_lane, of_action, of_tick, 'RECEIPT_RECORDED', 'WARNING', 'engine',
        format('the receipt of attempt %s arrived after the attempt was closed', number),
        jsonb_build_object('attempt', number, 'receipt', outcome -> 'receipt', 'status', stored.status));
      UPDATE aol_actions SET status = 'SUCCESS', receipt = outcome -> 'receipt', last_error = NULL,
        finished_at = clock_timestamp(), claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL,
        updated_at = clock_timestamp() WHERE id = of_action AND status = 'UNCONFIRMED';
      RETURN false;
    END IF;
    UPDATE aol_actions SET status = went_to, claim_count = 0, claim_run = NULL, updated_at = clock_timestamp(),
      receipt = coalesce(outcome -> 'receipt', receipt), dlq_reason = decision ->> 'reason',
      last_error = CASE WHEN went_to <> 'SUCCESS' THEN words END,
      attempts = attempts - (went_to = 'PENDING')::integer, attempts_before = attempts_before + (went_to = 'PENDING')::integer,
      run_at = CASE WHEN went_to = 'RETRY' THEN clock_timestamp() + delay ELSE run_at END,
      finished_at = CASE WHEN went_to = 'SUCCESS' THEN clock_timestamp() END,
      claim_tick_id = CASE WHEN stays THEN claim_tick_id END, claim_lease_token = CASE WHEN stays THEN claim_lease_token END,
      claim_until = CASE WHEN stays THEN clock_timestamp() + interval '60 seconds' END
    WHERE id = of_action;
    INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, level, actor, message, detail, duration_ms)
    VALUES (of_lane, of_action, of_tick, number, event, level, 'engine', words,
      jsonb_build_object('outcome', outcome -> 'kind') || decision, took_ms);
    IF stays THEN RETURN true; END IF;
    IF went_to = 'RETRY' THEN
      UPDATE aol_actions SET status = 'PENDING', updated_at = clock_timestamp() WHERE id = of_action;
      INSERT INTO aol_execution_logs (lane, action_id, tick_id, event, actor, message)
      VALUES (of_lane, of_action, of_tick, 'RELEASED', 'engine', 'the wait is long; it waits in the queue');
    END IF;
    IF stored.cancel_requested THEN PERFORM aol_cancel_released(of_action); END IF;
    PERFORM aol_count_leaving(of_tick, went_to);
    RETURN true;
  END $$;
`;

const PASS_GATE = `
  -- The gate. VOLATILE and READ COMMITTED: each statement sees what was committed before it began, so the flags are read as
  -- they stand after the lease row is locked. Whoever presses kill commits the flag and then waits for that row.
  CREATE FUNCTION aol_pass_gate(of_lane text, of_action uuid, of_tick uuid, under_token bigint, sha256 text, uri text,
    worker_is_proof boolean, attempt_timeout_ms double precision, provider_dedupes boolean) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE SET lock_timeout = '300ms' SET enable_seqscan = off AS $$
  DECLARE
    lane_token bigint;
    held aol_actions;
    flags record;
    earlier record;
    repeats boolean := false;
    number integer;
  BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      RAISE EXCEPTION 'the gate needs READ COMMITTED' USING ERRCODE = 'AOL06';
    END IF;
    SELECT token INTO lane_token FROM aol_lease WHERE lane = of_lane FOR SHARE;
    SELECT * INTO held FROM aol_actions WHERE id = of_action AND claim_tick_id = of_tick
      AND claim_lease_token = under_token AND status IN ('RUNNING', 'RETRY') FOR UPDATE;
    IF NOT FOUND THEN RETURN jsonb_build_object('kind', 'gone'); END IF;

    -- As src/domain/flags.ts has it: a lane's own value before that of '*'; killed and paused of '*' hold besides.
    SELECT coalesce(bool_or(value = 'true') FILTER (WHERE name = 'killed'), false) AS killed,
      coalesce(bool_or(value = 'true') FILTER (WHERE name = 'paused'), false) AS paused,
      coalesce((array_agg(value ORDER BY lane = '*') FILTER (WHERE name = 'proof_only'))[1], 'true') <> 'false' AS proof_only,
      coalesce((array_agg(value #>> '{}' ORDER BY lane = '*') FILTER (WHERE name = 'approval_policy'))[1], 'none') AS policy
      INTO flags FROM aol_control_flags WHERE lane IN (of_lane, '*');
    IF flags.killed THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'killed'); END IF;
    IF flags.paused THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'paused'); END IF;
    IF worker_is_proof OR flags.proof_only THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'proof'); END IF;
    IF lane_token IS DISTINCT FROM under_token THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'lease_lost'); END IF;
    IF held.cancel_requested THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'cancelled'); END IF;

    IF held.approval_sha256 <> sha256 THEN RETURN jsonb_build_object('kind', 'unapproved'); END IF;
    IF held.approval_sha256 IS NULL AND (held.approval_needed OR CASE flags.policy WHEN 'none' THEN false
        WHEN 'first_of_type' THEN NOT EXISTS (SELECT FROM aol_actions
          WHERE lane = held.lane AND type = held.type AND mode = 'REAL' AND status = 'SUCCESS')
        ELSE true END) THEN
      RETURN jsonb_build_object('kind', 'approval_needed');
    END IF;

    -- The first attempt of an action's life can have none before it.
    IF held.attempts_before + held.attempts > 0 THEN
      SELECT * INTO earlier FROM aol_open_attempt(of_action);
      repeats := earlier.attempt IS NOT NULL;
      IF repeats AND NOT provider_dedupes THEN
        IF earlier.remaining_ms > 0 THEN
          RETURN jsonb_build_object('kind', 'wait', 'attempt', earlier.attempt, 'remainingMs', earlier.remaining_ms);
        END IF;
        RETURN jsonb_build_object('kind', 'unsettled', 'attempt', earlier.attempt);
      END IF;
    END IF;
    IF repeats THEN
      UPDATE aol_actions SET status = 'RETRY', updated_at = clock_timestamp() WHERE id = of_action AND status = 'RUNNING';
      INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, level, actor, message, detail)
      VALUES (of_lane, of_action, of_tick, earlier.attempt, 'RETRY_SCHEDULED', 'WARNING', 'engine', 'its worker died or went '
        'silent, outcome unknown; repeated at once, because the provider deduplicates by our key',
        jsonb_build_object('outcome', 'unknown', 'delayMs', 0));
    END IF;
    IF held.attempts >= held.max_attempts THEN RETURN jsonb_build_object('kind', 'shut', 'reason', 'exhausted'); END IF;

    number := held.attempts_before + held.attempts + 1;
    UPDATE aol_actions SET status = 'RUNNING', attempts = attempts + 1, artifact_sha256 = sha256, artifact_uri = uri,
      claim_until = clock_timestamp() + interval '60 seconds', updated_at = clock_timestamp() WHERE id = of_action;
    INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, actor, message, detail, artifact_sha256)
    VALUES (of_lane, of_action, of_tick, number, 'ATTEMPT_STARTED', 'engine', format('attempt %s of %s%s', held.attempts + 1,
        held.max_attempts, CASE WHEN repeats THEN ', repeating one of unknown outcome' END),
      jsonb_build_object('deadline', clock_timestamp() + attempt_timeout_ms * interval '1 millisecond', 'token', under_token),
      sha256);
    RETURN jsonb_build_object('kind', 'open', 'attempt', number, 'attemptsLeft', held.max_attempts - held.attempts - 1);
  END $$;
`;
