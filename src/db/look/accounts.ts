/** Accounts as people see them. */

import { spentText } from '../../contracts/budget-words.ts';
import type { AccountDescription, AccountWarning } from '../../contracts/http/account.ts';
import type { Budget } from '../../contracts/http/budget.ts';
import type { JsonObject } from '../../contracts/http/json.ts';
import type { AccountState } from '../keep/accounts.ts';
import { prepared, type Queryable, query } from '../pool.ts';
import { type ListedBudgets, listBudgets } from './budgets.ts';

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
  waiting: number;
  [column: string]: unknown;
}

/** Never the credential. A hold whose time is over is none. What waits is counted in the lanes $1, or in all. */
const SELECT = `SELECT a.name, a.provider, a.identity, a.server, a.is_configured,
    CASE WHEN a.until <= clock_timestamp() THEN 'ready' ELSE a.state END AS state,
    CASE WHEN a.until <= clock_timestamp() THEN NULL ELSE a.reason END AS reason,
    CASE WHEN a.until <= clock_timestamp() THEN NULL ELSE a.until END AS until,
    a.facts, a.limits, a.token_expires_at, a.checked_at,
    (SELECT count(*) FROM aol_actions w WHERE w.held_by = a.name AND w.status = 'PENDING'
      AND ($1::text[] IS NULL OR w.lane = ANY ($1)))::integer AS waiting
  FROM aol_accounts a`;

/** @param lanes those in which what waits is counted; undefined is all */
export async function listAccounts(db: Queryable, lanes?: readonly string[]): Promise<AccountDescription[]> {
  const rows = await query<Row>(db, `${SELECT} ORDER BY a.name`, [lanes ?? null]);
  return withBudgets(rows, await listBudgets(db, { scope: 'account' }, lanes));
}

export async function findAccount(
  db: Queryable,
  name: string,
  lanes?: readonly string[],
): Promise<AccountDescription | undefined> {
  const rows = await query<Row>(db, `${SELECT} WHERE a.name = $2`, [lanes ?? null, name]);
  return withBudgets(rows, await listBudgets(db, { scope: 'account', name }, lanes))[0];
}

/** Those that can do nothing now, or whose token runs out within 7 days and is renewed by nobody. */
export async function listAccountWarnings(db: Queryable, lanes?: readonly string[]): Promise<AccountWarning[]> {
  const rows = await prepared<Row>(
    db,
    'aol_account_warnings',
    `${SELECT} WHERE a.is_configured AND ((a.state IN ('needs_login', 'on_hold', 'limited') AND coalesce(a.until > clock_timestamp(), true))
       OR (a.credential IS NULL AND a.token_expires_at < clock_timestamp() + interval '7 days')) ORDER BY a.name`,
    [lanes ?? null],
  );
  return rows.map((row) => {
    const { name, provider, state, reason, until, tokenExpiresAt, waiting } = described(row, []);
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

/** What rendering needs of an account. */
export interface RenderedAccount {
  /** As payloads and effects name it: `default` for the one of the variables. */
  readonly name: string;
  readonly provider: string;
  readonly identity: string;
  readonly server: string;
  /** Null while its worker has not said them. */
  readonly settings: unknown;
  readonly facts: JsonObject;
  readonly [column: string]: unknown;
}

/** The accounts of a provider that some worker has. */
export function listAccountsToRender(db: Queryable, provider: string): Promise<RenderedAccount[]> {
  return query<RenderedAccount>(
    db,
    `SELECT CASE name WHEN provider || '.default' THEN 'default' ELSE name END AS name, provider, identity, server, settings, facts
     FROM aol_accounts WHERE is_configured AND provider = $1 ORDER BY name`,
    [provider],
  );
}

function withBudgets(rows: readonly Row[], { items }: ListedBudgets): AccountDescription[] {
  return rows.map((row) =>
    described(
      row,
      items.filter(({ name }) => name === row.name),
    ),
  );
}

function described(row: Row, budgets: readonly Budget[]): AccountDescription {
  const spent = budgets.find(({ used, limit }) => used >= limit);
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
    budgets: [...budgets],
    waiting: row.waiting,
    why: row.reason ?? (spent ? spentText(spent) : null),
  };
}
