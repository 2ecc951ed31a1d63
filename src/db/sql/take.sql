-- Taking back, and taking up again, what another run or another worker has claimed. Here deaths are counted: an action that a worker
-- had in hand died with it when that worker process is gone, before the gate or past it. Kill, a new owner and a wait are no deaths.

-- Takes back what cannot end in its tick any more: claims under an older token, claims past their time, and proofs of another tick
-- than the one at hand (a run proves one tick at a time). After a kill: all. What an attempt owns stays until its outcome or its
-- deadline. Returns to the queue, or after so many deaths before anything was sent to the dead letters.
CREATE OR REPLACE FUNCTION aol_take_back(of_lane text, under_token bigint, is_kill boolean, except_tick uuid, max_deaths integer)
RETURNS integer LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE items jsonb;
BEGIN
  WITH workers AS MATERIALIZED (SELECT DISTINCT application_name FROM pg_stat_activity),
  stale AS (
    SELECT a.id, a.mode, a.claim_count, a.attempts_before + a.attempts AS number,
      a.claim_worker IS NOT NULL AND a.updated_at > pg_postmaster_start_time()
        AND a.claim_worker NOT IN (SELECT application_name FROM workers WHERE application_name IS NOT NULL) AS died
    FROM aol_held a
    WHERE a.lane = of_lane AND CASE WHEN is_kill THEN true ELSE
        (a.claim_lease_token <> under_token OR a.claim_until < clock_timestamp() OR a.mode = 'PROOF')
        AND a.claim_tick_id IS DISTINCT FROM except_tick END
      AND (a.mode = 'PROOF' OR a.attempts_before + a.attempts = 0 OR coalesce((aol_open_attempt(a.id)).remaining_ms, 0) <= 0)
    FOR UPDATE OF a SKIP LOCKED),
  ended AS (
    SELECT stale.*, died AND claim_count + 1 >= max_deaths
      AND (mode = 'PROOF' OR number = 0 OR aol_sent(id) IS NULL) AS crashed FROM stale)
  SELECT jsonb_agg(jsonb_build_object('actionId', id, 'takenBack', true, 'died', died, 'to', CASE WHEN crashed THEN 'DLQ' ELSE 'PENDING' END,
    'reason', CASE WHEN crashed THEN 'crashed' END, 'message', CASE WHEN crashed THEN format('its worker died %s times while it ran', max_deaths)
      WHEN died THEN 'its worker died; in the queue again' ELSE 'taken back from a run that ended; in the queue again' END))
    INTO items FROM ended;
  IF items IS NULL THEN RETURN 0; END IF;
  PERFORM aol_leave(items);
  RETURN jsonb_array_length(items);
END $$;

-- A worker takes a tick's actions in hand again: all, or those that are named. Whatever the worker that had them before has died with
-- is counted, and after so many deaths dead-lettered. What died often goes alone: it is not in hand until it is named.
-- Answers what is still held, also what an attempt owns: the gate knows how it goes on.
CREATE OR REPLACE FUNCTION aol_take_up(of_tick uuid, under_token bigint, by_worker text, only_ids uuid[], suspect_deaths integer,
  max_deaths integer) RETURNS SETOF aol_actions
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  of_lane text := (SELECT lane FROM aol_tick_ledger WHERE id = of_tick);
  items jsonb;
BEGIN
  PERFORM FROM aol_held a WHERE a.lane = of_lane AND a.claim_tick_id = of_tick AND a.claim_lease_token = under_token
    AND (only_ids IS NULL OR a.id = ANY (only_ids)) ORDER BY a.id FOR UPDATE;
  UPDATE aol_actions a SET
    claim_count = a.claim_count + d.died::integer,
    claim_worker = CASE WHEN only_ids IS NULL AND a.claim_count + d.died::integer >= suspect_deaths THEN NULL ELSE by_worker END,
    claim_until = clock_timestamp() + interval '60 seconds', updated_at = clock_timestamp()
  FROM (
    SELECT h.id, h.claim_worker <> by_worker AND NOT aol_worker_lives(h.claim_worker, h.updated_at) AS died
    FROM aol_held h WHERE h.lane = of_lane AND h.claim_tick_id = of_tick AND h.claim_lease_token = under_token
      AND (only_ids IS NULL OR h.id = ANY (only_ids))) AS taken,
    LATERAL (SELECT coalesce(taken.died, false) AS died) AS d
  WHERE a.id = taken.id;
  SELECT jsonb_agg(jsonb_build_object('actionId', a.id, 'to', 'DLQ', 'reason', 'crashed',
      'message', format('its worker died %s times while it ran', max_deaths))) INTO items
  FROM aol_held a WHERE a.lane = of_lane AND a.claim_tick_id = of_tick AND a.claim_count >= max_deaths
    AND (only_ids IS NULL OR a.id = ANY (only_ids))
    AND (a.mode = 'PROOF' OR a.attempts_before + a.attempts = 0 OR aol_sent(a.id) IS NULL);
  IF items IS NOT NULL THEN PERFORM aol_leave(items); END IF;
  RETURN QUERY SELECT a.* FROM aol_held a WHERE a.lane = of_lane AND a.claim_tick_id = of_tick AND a.claim_lease_token = under_token
    AND (only_ids IS NULL OR a.id = ANY (only_ids)) ORDER BY a.claim_count, a.priority DESC, a.run_at, a.id;
END $$;
