-- What lists and decisions about many ask of a row.

-- Whose account a payload needs, by its provider; as the contract of its type has it. Null where it is nobody's, or not known here.
CREATE OR REPLACE FUNCTION aol_provider(of_type text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE of_type
    WHEN 'POST_SOCIAL' THEN payload ->> 'platform'
    WHEN 'POST_CHAT' THEN payload ->> 'service'
    WHEN 'SEND_EMAIL' THEN 'smtp'
    WHEN 'GENERATE_TEXT' THEN coalesce(payload ->> 'service', 'openai') END
$$;

-- An error without what differs from one action to the next: addresses of people, ids and hashes, numbers. The statuses of HTTP and of
-- mail servers stay.
CREATE OR REPLACE FUNCTION aol_cause(last_error text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(regexp_replace(regexp_replace(left(coalesce(last_error, ''), 1000),
    '[^\s<>"''(),;:]+@(?=[[:alnum:]])', '…@', 'g'),
    '\m[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\M|\m(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\M|(?<![0-9.])(?!\m[1-5][0-9][0-9]\M(?!\.[0-9]))[0-9]+(?:\.[0-9]+)*',
    '…', 'gi'), 300)
$$;

-- The priorities of what waits in a lane and mode: few, found one after the other in the index of the claim order.
CREATE OR REPLACE FUNCTION aol_waiting_priorities(of_lane text, of_mode text) RETURNS SETOF smallint
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  above smallint := 32767;
BEGIN
  LOOP
    SELECT a.priority INTO above FROM aol_actions a
    WHERE a.lane = of_lane AND a.mode = of_mode AND a.status = 'PENDING' AND a.priority < above
    ORDER BY a.priority DESC, a.run_at, a.id LIMIT 1;
    EXIT WHEN NOT FOUND;
    RETURN NEXT above;
  END LOOP;
END $$;

-- How many actions of all lanes, or of one, stand in each of some statuses; each count stops at a number, if one is given. By the index
-- whatever the statistics say: where everything waited when they were made, a scan of the whole table for each status looks cheaper.
CREATE OR REPLACE FUNCTION aol_count_by_status(of_lane text, statuses text[], at_most bigint)
RETURNS TABLE (lane text, status text, count bigint)
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
  SELECT l.lane, s.status, counted.n FROM aol_lease l CROSS JOIN unnest(statuses) AS s (status)
  CROSS JOIN LATERAL (SELECT count(*) AS n FROM (
    SELECT FROM aol_actions a WHERE a.lane = l.lane AND a.status = s.status LIMIT at_most) AS found) AS counted
  WHERE of_lane IS NULL OR l.lane = of_lane
$$;

-- The id of the first row of the log that is not older; one beyond the last when there is none, null when the log is empty. Rows that
-- are written at the same moment may have their ids in another order: whoever asks leaves room for that.
CREATE OR REPLACE FUNCTION aol_first_log(since timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  low bigint;
  high bigint;
  found record;
BEGIN
  SELECT min(id), max(id) + 1 INTO low, high FROM aol_execution_logs;
  WHILE low < high LOOP
    SELECT id, at INTO found FROM aol_execution_logs WHERE id >= (low + high) / 2 ORDER BY id LIMIT 1;
    IF found.at >= since THEN high := (low + high) / 2; ELSE low := found.id + 1; END IF;
  END LOOP;
  RETURN low;
END $$;
