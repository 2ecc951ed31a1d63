-- Whose word counts as an approval. Triggers of aol_actions ask the same (migrations/0009_roles.ts).

CREATE OR REPLACE FUNCTION aol_is_agent(actor text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM aol_api_tokens WHERE name = actor AND role = 'agent' AND revoked_at IS NULL)
$$;

-- Who asked for an action: whoever queued it, and whoever queued what it was promoted from.
CREATE OR REPLACE FUNCTION aol_askers(of_action uuid) RETURNS text[] LANGUAGE sql STABLE AS $$
  WITH RECURSIVE origin AS (
    SELECT promoted_from, created_by FROM aol_actions WHERE id = of_action
    UNION ALL
    SELECT a.promoted_from, a.created_by FROM origin JOIN aol_actions a ON a.id = origin.promoted_from)
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
