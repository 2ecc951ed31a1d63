-- The invariants over the tables, once everything has settled: every row that comes back is a violation.
-- Logs of one action are written under its row's lock, so their ids are in the order of what happened.

WITH
-- What each event makes of the status. A receipt that arrived late only confirms what was UNCONFIRMED.
happened AS (
  SELECT l.*, CASE l.event
      WHEN 'ENQUEUED' THEN 'PENDING' WHEN 'PROMOTED' THEN 'PENDING' WHEN 'CLAIMED' THEN 'RUNNING' WHEN 'ATTEMPT_STARTED' THEN 'RUNNING'
      WHEN 'SUCCEEDED' THEN 'SUCCESS' WHEN 'RETRY_SCHEDULED' THEN 'RETRY'
      WHEN 'AWAITING_APPROVAL' THEN 'AWAITING_APPROVAL' WHEN 'DEAD_LETTERED' THEN 'DLQ'
      WHEN 'UNCONFIRMED' THEN 'UNCONFIRMED' WHEN 'RELEASED' THEN 'PENDING' WHEN 'CANCELLED' THEN 'CANCELLED'
      WHEN 'APPROVED' THEN 'PENDING' WHEN 'REJECTED' THEN 'CANCELLED' WHEN 'REVISED' THEN 'CANCELLED' WHEN 'REPLAYED' THEN 'PENDING'
      WHEN 'RECEIPT_RECORDED' THEN CASE WHEN l.detail ->> 'status' = 'UNCONFIRMED' THEN 'SUCCESS' END END AS becomes
  FROM aol_execution_logs l WHERE l.action_id IS NOT NULL),
steps AS (
  SELECT h.*, lag(becomes) OVER (PARTITION BY action_id ORDER BY id) AS was,
    lead(id) OVER (PARTITION BY action_id ORDER BY id) IS NULL AS is_last
  FROM happened h WHERE becomes IS NOT NULL),
resolved AS (SELECT DISTINCT action_id FROM aol_execution_logs WHERE event = 'RESOLVED'),
intents AS (SELECT * FROM aol_execution_logs WHERE event = 'ATTEMPT_STARTED'),
outcomes AS (
  SELECT * FROM aol_execution_logs WHERE attempt IS NOT NULL AND event IN
    ('SUCCEEDED', 'RETRY_SCHEDULED', 'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED', 'RELEASED')),
fences AS (
  SELECT lane, number, lease_token, lag(lease_token) OVER (PARTITION BY lane ORDER BY number) AS before,
    number - lag(number) OVER (PARTITION BY lane ORDER BY number) AS step
  FROM aol_tick_ledger),
-- How each action left each tick that claimed it. A wait between two attempts is no way out unless nothing followed.
ways_out AS (
  SELECT DISTINCT ON (tick_id, action_id) tick_id, event FROM aol_execution_logs
  WHERE tick_id IS NOT NULL AND event IN
    ('SUCCEEDED', 'RETRY_SCHEDULED', 'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED', 'RELEASED')
  ORDER BY tick_id, action_id, id DESC),
counted AS (
  SELECT tick_id, count(*) FILTER (WHERE event = 'SUCCEEDED') AS succeeded,
    count(*) FILTER (WHERE event = 'DEAD_LETTERED') AS dead_lettered,
    count(*) FILTER (WHERE event = 'UNCONFIRMED') AS unconfirmed,
    count(*) FILTER (WHERE event = 'AWAITING_APPROVAL') AS awaiting,
    count(*) FILTER (WHERE event IN ('RELEASED', 'RETRY_SCHEDULED')) AS went_back
  FROM ways_out GROUP BY tick_id),
claims AS (
  SELECT tick_id, count(*) AS logged FROM aol_execution_logs
  WHERE event = 'CLAIMED' OR (event = 'ATTEMPT_STARTED' AND NOT coalesce(detail ? 'deadline', false)) GROUP BY tick_id)

SELECT 'status differs from its log' AS rule, a.id::text AS subject, a.status || ' in the row, ' || s.becomes || ' in the log' AS detail
FROM aol_actions a JOIN steps s ON s.action_id = a.id AND s.is_last
WHERE s.becomes <> a.status AND a.id NOT IN (SELECT action_id FROM resolved)
UNION ALL
SELECT 'an action without a log', a.id::text, a.status FROM aol_actions a
WHERE NOT EXISTS (SELECT FROM aol_execution_logs l WHERE l.action_id = a.id AND l.event IN ('ENQUEUED', 'PROMOTED'))
UNION ALL
SELECT 'an arrow that is not in the contract', s.action_id::text, s.was || ' to ' || s.becomes || ' by ' || s.event || ' (log ' || s.id || ')'
FROM steps s WHERE s.was IS NOT NULL AND s.was <> s.becomes AND NOT aol_transition_allowed(s.was, s.becomes)
  AND s.action_id NOT IN (SELECT action_id FROM resolved)
