-- How far a type of action may go by itself: draft (proofs only), approve (a person allows each), auto (by the lane's flags alone). The
-- stricter of this and the lane's flags holds. The narrowest row counts; where there is none, the flags hold alone.

CREATE OR REPLACE FUNCTION aol_autonomy_level(of_lane text, of_type text) RETURNS text
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  RETURN coalesce((SELECT level FROM aol_autonomy WHERE lane IN (of_lane, '*') AND type IN (of_type, '*')
    ORDER BY lane = '*', type = '*' LIMIT 1), 'auto');
END $$;

-- A rejected approval, an effect that nobody can confirm, or the third dead letter in a row takes auto back to approve. Where nobody has
-- set a level there is nothing to take back.
CREATE OR REPLACE FUNCTION aol_lower_autonomy(of_action uuid, because text) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  action record;
  why text;
BEGIN
  SELECT lane, type, mode INTO action FROM aol_actions WHERE id = of_action;
  IF action.mode IS DISTINCT FROM 'REAL' OR aol_autonomy_level(action.lane, action.type) <> 'auto'
    OR NOT EXISTS (SELECT FROM aol_autonomy WHERE lane IN (action.lane, '*') AND type IN (action.type, '*')) THEN RETURN; END IF;
  why := CASE because WHEN 'REJECTED' THEN 'an approval was rejected' WHEN 'UNCONFIRMED' THEN 'an effect is unconfirmed' END;
  IF because = 'DEAD_LETTERED' THEN
    -- Of the last ends that the log has of this type in this lane, as far back as is quickly looked through.
    IF (SELECT count(*) FILTER (WHERE ends.event = 'DEAD_LETTERED') FROM (
        SELECT l.event FROM (SELECT * FROM aol_execution_logs ORDER BY id DESC LIMIT 2000) AS l
        JOIN aol_actions a ON a.id = l.action_id
        WHERE l.lane = action.lane AND l.event IN ('SUCCEEDED', 'DEAD_LETTERED') AND a.type = action.type AND a.mode = 'REAL'
        ORDER BY l.id DESC LIMIT 3) AS ends) < 3 THEN RETURN; END IF;
    why := 'three dead letters in a row';
  END IF;
  INSERT INTO aol_autonomy (lane, type, level, updated_by, reason) VALUES (action.lane, action.type, 'approve', 'engine', why)
  ON CONFLICT (lane, type) DO UPDATE SET level = 'approve', updated_by = 'engine', reason = excluded.reason, updated_at = clock_timestamp();
  INSERT INTO aol_execution_logs (lane, action_id, event, level, actor, message, detail)
  VALUES (action.lane, of_action, 'FLAG_CHANGED', 'WARNING', 'engine', format('autonomy of %s = approve: %s', action.type, why),
    jsonb_build_object('autonomy', 'approve', 'type', action.type, 'reason', why));
END $$;
