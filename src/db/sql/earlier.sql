-- Actions that have to be done before others.

-- What an action has become: itself, or what it was promoted to or revised as.
CREATE OR REPLACE FUNCTION aol_became(of_action uuid) RETURNS uuid LANGUAGE sql STABLE SET enable_seqscan = off AS $$
  WITH RECURSIVE later AS (
    SELECT of_action AS id, 0 AS step
    UNION ALL
    SELECT next.id, later.step + 1 FROM later JOIN aol_actions next ON next.promoted_from = later.id OR next.revises = later.id
    WHERE later.step < 100)
  SELECT id FROM later ORDER BY step DESC LIMIT 1
$$;

-- What waits for an action (held_by: action:, its id, and the status that it was last seen in) is due at once when that one has ended; and
-- when it came to rest since, to say so. Answers the lanes that it waits in, but for those that are killed.
CREATE OR REPLACE FUNCTION aol_release_followers() RETURNS TABLE (lane text)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY WITH released AS (
    UPDATE aol_actions f SET run_at = least(f.run_at, clock_timestamp()), held_by = NULL, updated_at = clock_timestamp()
    WHERE f.id IN (
      SELECT w.id FROM aol_actions w JOIN aol_actions e ON e.id = aol_became(substr(split_part(w.held_by, ' ', 1), length('action:') + 1)::uuid)
      WHERE w.held_by IS NOT NULL AND starts_with(w.held_by, 'action:') AND w.status = 'PENDING'
        AND (e.status = 'CANCELLED' OR (e.status = 'SUCCESS' AND e.mode = 'REAL')
          OR (e.status IN ('AWAITING_APPROVAL', 'DLQ', 'UNCONFIRMED') AND e.status <> split_part(w.held_by, ' ', 2)))
      ORDER BY w.id FOR UPDATE OF w SKIP LOCKED)
    RETURNING f.lane)
  SELECT DISTINCT r.lane FROM released r WHERE NOT (aol_lane_flags(r.lane)).killed;
END $$;
