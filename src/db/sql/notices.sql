-- What becomes a notice: rows of the log, as they are written, and states that only time brings about. Each once for each destination.

-- Of a row of the log. Without a destination nobody is told, and nothing is kept.
CREATE OR REPLACE FUNCTION aol_notice_of_log(l aol_execution_logs) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  of_kind text;
  of_occasion text := 'log:' || l.id;
  expires_at timestamptz;
BEGIN
  IF NOT EXISTS (SELECT FROM aol_notice_destinations) THEN RETURN; END IF;
  of_kind := CASE l.event
    WHEN 'AWAITING_APPROVAL' THEN 'approval_waits'
    WHEN 'UNCONFIRMED' THEN 'unconfirmed'
    WHEN 'DEAD_LETTERED' THEN 'dead_letter'
    WHEN 'CANCELLED' THEN 'approval_ran_out'
    WHEN 'ACCOUNT_CHANGED' THEN CASE
      WHEN l.detail ->> 'to' = l.detail ->> 'from' THEN NULL
      WHEN l.detail ->> 'to' IN ('needs_login', 'on_hold') THEN 'account_held'
      -- A shorter limit passes by itself before anybody could do something about it.
      WHEN l.detail ->> 'to' = 'limited' AND (l.detail ->> 'until')::timestamptz > l.at + interval '1 hour' THEN 'account_held' END
    WHEN 'FLAG_CHANGED' THEN CASE
      WHEN l.detail ? 'autonomy' AND l.actor = 'engine' THEN 'autonomy_lowered'
      WHEN l.detail ->> 'name' = 'killed' AND l.detail ->> 'value' = 'true' THEN 'lane_killed'
      WHEN l.detail ->> 'name' = 'proof_only' THEN CASE l.detail ->> 'value' WHEN 'false' THEN 'real_unlocked' ELSE 'real_locked' END END
    END;
  IF of_kind IS NULL THEN RETURN; END IF;
  IF of_kind = 'approval_waits' THEN
    SELECT approval_expires_at INTO expires_at FROM aol_actions WHERE id = l.action_id;
    of_occasion := aol_approval_occasion(l.action_id, expires_at);
  END IF;
  INSERT INTO aol_notices (occasion, destination, kind, lane, action_id, account, detail)
  SELECT of_occasion, d.name, of_kind, l.lane, l.action_id, l.detail ->> 'account',
    coalesce(l.detail, '{}') || jsonb_build_object('actor', l.actor, 'message', left(l.message, 1000))
  FROM aol_notice_destinations d WHERE d.approver IS NULL OR of_kind LIKE 'approval%'
  ON CONFLICT (occasion, destination) DO NOTHING;
END $$;

