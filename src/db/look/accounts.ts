/** Accounts as people see them. */

import type { AccountDescription, AccountWarning } from '../../contracts/http/account.ts';
import type { AccountState } from '../keep/accounts.ts';
import { type Queryable, query } from '../pool.ts';

interface Row {
  name: string;
  provider: string;
  identity: string;
  server: string;
  is_configured: boolean;
  state: AccountState;
  reason: string | null;
  until: Date | null;
  facts: Record<string, unknown>;
  limits: Record<string, unknown>[];
  token_expires_at: Date | null;
  checked_at: Date | null;
  per_hour: number | null;
  per_day: number | null;
  used_hour: number;
  used_day: number;
  budget_set_by: string | null;
  waiting: number;
  [column: string]: unknown;
}

/** Never the credential. A hold whose time is over is none. */
const SELECT = `SELECT a.name, a.provider, a.identity, a.server, a.is_configured,
    CASE WHEN a.until <= clock_timestamp() THEN 'ready' ELSE a.state END AS state,
    CASE WHEN a.until <= clock_timestamp() THEN NULL ELSE a.reason END AS reason,
    CASE WHEN a.until <= clock_timestamp() THEN NULL ELSE a.until END AS until,
    a.facts, a.limits, a.token_expires_at, a.checked_at, b.per_hour, b.per_day, a.budget_set_by,
    coalesce((SELECT u.used FROM aol_budget_use u WHERE u.account = a.name AND u.span = 'hour'
      AND u.begins_at = date_trunc('hour', clock_timestamp(), 'UTC')), 0) AS used_hour,
    coalesce((SELECT u.used FROM aol_budget_use u WHERE u.account = a.name AND u.span = 'day'
      AND u.begins_at = date_trunc('day', clock_timestamp(), 'UTC')), 0) AS used_day,
    (SELECT count(*) FROM aol_actions w WHERE w.held_by = a.name AND w.status = 'PENDING')::integer AS waiting
  FROM aol_accounts a, LATERAL aol_account_budget(a) AS b`;

export async function listAccounts(db: Queryable): Promise<AccountDescription[]> {
  return (await query<Row>(db, `${SELECT} ORDER BY a.name`)).map(described);
}

export async function findAccount(db: Queryable, name: string): Promise<AccountDescription | undefined> {
  const [row] = await query<Row>(db, `${SELECT} WHERE a.name = $1`, [name]);
  return row && described(row);
}

/** Those that can do nothing now, or whose token runs out within 7 days and is renewed by nobody. */
export async function listAccountWarnings(db: Queryable): Promise<AccountWarning[]> {
  const rows = await query<Row>(
    db,
    `${SELECT} WHERE a.is_configured AND ((a.state IN ('needs_login', 'on_hold', 'limited') AND coalesce(a.until > clock_timestamp(), true))
       OR (a.credential IS NULL AND a.token_expires_at < clock_timestamp() + interval '7 days')) ORDER BY a.name`,
  );
  return rows.map((row) => {
    const { name, provider, state, reason, until, tokenExpiresAt, waiting } = described(row);
    return { name, provider, state, reason, until, tokenExpiresAt, waiting };
  });
}

/** What enqueueing needs to know. */
export interface KnownAccount {
  readonly name: string;
  readonly provider: string;
  readonly [column: string]: unknown;
}

export function listConfiguredAccounts(db: Queryable): Promise<KnownAccount[]> {
  return query<KnownAccount>(db, 'SELECT name, provider FROM aol_accounts WHERE is_configured ORDER BY name');
}

function described(row: Row): AccountDescription {
  return {
    name: row.name,
    provider: row.provider,
    identity: row.identity,
    server: row.server,
    configured: row.is_configured,
    state: row.state,
    reason: row.reason,
    until: row.until?.toISOString() ?? null,
    facts: row.facts,
    limits: row.limits,
    tokenExpiresAt: row.token_expires_at?.toISOString() ?? null,
    checkedAt: row.checked_at?.toISOString() ?? null,
    budget: {
      perHour: row.per_hour,
      perDay: row.per_day,
      usedThisHour: row.used_hour,
      usedToday: row.used_day,
      setBy: row.budget_set_by,
    },
    waiting: row.waiting,
  };
}
