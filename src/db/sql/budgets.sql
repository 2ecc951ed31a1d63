-- Budgets: so much in an hour, a day or a month, by the clock of UTC, in effects or in millionths of a US dollar. An effect draws from
-- those of its account or host, of its type, and of each domain that its mail goes to. The gate reserves; an outcome settles.
--
-- A draw: {"scope":…,"name":…,"effects":…}, with "microUsd" of what has a price, or "unpriced" where nobody knows it. What an attempt
-- drew stands in the log as "drawn"; so does what its outcome gave back, below nothing and with the time of the attempt. A counter that
-- is there says what the log says of its window. Where no limit holds there is none.
--
-- Locked in one order: lanes, counters, actions, rows of the ledger.

-- The limit of each span and unit: what people set for it, else its account's entry, else what is set for all of its scope (*), else
-- the default of accounts, of which a new one starts slow.
CREATE OR REPLACE FUNCTION aol_budget_limits(of_scope text, of_name text)
RETURNS TABLE (span text, unit text, most bigint, source text, set_by text) LANGUAGE plpgsql STABLE ROWS 3 AS $$
BEGIN
  RETURN QUERY
    SELECT DISTINCT ON (l.span, l.unit) l.span, l.unit, l.most, l.source, l.set_by FROM (
      SELECT b.span, b.unit, b.most, CASE WHEN b.name <> of_name THEN 'all' ELSE b.source END AS source,
        CASE WHEN b.source = 'set' THEN b.set_by END AS set_by,
        CASE WHEN b.name <> of_name THEN 3 WHEN b.source = 'entry' THEN 2 ELSE 1 END AS rank
      FROM aol_budgets b WHERE b.scope = of_scope AND b.name IN (of_name, '*')
      UNION ALL
      SELECT 'hour', 'effects', CASE WHEN of_name <> '*' AND coalesce((SELECT a.created_at FROM aol_accounts a WHERE a.name = of_name),
        clock_timestamp()) > clock_timestamp() - interval '24 hours' THEN 5 ELSE 20 END, 'default', NULL, 4
      WHERE of_scope = 'account') AS l
    ORDER BY l.span, l.unit, l.rank;
END $$;

CREATE OR REPLACE FUNCTION aol_budget_ends(begins_at timestamptz, span text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT (begins_at AT TIME ZONE 'UTC' + ('1 ' || span)::interval) AT TIME ZONE 'UTC'
$$;

-- The limits that hold for any of these draws, with what is used of each, their counters locked. Null where there are none.
CREATE OR REPLACE FUNCTION aol_open_counters(draws jsonb, drawn_at timestamptz) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE limits jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('scope', d.scope, 'name', d.name, 'span', l.span, 'unit', l.unit, 'most', l.most,
      'begins_at', date_trunc(l.span, drawn_at, 'UTC')) ORDER BY d.scope, d.name, l.span, l.unit) INTO limits
  FROM (SELECT DISTINCT scope, name FROM jsonb_to_recordset(draws) AS each (scope text, name text)) AS d,
    LATERAL aol_budget_limits(d.scope, d.name) AS l;
  IF limits IS NULL THEN RETURN NULL; END IF;
  INSERT INTO aol_budget_use (scope, name, span, unit, begins_at, used)
  SELECT l.scope, l.name, l.span, l.unit, l.begins_at, 0 FROM jsonb_populate_recordset(NULL::aol_budget_use, limits) AS l
  ON CONFLICT DO NOTHING;
  PERFORM FROM aol_budget_use u JOIN jsonb_populate_recordset(NULL::aol_budget_use, limits) AS l USING (scope, name, span, unit, begins_at)
    ORDER BY u.scope, u.name, u.span, u.unit, u.begins_at FOR UPDATE OF u;
  RETURN (SELECT jsonb_agg(each || jsonb_build_object('used', u.used)) FROM jsonb_array_elements(limits) AS each
    JOIN aol_budget_use u ON u.scope = each ->> 'scope' AND u.name = each ->> 'name' AND u.span = each ->> 'span'
      AND u.unit = each ->> 'unit' AND u.begins_at = (each ->> 'begins_at')::timestamptz);
