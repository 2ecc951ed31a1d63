-- Whether an account may act now, and its budget: so many effects in an hour and in a day, by the clock of UTC. The gate reserves a
-- place; what was surely not sent gives it back.

-- What an admin set goes before what the entry says. A new account starts slow. The hosts of webhooks have no bound unless one is set.
CREATE OR REPLACE FUNCTION aol_account_budget(a aol_accounts, OUT per_hour integer, OUT per_day integer) LANGUAGE sql STABLE AS $$
  SELECT coalesce(a.set_per_hour, a.entry_per_hour, CASE WHEN a.provider = 'webhook' THEN NULL
      WHEN a.created_at > clock_timestamp() - interval '24 hours' THEN 5 ELSE 20 END),
    coalesce(a.set_per_day, a.entry_per_day)
$$;

-- Takes a place in the budget of an account, or says until when there is none, or why the account can do nothing: hold is null where
-- it may act. With only_look nothing is taken. spans: what was taken, by span, for aol_give_back.
CREATE OR REPLACE FUNCTION aol_reserve(of_account text, only_look boolean, OUT hold jsonb, OUT spans jsonb)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
DECLARE
  a aol_accounts;
  budget record;
  span_name text;
  most integer;
  begins timestamptz;
BEGIN
  SELECT * INTO a FROM aol_accounts WHERE name = of_account;
  IF NOT FOUND THEN RETURN; END IF;
  IF a.state IN ('needs_login', 'on_hold', 'limited') AND coalesce(a.until > clock_timestamp(), true) THEN
    hold := jsonb_build_object('reason', a.reason, 'untilMs', extract(epoch FROM a.until) * 1000);
    RETURN;
  END IF;
  SELECT * INTO budget FROM aol_account_budget(a);
  spans := '{}';
  FOREACH span_name IN ARRAY ARRAY['hour', 'day'] LOOP
    most := CASE span_name WHEN 'hour' THEN budget.per_hour ELSE budget.per_day END;
    CONTINUE WHEN most IS NULL;
    begins := date_trunc(span_name, clock_timestamp(), 'UTC');
    IF only_look THEN
      PERFORM WHERE most > coalesce((SELECT u.used FROM aol_budget_use u
        WHERE u.account = of_account AND u.span = span_name AND u.begins_at = begins), 0);
    ELSE
      INSERT INTO aol_budget_use AS u (account, span, begins_at, used) SELECT of_account, span_name, begins, 1 WHERE most > 0
      ON CONFLICT (account, span, begins_at) DO UPDATE SET used = u.used + 1 WHERE u.used < most;
    END IF;
    IF NOT FOUND THEN
      PERFORM aol_give_back(of_account, spans);
      hold := jsonb_build_object('reason', format('its budget of %s effects in %s is used up', most, CASE span_name WHEN 'hour' THEN 'an hour' ELSE 'a day' END),
        'untilMs', extract(epoch FROM begins + ('1 ' || span_name)::interval) * 1000);
      RETURN;
    END IF;
    IF NOT only_look THEN spans := spans || jsonb_build_object(span_name, begins); END IF;
  END LOOP;
END $$;

-- The places that were taken by one reservation are free again.
CREATE OR REPLACE FUNCTION aol_give_back(of_account text, spans jsonb) RETURNS void LANGUAGE sql VOLATILE AS $$
  UPDATE aol_budget_use u SET used = u.used - 1
  WHERE u.account = of_account AND u.used > 0 AND u.begins_at = (spans ->> u.span)::timestamptz
$$;

-- Gives back what attempts had reserved that have surely sent nothing: [{"actionId":…,"attempt":…}].
CREATE OR REPLACE FUNCTION aol_give_back_attempts(unsent jsonb) RETURNS void LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
DECLARE reserved record;
BEGIN
  FOR reserved IN
    SELECT l.detail -> 'budget' ->> 'account' AS account, l.detail -> 'budget' -> 'spans' AS spans
    FROM jsonb_array_elements(unsent) AS item JOIN aol_execution_logs l ON l.action_id = (item ->> 'actionId')::uuid
      AND l.attempt = (item ->> 'attempt')::integer AND l.event = 'ATTEMPT_STARTED'
    WHERE l.detail ? 'budget' ORDER BY 1
  LOOP
    PERFORM aol_give_back(reserved.account, reserved.spans);
  END LOOP;
END $$;

-- An account can act again: what waits for it is due at once. Answers the lanes that it waits in.
CREATE OR REPLACE FUNCTION aol_release_held(of_account text) RETURNS TABLE (lane text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN QUERY WITH released AS (
    UPDATE aol_actions a SET run_at = least(a.run_at, clock_timestamp()), held_by = NULL, updated_at = clock_timestamp()
    WHERE a.held_by = of_account AND a.status = 'PENDING' RETURNING a.lane)
  SELECT DISTINCT r.lane FROM released r;
END $$;
