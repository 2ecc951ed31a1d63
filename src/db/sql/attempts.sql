-- What the log knows of an effect's attempts: an intent with a deadline, and its outcome. Each plans for the index by action.

-- The attempt that has an intent and no outcome, and how long it may still take: until its deadline, or until its worker process has
-- died (then nobody can end it). Nulls when there is none.
CREATE OR REPLACE FUNCTION aol_open_attempt(of_action uuid, OUT attempt integer, OUT remaining_ms double precision)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  SELECT i.attempt, CASE WHEN aol_worker_lives(i.detail ->> 'worker', i.at)
      THEN ceil(extract(epoch FROM (i.detail ->> 'deadline')::timestamptz - clock_timestamp()) * 1000) ELSE 0 END
    INTO attempt, remaining_ms
  FROM aol_execution_logs i
  WHERE i.action_id = of_action AND i.event = 'ATTEMPT_STARTED' AND i.detail ? 'deadline' AND NOT EXISTS (
    SELECT FROM aol_execution_logs o WHERE o.action_id = of_action AND o.attempt = i.attempt AND o.event IN
      ('SUCCEEDED', 'RETRY_SCHEDULED', 'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED', 'RELEASED'))
  ORDER BY i.attempt DESC LIMIT 1;
END $$;

-- Attempts that may have happened: without an outcome, or with an unknown one. What a person decided since, or the provider said,
-- settles those before.
CREATE OR REPLACE FUNCTION aol_uncertain(of_action uuid) RETURNS TABLE (attempt integer, at timestamptz)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT i.attempt, i.at FROM aol_execution_logs i
  LEFT JOIN aol_execution_logs o ON o.action_id = of_action AND o.attempt = i.attempt AND o.event IN
    ('SUCCEEDED', 'RETRY_SCHEDULED', 'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED', 'RELEASED')
  WHERE i.action_id = of_action AND i.event = 'ATTEMPT_STARTED' AND i.detail ? 'deadline'
    AND (o.id IS NULL OR o.detail ->> 'outcome' = 'unknown')
    AND i.id > coalesce((SELECT max(s.id) FROM aol_execution_logs s WHERE s.action_id = of_action
      AND (s.event IN ('REPLAYED', 'RESOLVED') OR s.detail ? 'settles')), 0);
END $$;

-- How many there are; first_at and last_at are when the first and the last of them began.
CREATE OR REPLACE FUNCTION aol_uncertain_attempts(of_action uuid, OUT how_many integer, OUT last_attempt integer,
  OUT first_at timestamptz, OUT last_at timestamptz) LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT count(*), max(u.attempt), min(u.at), max(u.at) INTO how_many, last_attempt, first_at, last_at FROM aol_uncertain(of_action) AS u;
END $$;

-- A receipt that came after its attempt was closed, and that nobody replayed since: it happened.
CREATE OR REPLACE FUNCTION aol_late_receipt(of_action uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  RETURN (
    -- Read once: alone, the last replay would be looked for among the acts of people on all actions.
    WITH known AS MATERIALIZED (
      SELECT id, event, detail FROM aol_execution_logs WHERE action_id = of_action AND event IN ('RECEIPT_RECORDED', 'REPLAYED'))
    SELECT detail -> 'receipt' FROM known
    WHERE event = 'RECEIPT_RECORDED' AND id > coalesce((SELECT max(id) FROM known WHERE event = 'REPLAYED'), 0)
    ORDER BY id DESC LIMIT 1);
END $$;

-- What is known of an effect that is to be taken from the queue: sent (its receipt came late), unknown (it may have been), or null: it
-- was not. What was sent, or may have been, is neither cancelled nor changed, and no deaths of workers make it a dead letter.
CREATE OR REPLACE FUNCTION aol_sent(of_action uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF aol_late_receipt(of_action) IS NOT NULL THEN RETURN 'sent'; END IF;
  RETURN CASE WHEN (aol_uncertain_attempts(of_action)).how_many > 0 THEN 'unknown' END;
END $$;
