-- Whether an account may act now, and what waits for one or for a budget.

-- Why an account can do nothing now, and until when; null where it may act.
CREATE OR REPLACE FUNCTION aol_account_hold(of_account text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT jsonb_build_object('reason', a.reason, 'untilMs', extract(epoch FROM a.until) * 1000, 'heldBy', a.name)
    FROM aol_accounts a WHERE a.name = of_account AND a.state IN ('needs_login', 'on_hold', 'limited')
      AND coalesce(a.until > clock_timestamp(), true));
END $$;

-- What waits for an account, or for a budget (of all names where it is *), is due at once. Answers the lanes that it waits in.
CREATE OR REPLACE FUNCTION aol_release_held(of_scope text, of_name text) RETURNS TABLE (lane text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN QUERY WITH released AS (
    UPDATE aol_actions a SET run_at = least(a.run_at, clock_timestamp()), held_by = NULL, updated_at = clock_timestamp()
    WHERE a.status = 'PENDING' AND a.held_by IS NOT NULL AND CASE WHEN of_name <> '*' THEN a.held_by = aol_budget_key(of_scope, of_name)
      WHEN of_scope = 'account' THEN a.held_by NOT LIKE '%:%' ELSE a.held_by LIKE of_scope || ':%' END
    RETURNING a.lane)
  SELECT DISTINCT r.lane FROM released r;
END $$;
