/** The engine's functions and views (`src/db/sql`), which `migrate` puts in place each time. */

import { readFileSync } from 'node:fs';
import type pg from 'pg';

/** In the order in which they need each other. */
const FILES = [
  'rules',
  'approvals',
  'autonomy',
  'attempts',
  'budgets',
  'accounts',
  'earlier',
  'leave',
  'take',
  'gate',
  'due',
  'claim',
  'notices',
  'lists',
] as const;
/** Steps of `migrations/` made these first, and take them back themselves. */
const MADE_BY_STEPS = ['aol_transition_allowed', 'aol_oldest_queued', 'aol_lock_due'];

/** The text of every file. */
export function engineSql(): string {
  return FILES.map((file) => readFileSync(new URL(`../sql/${file}.sql`, import.meta.url), 'utf8')).join('\n');
}

/** Puts them in place, all or none: whoever is at work meets the old ones or the new ones. */
export async function installEngineSql(client: pg.Client): Promise<void> {
  // Several statements in one query are one transaction.
  await client.query(engineSql());
}

/** Takes them back, before the steps are. */
export async function removeEngineSql(client: pg.Client): Promise<void> {
  const names = [...engineSql().matchAll(/CREATE OR REPLACE FUNCTION (\w+)/g)].map(([, name = '']) => name);
  const functions = names.filter((name) => !MADE_BY_STEPS.includes(name));
  await client.query(`DROP VIEW IF EXISTS aol_claimable, aol_held; DROP FUNCTION IF EXISTS ${functions.join(', ')}`);
}