UNION ALL
SELECT 'a final action went on', s.action_id::text, s.event FROM steps s WHERE s.was IN ('SUCCESS', 'CANCELLED')
UNION ALL
SELECT 'an intent without an outcome', i.action_id::text, 'attempt ' || i.attempt FROM intents i
WHERE NOT EXISTS (SELECT FROM outcomes o WHERE o.action_id = i.action_id AND o.attempt = i.attempt)
UNION ALL
SELECT 'an outcome without an intent', o.action_id::text, 'attempt ' || o.attempt || ' ' || o.event FROM outcomes o
WHERE NOT EXISTS (SELECT FROM intents i WHERE i.action_id = o.action_id AND i.attempt = o.attempt AND i.id < o.id)
UNION ALL
SELECT 'two intents for one attempt', action_id::text, 'attempt ' || attempt FROM intents GROUP BY action_id, attempt HAVING count(*) > 1
UNION ALL
SELECT 'two outcomes for one attempt', action_id::text, 'attempt ' || attempt FROM outcomes GROUP BY action_id, attempt HAVING count(*) > 1
UNION ALL
SELECT 'more attempts than allowed', a.id::text, o.n || ' attempts that count, ' || a.max_attempts || ' allowed'
FROM aol_actions a
JOIN (SELECT action_id, count(*) AS n FROM outcomes WHERE event <> 'RELEASED' GROUP BY action_id) o ON o.action_id = a.id
LEFT JOIN (SELECT action_id, count(*) AS n FROM aol_execution_logs WHERE event IN ('REPLAYED', 'RESOLVED') GROUP BY action_id) r
  ON r.action_id = a.id
WHERE o.n > a.max_attempts * (1 + coalesce(r.n, 0))
UNION ALL
SELECT 'the numbering of attempts differs from the log', a.id::text, (a.attempts_before + a.attempts) || ' in the row, ' || i.highest || ' in the log'
FROM aol_actions a JOIN (SELECT action_id, max(attempt) AS highest FROM intents GROUP BY action_id) i ON i.action_id = a.id
WHERE a.attempts_before + a.attempts <> i.highest
UNION ALL
SELECT 'still claimed', a.id::text, a.status || ' by tick ' || a.claim_tick_id FROM aol_actions a
WHERE a.status = 'RUNNING' OR a.claim_tick_id IS NOT NULL
UNION ALL
SELECT 'an attempt is open past its time', i.action_id::text, format('attempt %s, since %s', i.attempt, i.detail ->> 'deadline')
FROM intents i WHERE (i.detail ->> 'deadline')::timestamptz + interval '5 seconds' < clock_timestamp()
  AND NOT EXISTS (SELECT FROM outcomes o WHERE o.action_id = i.action_id AND o.attempt = i.attempt)
UNION ALL
SELECT 'a proof was performed', i.action_id::text, 'attempt ' || i.attempt FROM intents i JOIN aol_actions a ON a.id = i.action_id
WHERE a.mode = 'PROOF' AND i.detail ? 'deadline'
UNION ALL
SELECT 'a tick is still open', t.id::text, 'tick ' || t.number || ', ' || t.running || ' running' FROM aol_tick_ledger t WHERE t.finished_at IS NULL
UNION ALL
SELECT 'a closed tick still counts running ones', t.id::text, 'tick ' || t.number || ' ' || t.outcome || ', ' || t.running || ' running'
FROM aol_tick_ledger t WHERE t.running > 0 AND t.outcome NOT IN ('OVERRUN', 'ERROR')
UNION ALL
SELECT 'the ledger differs from the log', t.id::text,
  format('tick %s: %s in the ledger, %s in the log (succeeded, dead, unconfirmed, awaiting, back)', t.number,
    (t.succeeded, t.dead_lettered, t.unconfirmed, t.awaiting, t.released + t.retried),
    (c.succeeded, c.dead_lettered, c.unconfirmed, c.awaiting, c.went_back))
FROM aol_tick_ledger t LEFT JOIN counted c ON c.tick_id = t.id
WHERE t.outcome = 'OK' AND t.claimed > 0
  AND (t.succeeded, t.dead_lettered, t.unconfirmed, t.awaiting, t.released + t.retried)
    IS DISTINCT FROM (c.succeeded, c.dead_lettered, c.unconfirmed, c.awaiting, c.went_back)
UNION ALL
SELECT 'claims differ from the ledger', coalesce(t.id, l.tick_id)::text,
  coalesce(t.claimed, 0) || ' in the ledger, ' || coalesce(l.logged, 0) || ' in the log'
FROM aol_tick_ledger t FULL JOIN claims l ON l.tick_id = t.id
WHERE coalesce(t.claimed, 0) <> coalesce(l.logged, 0)
UNION ALL
SELECT 'a fence went back', lane, 'tick ' || number || ': ' || before || ' to ' || lease_token FROM fences WHERE lease_token < before
UNION ALL
SELECT 'a tick number is missing', lane, 'before ' || number FROM fences WHERE step <> 1
UNION ALL
SELECT 'an intent under an older fence', l.action_id::text, 'token ' || (l.detail ->> 'token') || ' after ' || l.before FROM (
  SELECT i.*, max((i.detail ->> 'token')::bigint) OVER (PARTITION BY i.lane ORDER BY i.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM intents i WHERE i.detail ? 'token') l
WHERE (l.detail ->> 'token')::bigint < l.before
UNION ALL
SELECT 'a lease token was given twice', lane, 'token ' || (detail ->> 'token') FROM aol_execution_logs
WHERE event = 'LEASE_TAKEN' GROUP BY lane, detail ->> 'token' HAVING count(*) > 1