END $$;

CREATE OR REPLACE FUNCTION aol_amount_words(amount bigint, unit text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN unit = 'microUsd' THEN to_char(amount / 1000000.0, 'FM999999999990.009999') || ' USD'
    WHEN amount = 1 THEN '1 effect' ELSE amount || ' effects' END
$$;

-- What an action that waits for a budget is held by; an account's own name stands for its budget too.
CREATE OR REPLACE FUNCTION aol_budget_key(scope text, name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE scope WHEN 'account' THEN name ELSE scope || ':' || name END
$$;

-- Why there is no room for these draws within the limits, until when, and which budget it is; null where there is room. Of several
-- that are used up it names the one that lasts longest; of those that end together, as at the end of a month, the one with the longest span.
CREATE OR REPLACE FUNCTION aol_lacks_room(limits jsonb, draws jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  budget record;
  whose text;
  bound text;
BEGIN
  SELECT l.scope, l.name, l.span, l.unit, l.most, l.used, n.amount, aol_budget_ends(l.begins_at, l.span) AS ends_at INTO budget
  FROM jsonb_to_recordset(limits) AS l (scope text, name text, span text, unit text, most bigint, used bigint, begins_at timestamptz)
  JOIN jsonb_to_recordset(draws) AS d (scope text, name text, effects bigint, "microUsd" bigint, unpriced boolean) USING (scope, name),
    LATERAL (SELECT CASE WHEN l.unit = 'effects' THEN d.effects WHEN d.unpriced THEN NULL ELSE coalesce(d."microUsd", 0) END AS amount) AS n
  WHERE n.amount IS NULL OR (n.amount > 0 AND l.used + n.amount > l.most)
  ORDER BY n.amount IS NULL DESC, n.amount > l.most DESC, ends_at DESC, l.begins_at LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  whose := format('the budget of %s %s', budget.scope, budget.name);
  bound := format('%s in %s %s', aol_amount_words(budget.most, budget.unit), CASE budget.span WHEN 'hour' THEN 'an' ELSE 'a' END, budget.span);
  RETURN jsonb_build_object('heldBy', aol_budget_key(budget.scope, budget.name),
    'untilMs', CASE WHEN budget.amount <= budget.most THEN extract(epoch FROM budget.ends_at) * 1000 END,
    'reason', CASE
      WHEN budget.amount IS NULL THEN format('%s is %s, and nobody knows what this costs: its account needs prices', whose, bound)
      WHEN budget.most > 0 AND budget.amount > budget.most
        THEN format('%s is %s, and this alone takes %s', whose, bound, aol_amount_words(budget.amount, budget.unit))
      WHEN budget.used < budget.most
        THEN format('%s, %s, has %s left, and this takes %s', whose, bound, aol_amount_words(budget.most - budget.used, budget.unit),
          aol_amount_words(budget.amount, budget.unit))
      ELSE format('%s, %s, is used up', whose, bound) END);
END $$;

-- The same limits after these draws.
CREATE OR REPLACE FUNCTION aol_drawn_from(limits jsonb, draws jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT jsonb_agg(each || jsonb_build_object('used', (each ->> 'used')::bigint + coalesce((
      SELECT CASE each ->> 'unit' WHEN 'effects' THEN d.effects ELSE coalesce(d."microUsd", 0) END
      FROM jsonb_to_recordset(draws) AS d (scope text, name text, effects bigint, "microUsd" bigint)
      WHERE d.scope = each ->> 'scope' AND d.name = each ->> 'name'), 0)))
    FROM jsonb_array_elements(limits) AS each);
END $$;

-- Writes what the gates of one call have drawn; it holds the locks since it opened the counters.
CREATE OR REPLACE FUNCTION aol_keep_counters(limits jsonb) RETURNS void LANGUAGE sql VOLATILE AS $$
  UPDATE aol_budget_use u SET used = l.used FROM jsonb_populate_recordset(NULL::aol_budget_use, limits) AS l
  WHERE (u.scope, u.name, u.span, u.unit, u.begins_at) = (l.scope, l.name, l.span, l.unit, l.begins_at) AND u.used <> l.used
$$;

-- What the outcomes among these items give back, by the items' numbers: all of what was surely not sent; of what was refused, or cost
-- less than it might have, the money. A provider that says that nothing happened settles the attempts before, too. Null: nothing.
CREATE OR REPLACE FUNCTION aol_given_back(items jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM jsonb_array_elements(items) AS item WHERE item ->> 'outcome' IN ('not_sent', 'on_hold', 'rejected')
    OR item ? 'spentMicroUsd' OR item ? 'settles') THEN RETURN NULL; END IF;
  RETURN (
    SELECT jsonb_object_agg(given.index, given.drawn) FROM (
      SELECT item.index, jsonb_agg(jsonb_build_object('scope', d.scope, 'name', d.name, 'at', l.at,
          'effects', CASE WHEN item.is_unsent THEN -d.effects ELSE 0 END,
          'microUsd', coalesce(item."spentMicroUsd", 0) - coalesce(d."microUsd", 0))) AS drawn
      FROM (
        SELECT i.*, coalesce(i.outcome IN ('not_sent', 'on_hold'), i.settles AND i."to" = 'RETRY', false) AS is_unsent
        FROM ROWS FROM (jsonb_to_recordset(items) AS ("actionId" uuid, attempt integer, "to" text, outcome text, settles boolean,
          "spentMicroUsd" bigint)) WITH ORDINALITY AS i ("actionId", attempt, "to", outcome, settles, "spentMicroUsd", index)) AS item
      JOIN aol_execution_logs l ON l.action_id = item."actionId" AND l.event = 'ATTEMPT_STARTED' AND l.detail ? 'drawn'
        AND (l.attempt = item.attempt OR (item.settles AND item.is_unsent AND l.attempt IN (SELECT u.attempt FROM aol_uncertain(item."actionId") AS u))),
        jsonb_to_recordset(l.detail -> 'drawn') AS d (scope text, name text, effects bigint, "microUsd" bigint)
      WHERE item.is_unsent OR item.outcome = 'rejected' OR item."spentMicroUsd" IS NOT NULL
      GROUP BY item.index) AS given);
END $$;

-- The windows that something was drawn from, locked.
CREATE OR REPLACE FUNCTION aol_lock_counters(given jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM aol_budget_use u, (
    SELECT DISTINCT d.scope, d.name, d.at
    FROM jsonb_each(given) AS item, jsonb_to_recordset(item.value) AS d (scope text, name text, at timestamptz)) AS d
  WHERE u.scope = d.scope AND u.name = d.name AND u.begins_at = date_trunc(u.span, d.at, 'UTC')
  ORDER BY u.scope, u.name, u.span, u.unit, u.begins_at FOR UPDATE OF u;
END $$;

-- What an action gives back of which a person says that nothing was sent: that settles its attempts as a provider's word would. Locked as
-- by an outcome, before its action is. Null: nothing.
CREATE OR REPLACE FUNCTION aol_given_back_by_word(of_action uuid) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE given jsonb := aol_given_back(jsonb_build_array(jsonb_build_object('actionId', of_action, 'to', 'RETRY', 'settles', true)));
BEGIN
  IF given IS NOT NULL THEN
    PERFORM FROM aol_lease l WHERE l.lane = (SELECT a.lane FROM aol_actions a WHERE a.id = of_action) FOR SHARE;
    PERFORM aol_lock_counters(given);
  END IF;
  RETURN given;
END $$;

-- How many of those that wait for a budget may look whether it has room for them now: as many effects as there are left, and at most 25,
-- for nobody knows before what each costs. Null or 0: none.
CREATE OR REPLACE FUNCTION aol_room_for(of_scope text, of_name text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT min(CASE WHEN l.unit = 'effects' THEN least(25, n.remaining) WHEN n.remaining > 0 THEN 25 ELSE 0 END)
    FROM aol_budget_limits(of_scope, of_name) AS l
    LEFT JOIN aol_budget_use u ON (u.scope, u.name, u.span, u.unit) = (of_scope, of_name, l.span, l.unit)
      AND u.begins_at = date_trunc(l.span, clock_timestamp(), 'UTC'),
    LATERAL (SELECT l.most - coalesce(u.used, 0) AS remaining) AS n);
END $$;

-- Gives back, of what aol_given_back answered, that of the items with these numbers. What waits for these budgets longest is due at once.
-- It is passed by where others hold it: whoever gives back has locked actions, and must not wait for more.
CREATE OR REPLACE FUNCTION aol_give_back(given jsonb, indexes integer[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE budget record;
BEGIN
  UPDATE aol_budget_use u SET used = greatest(0, u.used + s.amount) FROM (
    SELECT c.scope, c.name, c.span, c.unit, c.begins_at, sum(CASE c.unit WHEN 'effects' THEN d.effects ELSE d."microUsd" END) AS amount
    FROM jsonb_each(given) AS item,
      jsonb_to_recordset(item.value) AS d (scope text, name text, at timestamptz, effects bigint, "microUsd" bigint)
    JOIN aol_budget_use c ON c.scope = d.scope AND c.name = d.name AND c.begins_at = date_trunc(c.span, d.at, 'UTC')
    WHERE item.key::integer = ANY (indexes) GROUP BY 1, 2, 3, 4, 5) AS s
  WHERE (u.scope, u.name, u.span, u.unit, u.begins_at) = (s.scope, s.name, s.span, s.unit, s.begins_at);
  FOR budget IN
    SELECT d.scope, d.name, aol_budget_key(d.scope, d.name) AS key
    FROM jsonb_each(given) AS item, jsonb_to_recordset(item.value) AS d (scope text, name text, effects bigint, "microUsd" bigint)
    WHERE item.key::integer = ANY (indexes) AND (d.effects < 0 OR d."microUsd" < 0) GROUP BY 1, 2
  LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM aol_actions a WHERE a.held_by = budget.key AND a.status = 'PENDING');
    UPDATE aol_actions a SET run_at = least(a.run_at, clock_timestamp()), held_by = NULL, updated_at = clock_timestamp()
    WHERE a.id = ANY (ARRAY(
      SELECT w.id FROM aol_actions w WHERE w.held_by = budget.key AND w.status = 'PENDING'
      ORDER BY w.id LIMIT greatest(0, aol_room_for(budget.scope, budget.name)) FOR UPDATE SKIP LOCKED));
  END LOOP;
END $$;

-- The first row of the log that is not older than that; one past the last where all are. Ids grow with the time.
CREATE OR REPLACE FUNCTION aol_first_log_since(since timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
DECLARE
  low bigint := (SELECT coalesce(min(id), 1) FROM aol_execution_logs);
  high bigint := (SELECT coalesce(max(id), 0) + 1 FROM aol_execution_logs);
  middle bigint;
BEGIN
  WHILE low < high LOOP
    middle := low + (high - low) / 2;
    IF coalesce((SELECT l.at >= since FROM aol_execution_logs l WHERE l.id >= middle ORDER BY l.id LIMIT 1), true) THEN high := middle;
    ELSE low := middle + 1; END IF;
  END LOOP;
  RETURN low;
END $$;

-- What a part of the log says was drawn from a scope, or from one name in it, by the hour.
CREATE OR REPLACE FUNCTION aol_drawn_between(of_scope text, of_name text, from_id bigint, before_id bigint)
RETURNS TABLE (name text, hour timestamptz, effects bigint, micro_usd bigint) LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY
    SELECT d.name, date_trunc('hour', coalesce(d.at, l.at), 'UTC'), sum(d.effects)::bigint, sum(coalesce(d."microUsd", 0))::bigint
    FROM aol_execution_logs l, jsonb_to_recordset(l.detail -> 'drawn') AS d (scope text, name text, at timestamptz, effects bigint, "microUsd" bigint)
    WHERE l.id >= from_id AND l.id < before_id AND l.detail ? 'drawn' AND d.scope = of_scope AND of_name IN (d.name, '*')
    GROUP BY 1, 2;
END $$;

-- Sets limits of a scope's name (null takes one back), and opens the counters that they need: with what was counted of the log before
-- the row from_id (null: nothing has to be; [{"name","hour","effects","micro_usd"}]) and what it says since. Every gate, and every outcome
-- that gives back, that has not seen the limits has ended before that, for it holds its lane.
CREATE OR REPLACE FUNCTION aol_set_budgets(of_scope text, of_name text, of_source text, changes jsonb, actor text, why text,
  counted jsonb, from_id bigint) RETURNS void LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
DECLARE set_at timestamptz;
BEGIN
  PERFORM FROM aol_lease ORDER BY lane FOR UPDATE;
  set_at := clock_timestamp();
  DELETE FROM aol_budgets b USING jsonb_to_recordset(changes) AS c (span text, unit text, "limit" bigint)
  WHERE c."limit" IS NULL AND (b.scope, b.name, b.source, b.span, b.unit) = (of_scope, of_name, of_source, c.span, c.unit);
  INSERT INTO aol_budgets AS b (scope, name, span, unit, source, most, set_by, reason)
  SELECT of_scope, of_name, c.span, c.unit, of_source, c."limit", actor, why
  FROM jsonb_to_recordset(changes) AS c (span text, unit text, "limit" bigint) WHERE c."limit" IS NOT NULL
  ON CONFLICT (scope, name, span, unit, source) DO UPDATE SET most = excluded.most, set_by = excluded.set_by, reason = excluded.reason,
    set_at = clock_timestamp();
  INSERT INTO aol_budget_use (scope, name, span, unit, begins_at, used)
  SELECT of_scope, drawn.name, l.span, l.unit, date_trunc(l.span, set_at, 'UTC'),
    greatest(0, sum(CASE WHEN drawn.hour < date_trunc(l.span, set_at, 'UTC') THEN 0 WHEN l.unit = 'effects' THEN drawn.effects ELSE drawn.micro_usd END))
  FROM (
    SELECT * FROM jsonb_to_recordset(counted) AS c (name text, hour timestamptz, effects bigint, micro_usd bigint)
    UNION ALL SELECT * FROM aol_drawn_between(of_scope, of_name, coalesce(from_id, 9223372036854775807), 9223372036854775807)) AS drawn,
    LATERAL aol_budget_limits(of_scope, drawn.name) AS l JOIN jsonb_to_recordset(changes) AS c (span text, unit text) USING (span, unit)
  GROUP BY drawn.name, l.span, l.unit ORDER BY 1, 2, 3, 4
  ON CONFLICT DO NOTHING;
  PERFORM FROM aol_budget_use u WHERE u.scope = of_scope AND of_name IN (u.name, '*')
    ORDER BY u.scope, u.name, u.span, u.unit, u.begins_at FOR UPDATE;
  DELETE FROM aol_budget_use u WHERE u.scope = of_scope AND of_name IN (u.name, '*')
    AND NOT EXISTS (SELECT FROM aol_budget_limits(u.scope, u.name) AS l WHERE l.span = u.span AND l.unit = u.unit);
END $$;
