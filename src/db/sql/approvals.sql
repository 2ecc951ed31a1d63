-- Whose word counts as an approval, and what needs one. Triggers of aol_actions ask the same (migrations/0009_roles.ts).

CREATE OR REPLACE FUNCTION aol_is_agent(actor text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM aol_api_tokens WHERE name = actor AND role = 'agent' AND revoked_at IS NULL)
$$;

-- Who asked for an action: whoever queued it, and whoever queued what it was promoted from or revises. To revise is to queue.
CREATE OR REPLACE FUNCTION aol_askers(of_action uuid) RETURNS text[] LANGUAGE sql STABLE AS $$
  WITH RECURSIVE origin AS (
    SELECT coalesce(promoted_from, revises) AS before, created_by FROM aol_actions WHERE id = of_action
    UNION ALL
    SELECT coalesce(a.promoted_from, a.revises), a.created_by FROM origin JOIN aol_actions a ON a.id = origin.before)
  SELECT coalesce(array_agg(DISTINCT created_by), '{}') FROM origin
$$;

-- The people whose approval of this artifact counts (to promote it is to approve it): each once, no agent, and nobody who asked where
-- the approver must differ.
CREATE OR REPLACE FUNCTION aol_approvers(of_action uuid, of_lane text, of_sha256 text) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(DISTINCT l.actor ORDER BY l.actor), '{}')
  FROM aol_lane_flags(of_lane) AS f CROSS JOIN aol_execution_logs l
  WHERE l.action_id = of_action AND l.event IN ('APPROVED', 'PROMOTED') AND l.detail ->> 'sha256' = of_sha256
    AND NOT aol_is_agent(l.actor) AND NOT (f.approver_must_differ AND l.actor = ANY (aol_askers(of_action)))
$$;

-- Whether the rules of a lane want a person for a REAL action of this type, as they are now. The policy first_of_type does while none
-- of the type has been sent in the lane.
CREATE OR REPLACE FUNCTION aol_rules_ask(of_lane text, of_type text, approval_policy text, autonomy text) RETURNS boolean
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  RETURN autonomy = 'approve' OR CASE approval_policy WHEN 'none' THEN false
    WHEN 'first_of_type' THEN NOT EXISTS (SELECT FROM aol_actions
      WHERE lane = of_lane AND type = of_type AND mode = 'REAL' AND status = 'SUCCESS')
    ELSE true END;
END $$;

-- When a new REAL action is claimed first: at once where a person has to see it, whatever its time is; else when its time has come.
CREATE OR REPLACE FUNCTION aol_first_claim(of_lane text, of_type text, due_at timestamptz, approval_needed boolean) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE WHEN due_at <= now() THEN due_at WHEN approval_needed THEN now()
    WHEN aol_rules_ask(of_lane, of_type, (aol_lane_flags(of_lane)).approval_policy, aol_autonomy_level(of_lane, of_type)) THEN now()
    ELSE due_at END;
END $$;

-- The rules of a lane, or of all, have become stricter: what waits for its time and needs a person now is shown to one. A thousand at
-- once; what is left, or locked by somebody else at this moment, asks when its time has come.
CREATE OR REPLACE FUNCTION aol_show_ahead(of_lane text) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE waiting uuid;
BEGIN
  FOR waiting IN
    SELECT w.id FROM aol_claimable w
    WHERE w.lane = ANY (CASE WHEN of_lane = '*' THEN ARRAY(SELECT l.lane FROM aol_lease l) ELSE ARRAY[of_lane] END)
      AND w.mode = 'REAL' AND w.run_at > clock_timestamp() AND w.run_at = w.due_at AND w.approval_sha256 IS NULL
      AND w.attempts_before + w.attempts = 0
      AND aol_rules_ask(w.lane, w.type, (aol_lane_flags(w.lane)).approval_policy, aol_autonomy_level(w.lane, w.type))
    ORDER BY w.due_at, w.id LIMIT 1000 FOR UPDATE OF w SKIP LOCKED
  LOOP
    UPDATE aol_actions SET run_at = clock_timestamp(), updated_at = clock_timestamp() WHERE id = waiting;
  END LOOP;
END $$;
