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
-- settles those before. first_at and last_at are when the first and the last of them began.
CREATE OR REPLACE FUNCTION aol_uncertain_attempts(of_action uuid, OUT how_many integer, OUT last_attempt integer,
  OUT first_at timestamptz, OUT last_at timestamptz)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  SELECT count(*), max(i.attempt), min(i.at), max(i.at) INTO how_many, last_attempt, first_at, last_at
  FROM aol_execution_logs i
  LEFT JOIN aol_execution_logs o ON o.action_id = of_action AND o.attempt = i.attempt AND o.event IN
    ('SUCCEEDED', 'RETRY_SCHEDULED', 'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED', 'RELEASED')
  WHERE i.action_id = of_action AND i.event = 'ATTEMPT_STARTED' AND i.detail ? 'deadline'
    AND (o.id IS NULL OR o.detail ->> 'outcome' = 'unknown')
    AND i.id > coalesce((SELECT max(s.id) FROM aol_execution_logs s WHERE s.action_id = of_action
      AND (s.event IN ('REPLAYED', 'RESOLVED') OR s.detail ? 'settles')), 0);
END $$;

-- A receipt that came after its attempt was closed, and that nobody replayed since: it happened.
CREATE OR REPLACE FUNCTION aol_late_receipt(of_action uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  RETURN (SELECT l.detail -> 'receipt' FROM aol_execution_logs l
    WHERE l.action_id = of_action AND l.event = 'RECEIPT_RECORDED' AND l.id > coalesce((
      SELECT max(r.id) FROM aol_execution_logs r WHERE r.action_id = of_action AND r.event = 'REPLAYED'), 0)
    ORDER BY l.id DESC LIMIT 1);
END $$;
