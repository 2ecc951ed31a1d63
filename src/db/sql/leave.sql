-- The one way out of a tick: an attempt's outcome, a release, a proof's end, a take-back, a cancel. State, log row and the ledger
-- of the tick that holds the action change together, for any number of actions.
--
-- Each item names its action, where it goes, and why. With an attempt it is that attempt's outcome and needs nothing else: whoever
-- owns the lane or holds the action now, it is recorded. Without one it needs the claim, if it names one, and an action that no
-- attempt owns; an attempt that nobody can end any more stays open in the queue, and nowhere else. The answer for each, in the order given:
--   left    it went there
--   stays   it waits as RETRY in its tick
--   late    its attempt was closed, or its action gone on; a receipt stands beside it, and makes UNCONFIRMED a SUCCESS
--   gone    it is no longer this claim's: nothing was done
CREATE OR REPLACE FUNCTION aol_leave(items jsonb) RETURNS TABLE (index integer, answer text)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  ids uuid[] := ARRAY(SELECT (item ->> 'actionId')::uuid FROM jsonb_array_elements(items) AS item);
  answers jsonb;
  waiting uuid[];
  unwanted uuid[];
  given_back jsonb := aol_given_back(items);
  settled integer[];
  open_ticks uuid[];
BEGIN
  -- Locked in one order, lanes, counters, actions, ledger rows, so that two of these never wait for each other; and before anything is read.
  IF given_back IS NOT NULL THEN
    PERFORM FROM aol_lease l WHERE l.lane IN (SELECT a.lane FROM aol_actions a WHERE a.id = ANY (ids)) ORDER BY l.lane FOR SHARE;
    PERFORM aol_lock_counters(given_back);
  END IF;
  PERFORM FROM aol_actions a WHERE a.id = ANY (ids) ORDER BY a.id FOR UPDATE;
  -- What follows finds its rows by their ids alone. A plan that was made while the tables were small, and that a connection keeps, would
  -- else read every open row of the ledger, or every action that is UNCONFIRMED.
  SELECT array_agg(id) FILTER (WHERE finished_at IS NULL) INTO open_ticks FROM (
    SELECT t.id, t.finished_at FROM aol_tick_ledger t
    WHERE t.id = ANY (ARRAY(SELECT a.claim_tick_id FROM aol_actions a WHERE a.id = ANY (ids))) ORDER BY t.id FOR UPDATE) AS locked;

  WITH item AS (
    SELECT * FROM ROWS FROM (jsonb_to_recordset(items) AS ("actionId" uuid, "tickId" uuid, token bigint, attempt integer,
      "to" text, reason text, message text, actor text, outcome text, receipt jsonb, "delayMs" double precision,
      "waitsInTick" boolean, "artifactSha256" text, "artifactUri" text, "approvalTtlMs" double precision,
      "durationMs" double precision, died boolean, "takenBack" boolean, orphaned boolean, settles boolean, "heldBy" text,
      "untilDue" boolean)) WITH ORDINALITY
      AS i ("actionId", "tickId", token, attempt, "to", reason, message, actor, outcome, receipt, "delayMs", "waitsInTick",
        "artifactSha256", "artifactUri", "approvalTtlMs", "durationMs", died, "takenBack", orphaned, settles, "heldBy", "untilDue", index)),
  held AS (
    SELECT item.*, a.lane, a.status, a.mode, a.claim_tick_id, a.claim_lease_token, a.cancel_requested,
      a.attempts_before + a.attempts AS number,
      CASE WHEN a.mode = 'REAL' AND a.attempts_before + a.attempts > 0 THEN (aol_open_attempt(a.id)).attempt END AS open_attempt,
      CASE WHEN a.mode = 'REAL' AND a.attempts_before + a.attempts > 0 AND item.attempt IS NULL
        THEN (aol_open_attempt(a.id)).remaining_ms > 0 ELSE false END AS is_owned
    FROM item LEFT JOIN aol_actions a ON a.id = item."actionId"),
  decided AS (
    SELECT held.*, coalesce(attempt, CASE WHEN mode = 'PROOF' THEN number END) AS closes, CASE
      WHEN lane IS NULL THEN 'gone'
      WHEN attempt IS NOT NULL AND open_attempt IS DISTINCT FROM attempt THEN 'late'
      WHEN attempt IS NOT NULL AND status NOT IN ('RUNNING', 'RETRY') THEN 'late'
      WHEN status NOT IN ('RUNNING', 'RETRY') OR is_owned IS TRUE
        OR (attempt IS NULL AND open_attempt IS NOT NULL AND "to" <> 'PENDING')
        OR (attempt IS NULL AND "tickId" IS NOT NULL AND ("tickId", token) IS DISTINCT FROM (claim_tick_id, claim_lease_token))
        THEN 'gone'
      WHEN "to" = 'RETRY' AND "waitsInTick" AND NOT cancel_requested THEN 'stays'
      ELSE 'left' END AS answer
    FROM held),
  moved AS (
    UPDATE aol_actions a SET
      status = d."to", dlq_reason = CASE WHEN d."to" = 'DLQ' THEN d.reason END,
      last_error = CASE WHEN d."to" = 'SUCCESS' THEN NULL
        WHEN d.attempt IS NOT NULL OR d."heldBy" IS NOT NULL OR d."to" IN ('RETRY', 'DLQ', 'UNCONFIRMED') THEN left(d.message, 2000) ELSE a.last_error END,
      held_by = CASE WHEN d."to" = 'PENDING' THEN d."heldBy" END,
      receipt = coalesce(d.receipt, a.receipt),
      artifact_sha256 = coalesce(d."artifactSha256", a.artifact_sha256), artifact_uri = coalesce(d."artifactUri", a.artifact_uri),
      approval_needed = a.approval_needed OR d."to" = 'AWAITING_APPROVAL',
      approval_expires_at = CASE WHEN d."to" = 'AWAITING_APPROVAL'
        THEN clock_timestamp() + d."approvalTtlMs" * interval '1 millisecond' END,
      run_at = CASE WHEN d."untilDue" OR d."to" = 'AWAITING_APPROVAL' THEN a.due_at WHEN d."to" = 'RETRY' OR d."delayMs" > 0
        THEN clock_timestamp() + coalesce(d."delayMs", 0) * interval '1 millisecond' ELSE a.run_at END,
      finished_at = CASE WHEN d."to" IN ('SUCCESS', 'CANCELLED') THEN clock_timestamp() END,
      -- An attempt that ends in the queue does not count; its number stays used.
      attempts = a.attempts - (d."to" = 'PENDING' AND d.closes IS NOT NULL)::integer,
      attempts_before = a.attempts_before + (d."to" = 'PENDING' AND d.closes IS NOT NULL)::integer,
      -- Who lived to see an attempt's end did not die with it.
      claim_count = CASE WHEN d.died THEN a.claim_count + 1
        WHEN d."takenBack" OR d.orphaned OR d.reason = 'crashed' THEN a.claim_count ELSE 0 END,
      claim_tick_id = CASE WHEN d."to" = 'RETRY' THEN a.claim_tick_id END,
      claim_lease_token = CASE WHEN d."to" = 'RETRY' THEN a.claim_lease_token END,
      claim_until = CASE WHEN d."to" = 'RETRY' THEN clock_timestamp() + interval '60 seconds' END,
      claim_worker = NULL, updated_at = clock_timestamp()
    FROM decided d WHERE a.id = d."actionId" AND d.answer IN ('left', 'stays')
    RETURNING a.id),
  confirmed AS (
    UPDATE aol_actions a SET status = 'SUCCESS', receipt = d.receipt, last_error = NULL, finished_at = clock_timestamp(),
      updated_at = clock_timestamp()
    FROM decided d WHERE a.id = d."actionId" AND d.answer = 'late' AND d.outcome = 'done' AND d.status = 'UNCONFIRMED'),
  logged AS (
    INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, level, actor, message, detail, artifact_sha256, duration_ms)
    SELECT lane, "actionId", coalesce(claim_tick_id, "tickId"), CASE WHEN "to" <> 'CANCELLED' THEN closes END,
      CASE "to" WHEN 'SUCCESS' THEN 'SUCCEEDED' WHEN 'RETRY' THEN 'RETRY_SCHEDULED' WHEN 'PENDING' THEN 'RELEASED'
        WHEN 'DLQ' THEN 'DEAD_LETTERED' ELSE "to" END,
      CASE WHEN "to" IN ('SUCCESS', 'AWAITING_APPROVAL') THEN 'INFO' WHEN "to" IN ('DLQ', 'UNCONFIRMED') THEN 'ERROR' ELSE 'WARNING' END,
      coalesce(actor, 'engine'), left(message, 2000),
      nullif(jsonb_strip_nulls(jsonb_build_object('outcome', outcome, 'to', CASE WHEN outcome IS NOT NULL THEN "to" END,
        'reason', reason, 'delayMs', "delayMs", 'settles', settles, 'drawn', given_back -> index::text)), '{}'),
      CASE WHEN "to" = 'SUCCESS' THEN "artifactSha256" END, "durationMs"
    FROM decided WHERE answer IN ('left', 'stays')
    UNION ALL
    -- The attempt ends, and its action has gone on without it.
    SELECT lane, "actionId", "tickId", attempt, 'RELEASED', 'WARNING', 'engine', left(message, 2000),
      jsonb_strip_nulls(jsonb_build_object('outcome', outcome, 'to', status, 'drawn', given_back -> index::text)), NULL, "durationMs"
    FROM decided WHERE answer = 'late' AND open_attempt = attempt
    UNION ALL
    SELECT lane, "actionId", "tickId", NULL, 'RECEIPT_RECORDED', 'WARNING', 'engine',
      format('the receipt of attempt %s arrived after the attempt was closed', attempt),
      jsonb_build_object('attempt', attempt, 'receipt', receipt, 'status', status), NULL, NULL
    FROM decided WHERE answer = 'late' AND outcome = 'done'),
  leaving AS (
    SELECT claim_tick_id AS tick_id, count(*)::integer AS n, bool_or("takenBack") AS is_abandoned,
      (count(*) FILTER (WHERE "to" = 'SUCCESS'))::integer AS succeeded, (count(*) FILTER (WHERE "to" = 'RETRY'))::integer AS retried,
      (count(*) FILTER (WHERE "to" IN ('PENDING', 'CANCELLED')))::integer AS released,
      (count(*) FILTER (WHERE "to" = 'AWAITING_APPROVAL'))::integer AS awaiting,
      (count(*) FILTER (WHERE "to" = 'DLQ'))::integer AS dead, (count(*) FILTER (WHERE "to" = 'UNCONFIRMED'))::integer AS unconfirmed
    FROM decided WHERE answer = 'left' GROUP BY claim_tick_id),
  counted AS (
    -- A row that is closed says what stood at its close.
    UPDATE aol_tick_ledger t SET succeeded = t.succeeded + l.succeeded, retried = t.retried + l.retried,
      released = t.released + l.released, awaiting = t.awaiting + l.awaiting, failed = t.failed + l.dead + l.unconfirmed,
      dead_lettered = t.dead_lettered + l.dead, unconfirmed = t.unconfirmed + l.unconfirmed, running = t.running - l.n,
      outcome = CASE WHEN t.running = l.n THEN CASE WHEN l.is_abandoned THEN 'ERROR' ELSE 'OK' END END,
      error = CASE WHEN t.running = l.n AND l.is_abandoned THEN 'the run that began this tick is gone' END,
      finished_at = CASE WHEN t.running = l.n THEN clock_timestamp() END,
      duration_ms = CASE WHEN t.running = l.n THEN extract(epoch FROM clock_timestamp() - t.started_at) * 1000 END
    FROM leaving l WHERE t.id = l.tick_id AND l.tick_id = ANY (open_ticks))
  SELECT jsonb_agg(jsonb_build_object('index', index, 'answer', answer)),
    array_agg("actionId") FILTER (WHERE answer = 'left' AND "to" = 'RETRY'),
    array_agg("actionId") FILTER (WHERE answer = 'left' AND "to" IN ('PENDING', 'RETRY') AND cancel_requested),
    array_agg(index) FILTER (WHERE answer IN ('left', 'stays') OR (answer = 'late' AND open_attempt = attempt))
    INTO answers, waiting, unwanted, settled
  FROM decided;

  IF given_back IS NOT NULL THEN PERFORM aol_give_back(given_back, settled); END IF;
  IF waiting IS NOT NULL THEN
    WITH queued AS (
      UPDATE aol_actions a SET status = 'PENDING', claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL,
        updated_at = clock_timestamp() WHERE a.id = ANY (waiting) RETURNING a.id, a.lane)
    INSERT INTO aol_execution_logs (lane, action_id, event, actor, message)
    SELECT lane, id, 'RELEASED', 'engine', 'it waits in the queue' FROM queued;
  END IF;
  IF unwanted IS NOT NULL THEN
    WITH cancelled AS (
      UPDATE aol_actions a SET status = 'CANCELLED', finished_at = clock_timestamp(), updated_at = clock_timestamp()
      WHERE a.id = ANY (unwanted) AND (a.mode = 'PROOF' OR aol_sent(a.id) IS NULL) RETURNING a.id, a.lane)
    INSERT INTO aol_execution_logs (lane, action_id, event, level, actor, message)
    SELECT lane, id, 'CANCELLED', 'WARNING', 'engine', 'released, and cancelled as asked' FROM cancelled;
  END IF;
  RETURN QUERY SELECT (a ->> 'index')::integer, a ->> 'answer' FROM jsonb_array_elements(answers) AS a;
END $$;

-- Closes the rows of ticks that last too long: what still runs is counted as such, and goes on. All lanes where none is named.
-- Without an order: a claim calls it with sorting off, and the order of ids would be had by reading every row of the ledger.
CREATE OR REPLACE FUNCTION aol_close_overdue(of_lane text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE closed integer;
BEGIN
  UPDATE aol_tick_ledger t SET outcome = 'OVERRUN', finished_at = clock_timestamp(),
    duration_ms = extract(epoch FROM clock_timestamp() - t.started_at) * 1000
  WHERE t.id IN (
    SELECT o.id FROM aol_tick_ledger o
    WHERE o.finished_at IS NULL
      AND o.lane = ANY (CASE WHEN of_lane IS NULL THEN ARRAY(SELECT l.lane FROM aol_lease l) ELSE ARRAY[of_lane] END)
      AND o.started_at < clock_timestamp() - interval '1 millisecond' * (aol_lane_flags(o.lane)).max_tick_ms
    FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS closed = ROW_COUNT;
  RETURN closed;
END $$;