-- Whether an approver may still decide about this action, as far as is known of them; without an approver everything is told. Whoever
-- has no token and has not signed in yet is taken at the name.
CREATE OR REPLACE FUNCTION aol_awaits(approver text, of_action uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT approver IS NULL OR EXISTS (
    SELECT FROM aol_actions a CROSS JOIN LATERAL aol_lane_flags(a.lane) AS f WHERE a.id = of_action
      AND NOT (f.approver_must_differ AND approver = ANY (aol_askers(a.id)))
      AND NOT approver = ANY (aol_approvers(a.id, a.lane, a.artifact_sha256))
      AND NOT EXISTS (SELECT FROM aol_people p WHERE p.name = approver AND p.disabled_at IS NOT NULL)
      AND (NOT EXISTS (SELECT FROM aol_api_tokens t WHERE t.name = approver)
        OR EXISTS (SELECT FROM aol_api_tokens t WHERE t.name = approver AND t.role IN ('approver', 'operator', 'admin')
          AND t.revoked_at IS NULL AND coalesce(t.expires_at > clock_timestamp(), true)
          AND coalesce(a.lane = ANY (t.lanes), true) AND coalesce(a.type = ANY (t.types), true))))
$$;

-- Each time that an action asks is an occasion of its own.
CREATE OR REPLACE FUNCTION aol_approval_occasion(of_action uuid, expires_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('approval:%s:%s', of_action, coalesce(extract(epoch FROM expires_at)::text, 'never'))
$$;

-- Looks for what no row of the log tells of. watched_ms: for how long the worker that asks has been there to see a lane.
CREATE OR REPLACE FUNCTION aol_find_notices(worker_is_proof boolean, watched_ms double precision) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE found_rows integer;
BEGIN
  INSERT INTO aol_notices (occasion, destination, kind, lane, action_id, account, detail)
  SELECT f.occasion, d.name, f.kind, f.lane, f.action_id, f.account, f.detail
  FROM (
    -- A day before, or when a quarter of its time is left, where that is less.
    SELECT 'expires:' || aol_approval_occasion(a.id, a.approval_expires_at) AS occasion, 'approval_expires' AS kind, a.lane, a.id AS action_id,
      NULL::text AS account, '{}'::jsonb AS detail
    FROM aol_actions a WHERE a.status = 'AWAITING_APPROVAL' AND a.approval_expires_at < now() + interval '24 hours'
      AND a.approval_expires_at - least(interval '24 hours', (a.approval_expires_at - a.updated_at) / 4) < clock_timestamp()
    UNION ALL
    -- Nobody looks after a lane, though a worker is there that could. Where none is, nobody is there to tell it either.
    SELECT format('red:%s:%s:%s', l.lane, l.token, coalesce(l.expires_at::text, 'never')), 'lane_red', l.lane, NULL, NULL,
      jsonb_build_object('since', l.expires_at)
    FROM aol_lease l, LATERAL aol_lane_flags(l.lane) AS f
    WHERE watched_ms > 60000 AND NOT f.killed AND NOT f.paused
      AND coalesce(l.expires_at, '-infinity') < clock_timestamp() - interval '60 seconds'
      AND aol_due_in_ms(l.lane, CASE WHEN worker_is_proof OR f.proof_only THEN '{PROOF}'::text[] ELSE '{PROOF,REAL}' END) < -60000
    UNION ALL
    SELECT format('token:%s:%s', a.name, a.token_expires_at), 'account_token', NULL, NULL, a.name,
      jsonb_build_object('expiresAt', a.token_expires_at)
    FROM aol_accounts a WHERE a.is_configured AND a.credential IS NULL AND a.token_expires_at < clock_timestamp() + interval '7 days'
    UNION ALL
    SELECT format('version:%s:%s', a.name, a.facts ->> 'versionEnds'), 'account_version', NULL, NULL, a.name,
      jsonb_build_object('provider', a.provider, 'version', a.facts ->> 'version', 'endsOn', a.facts ->> 'versionEnds')
    FROM aol_accounts a WHERE a.is_configured AND a.facts ->> 'versionEnds' < to_char(clock_timestamp() + interval '60 days', 'YYYY-MM-DD')
    UNION ALL
    -- What waits for an account that is well, or for no account, waits for a budget. Told once a day: a budget by the hour is used up each hour.
    SELECT format('budget:%s:%s', w.held_by, (clock_timestamp() AT TIME ZONE 'UTC')::date), 'account_budget', NULL, NULL, w.held_by,
      jsonb_build_object('reason', max(w.last_error), 'waiting', count(*))
    FROM aol_actions w LEFT JOIN aol_accounts a ON a.name = w.held_by
    WHERE w.held_by IS NOT NULL AND w.status = 'PENDING' AND w.updated_at < clock_timestamp() - interval '30 seconds'
      AND w.run_at > clock_timestamp() AND (a.state IN ('ready', 'not_checked') OR w.held_by ~ '^(host|type|domain):')
    GROUP BY w.held_by
  ) AS f CROSS JOIN aol_notice_destinations d
  WHERE (d.approver IS NULL OR f.kind LIKE 'approval%')
    AND NOT EXISTS (SELECT FROM aol_notices n WHERE n.occasion = f.occasion AND n.destination = d.name)
  ON CONFLICT (occasion, destination) DO NOTHING;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  RETURN found_rows;
END $$;
