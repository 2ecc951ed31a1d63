-- What is due, found in one pass through the claim order's index. Under a transaction that has been open for long, the entries of what
-- was claimed since stay in the index, all of them before what is due now: each search passes every one, so that a search may also
-- begin where the last one found something (src/db/queue/claim-cursor.ts). Both plan for the index: the table was small or empty when
-- a session planned.

-- The action of a lane and mode that may be claimed before all others by its time; nulls when nothing is queued.
CREATE OR REPLACE FUNCTION aol_oldest_queued(of_lane text, of_mode text, OUT id uuid, OUT run_at timestamptz)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  head record;
  above smallint := 32767;
BEGIN
  -- The oldest is the oldest of the first of each priority, of which there are few.
  LOOP
    SELECT a.priority, a.run_at, a.id INTO head FROM aol_claimable a
    WHERE a.lane = of_lane AND a.mode = of_mode AND a.priority < above
    ORDER BY a.priority DESC, a.run_at, a.id LIMIT 1;
    EXIT WHEN NOT FOUND;
    IF id IS NULL OR (head.run_at, head.id) < (run_at, id) THEN
      id := head.id;
      run_at := head.run_at;
    END IF;
    above := head.priority;
  END LOOP;
END $$;

-- Time until something in a lane of these modes may be claimed, 0 or less for now; null when nothing waits.
CREATE OR REPLACE FUNCTION aol_due_in_ms(of_lane text, of_modes text[]) RETURNS double precision
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT extract(epoch FROM min(oldest.run_at) - clock_timestamp()) * 1000
    FROM unnest(of_modes) AS modes (mode) CROSS JOIN LATERAL aol_oldest_queued(of_lane, modes.mode) AS oldest);
END $$;

-- Locks what is due in a lane and mode: the first so many in due order, and the oldest of all. What others hold is passed by. Locked
-- by nobody else until the transaction ends.
--
-- Given a place in due order, what lies before it in its priority is left out, unless there is too little behind it.
-- from_start: whether it searched all of it. passing_ms: how long it took to pass what may not be claimed.
CREATE OR REPLACE FUNCTION aol_lock_due(of_lane text, of_mode text, at_most integer, from_priority smallint, from_run_at timestamptz, from_id uuid)
RETURNS TABLE (id uuid, priority smallint, run_at timestamptz, claim_count smallint, is_oldest boolean, from_start boolean, passing_ms double precision)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  head record;
  oldest_id uuid;
  oldest_at timestamptz;
  found_rows integer;
  room integer;
  above smallint;
  is_whole boolean := from_id IS NULL;
  began timestamptz;
  due_until timestamptz;
  passed double precision := 0;
BEGIN
  LOOP
    room := at_most;
    above := 32767;
    LOOP
      began := clock_timestamp();
      IF is_whole OR above <= from_priority THEN
        SELECT a.priority, a.run_at, a.id INTO head FROM aol_claimable a
        WHERE a.lane = of_lane AND a.mode = of_mode AND a.priority < above
        ORDER BY a.priority DESC, a.run_at, a.id LIMIT 1;
        EXIT WHEN NOT FOUND;
      ELSE
        SELECT a.priority, a.run_at, a.id INTO head FROM aol_claimable a
        WHERE a.lane = of_lane AND a.mode = of_mode AND a.priority < above AND a.priority > from_priority
        ORDER BY a.priority DESC, a.run_at, a.id LIMIT 1;
        IF NOT FOUND THEN
          above := from_priority;
          SELECT a.priority, a.run_at, a.id INTO head FROM aol_claimable a
          WHERE a.lane = of_lane AND a.mode = of_mode AND a.priority = from_priority AND (a.run_at, a.id) >= (from_run_at, from_id)
          ORDER BY a.run_at, a.id LIMIT 1;
          CONTINUE WHEN NOT FOUND;
        END IF;
      END IF;
      passed := passed + extract(epoch FROM clock_timestamp() - began) * 1000;
      above := head.priority;
      CONTINUE WHEN head.run_at > clock_timestamp();
      IF oldest_id IS NULL OR (head.run_at, head.id) < (oldest_at, oldest_id) THEN
        oldest_id := head.id;
        oldest_at := head.run_at;
      END IF;
      CONTINUE WHEN room <= 0;
      -- A variable ends the index's search at what is not due yet; a call of clock_timestamp() would be asked of each entry behind it.
      due_until := clock_timestamp();
      RETURN QUERY
        SELECT a.id, a.priority, a.run_at, a.claim_count, false, is_whole, passed FROM aol_claimable a
        WHERE a.lane = of_lane AND a.mode = of_mode AND a.priority = head.priority
          AND (a.run_at, a.id) >= (head.run_at, head.id) AND a.run_at <= due_until
        ORDER BY a.run_at, a.id LIMIT room FOR UPDATE SKIP LOCKED;
      GET DIAGNOSTICS found_rows = ROW_COUNT;
      room := room - found_rows;
    END LOOP;
    EXIT WHEN is_whole OR room <= 0;
    is_whole := true;
  END LOOP;
  RETURN QUERY
    SELECT a.id, a.priority, a.run_at, a.claim_count, true, is_whole, passed FROM aol_claimable a
    WHERE a.id = oldest_id AND a.run_at <= clock_timestamp()
    FOR UPDATE SKIP LOCKED;
END $$;
