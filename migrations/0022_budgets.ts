/**
 * One kind of budget for accounts, hosts, types and recipients' domains, in effects and in money, an hour, a day or a month. What is
 * used is what the log says.
 */

import type { Knex } from 'knex';

const KEYS = `
      scope text NOT NULL CHECK (scope IN ('account', 'host', 'type', 'domain')),
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 300),
      span text NOT NULL CHECK (span IN ('hour', 'day', 'month')),
      unit text NOT NULL CHECK (unit IN ('effects', 'microUsd')),`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP FUNCTION IF EXISTS aol_reserve, aol_give_back, aol_give_back_attempts, aol_account_budget, aol_release_held(text);

    CREATE TABLE aol_budgets (${KEYS}
      source text NOT NULL CHECK (source IN ('set', 'entry')),
      most bigint NOT NULL CHECK (most >= 0),
      set_by text NOT NULL,
      reason text,
      set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (scope, name, span, unit, source),
      CONSTRAINT an_entry_is_of_an_account CHECK (source = 'set' OR (scope = 'account' AND name <> '*')));

    INSERT INTO aol_budgets (scope, name, span, unit, source, most, set_by)
    SELECT CASE WHEN a.provider = 'webhook' THEN 'host' ELSE 'account' END, CASE WHEN a.provider = 'webhook' THEN a.identity ELSE a.name END,
      b.span, 'effects', b.source, b.most, coalesce(CASE WHEN b.source = 'set' THEN a.budget_set_by END, a.configured_by, 'unknown')
    FROM aol_accounts a, LATERAL (VALUES ('hour', 'set', a.set_per_hour), ('day', 'set', a.set_per_day), ('hour', 'entry', a.entry_per_hour),
      ('day', 'entry', a.entry_per_day)) AS b (span, source, most)
    WHERE b.most IS NOT NULL;

    ALTER TABLE aol_budget_use RENAME TO aol_old_use;
    ALTER TABLE aol_old_use RENAME CONSTRAINT aol_budget_use_pkey TO aol_old_use_pkey;
    CREATE TABLE aol_budget_use (${KEYS}
      begins_at timestamptz NOT NULL,
      used bigint NOT NULL CHECK (used >= 0),
      PRIMARY KEY (scope, name, span, unit, begins_at));
    INSERT INTO aol_budget_use (scope, name, span, unit, begins_at, used)
    SELECT CASE WHEN a.provider = 'webhook' THEN 'host' ELSE 'account' END, CASE WHEN a.provider = 'webhook' THEN a.identity ELSE a.name END,
      u.span, 'effects', u.begins_at, u.used
    FROM aol_old_use u JOIN aol_accounts a ON a.name = u.account;
    DROP TABLE aol_old_use;

    -- A host of webhooks is no account any more.
    UPDATE aol_actions SET held_by = 'host:' || substr(held_by, 9) WHERE held_by LIKE 'webhook:%';
    DELETE FROM aol_accounts WHERE provider = 'webhook';
    ALTER TABLE aol_accounts DROP COLUMN entry_per_hour, DROP COLUMN entry_per_day, DROP COLUMN set_per_hour, DROP COLUMN set_per_day,
      DROP COLUMN budget_set_by`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE aol_accounts ADD COLUMN entry_per_hour integer CHECK (entry_per_hour >= 0),
      ADD COLUMN entry_per_day integer CHECK (entry_per_day >= 0), ADD COLUMN set_per_hour integer CHECK (set_per_hour >= 0),
      ADD COLUMN set_per_day integer CHECK (set_per_day >= 0), ADD COLUMN budget_set_by text;
    UPDATE aol_actions SET held_by = NULL WHERE held_by LIKE '%:%';
    DROP TABLE aol_budgets, aol_budget_use;
    CREATE TABLE aol_budget_use (
      account text NOT NULL REFERENCES aol_accounts ON DELETE CASCADE,
      span text NOT NULL CHECK (span IN ('hour', 'day')),
      begins_at timestamptz NOT NULL,
      used integer NOT NULL CHECK (used >= 0),
      PRIMARY KEY (account, span, begins_at))`);
}
