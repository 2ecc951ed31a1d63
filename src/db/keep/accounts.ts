/** What workers keep of accounts: who is configured, in which state each is, what was learned of it, what its provider rotated. */

import type { ACCOUNT_STATES } from '../../contracts/http/account.ts';
import type { JsonObject } from '../../contracts/http/json.ts';
import type { BudgetLimit } from '../../domain/budgets.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import type { LimitSeen } from '../../domain/outcomes.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { putLimits, releaseHeld } from './budgets.ts';

export type AccountState = (typeof ACCOUNT_STATES)[number];

export interface AccountRow {
  readonly name: string;
  readonly state: AccountState;
  readonly reason: string | null;
  readonly until: Date | null;
  readonly facts: JsonObject;
  readonly credential: Uint8Array | null;
  /** Of which secrets of the entry it came. */
  readonly credential_of: string | null;
  /** Which secrets of the entry a provider has refused. */
  readonly refused_of: string | null;
  readonly credential_version: number;
  readonly token_expires_at: Date | null;
  readonly refreshed_at: Date | null;
  /** Whether somebody asked for a check that nobody has made. */
  readonly is_check_due: boolean;
  readonly is_configured: boolean;
  /** The database's clock. */
  readonly now: Date;
  readonly [column: string]: unknown;
}

const COLUMNS = `name, state, reason, until, facts, credential, credential_of, refused_of, credential_version, token_expires_at, refreshed_at,
  is_configured, coalesce(check_asked_at > checked_at, check_asked_at IS NOT NULL) AS is_check_due, clock_timestamp() AS now`;

export interface PublishedAccount {
  readonly name: string;
  readonly provider: string;
  readonly identity: string;
  readonly server: string;
  /** What its entry says: references to secrets, and no secret. */
  readonly settings: unknown;
  readonly limits: readonly BudgetLimit[];
}

/** Of a row that is published again. */
const IS_OTHER =
  '((a.provider, a.identity, a.server) IS DISTINCT FROM (excluded.provider, excluded.identity, excluded.server))';

/**
 * Says which accounts a worker has, and the budgets of their entries. Those of others stay; what no worker that lives has any more is
 * marked, and kept: its state, and what its provider rotated. Another identity or server under the same name is another account, and
 * begins anew. Of what waits for an account the oldest looks again: its entry may have other secrets now, and with the first success the
 * others follow.
 */
export async function publishAccounts(
  db: Database,
  worker: string,
  accounts: readonly PublishedAccount[],
): Promise<void> {
  await query(
    db,
    `WITH given AS (
       SELECT * FROM jsonb_to_recordset($2) AS g (name text, provider text, identity text, server text, settings jsonb)),
     gone AS (
       UPDATE aol_accounts a SET is_configured = false, updated_at = clock_timestamp()
       WHERE a.is_configured AND NOT EXISTS (SELECT FROM given g WHERE g.name = a.name)
         AND NOT EXISTS (SELECT FROM pg_stat_activity s WHERE s.application_name = a.configured_by))
     INSERT INTO aol_accounts AS a (name, provider, identity, server, settings, configured_by)
     SELECT name, provider, identity, server, settings, $1 FROM given ORDER BY name
     ON CONFLICT (name) DO UPDATE SET provider = excluded.provider, identity = excluded.identity, server = excluded.server,
       settings = excluded.settings, configured_by = excluded.configured_by, is_configured = true, updated_at = clock_timestamp(),
       state = CASE WHEN ${IS_OTHER} THEN 'not_checked' ELSE a.state END,
       reason = CASE WHEN ${IS_OTHER} THEN NULL ELSE a.reason END, until = CASE WHEN ${IS_OTHER} THEN NULL ELSE a.until END,
       checked_at = CASE WHEN ${IS_OTHER} THEN NULL ELSE a.checked_at END`,
    [worker, JSON.stringify(accounts)],
  );
  await publishLimits(db, worker, accounts);
  await query(
    db,
    `UPDATE aol_actions SET run_at = least(run_at, clock_timestamp()), held_by = NULL, updated_at = clock_timestamp()
     WHERE id IN (SELECT oldest.id FROM unnest($1::text[]) AS given (name), LATERAL (
       SELECT id FROM aol_actions WHERE held_by = given.name AND status = 'PENDING' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) AS oldest)`,
    [accounts.map(({ name }) => name)],
  );
}

interface EntryRow extends BudgetLimit {
  readonly name: string;
  readonly [column: string]: unknown;
}

async function publishLimits(db: Database, worker: string, accounts: readonly PublishedAccount[]): Promise<void> {
  const names = accounts.map(({ name }) => name);
  const rows = await query<EntryRow>(
    db,
    `SELECT name, span, unit, most AS "limit" FROM aol_budgets WHERE scope = 'account' AND source = 'entry' AND name = ANY ($1)`,
    [names],
  );
  for (const { name, limits } of accounts) {
    const before = rows.filter((row) => row.name === name);
    const isIn = (list: readonly BudgetLimit[], { span, unit, limit }: BudgetLimit) =>
      list.some((other) => other.span === span && other.unit === unit && (limit === null || other.limit === limit));
    const set = limits.filter((limit) => !isIn(before, limit));
    const gone = before.map(({ span, unit }) => ({ span, unit, limit: null })).filter((limit) => !isIn(limits, limit));
    const changes = [...set, ...gone];
    if (changes.length === 0) continue;
    const put = { scope: 'account', name, source: 'entry', limits: changes, actor: worker } as const;
    await putLimits(db, put, (connection) => releaseHeld(connection, 'account', name));
  }
}

export function readAccountRows(db: Queryable, names: readonly string[]): Promise<AccountRow[]> {
  return query<AccountRow>(db, `SELECT ${COLUMNS} FROM aol_accounts WHERE name = ANY ($1)`, [names]);
}

/** Keeps what a log-in answered before anybody uses it. False when somebody else has kept a newer one. */
export async function keepCredential(
  db: Queryable,
  name: string,
  kept: {
    readonly credential: Uint8Array;
    readonly of: string;
    readonly expiresAt: Date | null;
    readonly afterVersion: number;
  },
): Promise<boolean> {
  const rows = await query(
    db,
    `UPDATE aol_accounts SET credential = $2, credential_of = $3, token_expires_at = $4, credential_version = credential_version + 1,
       refused_of = NULL, refreshed_at = clock_timestamp(), updated_at = clock_timestamp()
     WHERE name = $1 AND credential_version = $5 RETURNING name`,
    [name, kept.credential, kept.of, kept.expiresAt, kept.afterVersion],
  );
  return rows.length > 0;
}

/** Remembers which secrets a provider has refused, so that nobody tries them again by itself. */
export async function markRefused(db: Queryable, name: string, mark: string): Promise<void> {
  await query(db, 'UPDATE aol_accounts SET refused_of = $2 WHERE name = $1', [name, mark]);
}

export interface NewState {
  readonly state: AccountState;
  readonly reason?: string;
  readonly until?: Date | undefined;
  readonly checked?: { readonly facts?: JsonObject; readonly tokenExpiresAt?: Date | null | undefined };
}

/**
 * What was learned of an account. When it can act again, what waits for it is due at once.
 *
 * @returns the lanes in which something waited
 */
export function setAccountState(db: Database, name: string, actor: string, to: NewState): Promise<string[]> {
  return transaction(db, async (connection) => {
    const [before] = await query<{ state: AccountState; reason: string | null }>(
      connection,
      'SELECT state, reason FROM aol_accounts WHERE name = $1 FOR UPDATE',
      [name],
    );
    if (!before) return [];
    const { state, reason = null, until = null, checked } = to;
    await query(
      connection,
      `UPDATE aol_accounts SET state = $2, reason = $3, until = $4, updated_at = clock_timestamp(),
         checked_at = CASE WHEN $5 THEN clock_timestamp() ELSE checked_at END, facts = coalesce($6, facts),
         token_expires_at = CASE WHEN $7 THEN $8 ELSE token_expires_at END,
         refused_of = CASE WHEN $2 = 'needs_login' THEN coalesce(refused_of, credential_of) END
       WHERE name = $1`,
      [
        name,
        state,
        reason,
        until,
        checked !== undefined,
        checked?.facts ? JSON.stringify(checked.facts) : null,
        checked?.tokenExpiresAt !== undefined,
        checked?.tokenExpiresAt ?? null,
      ],
    );
    const isHeld = !['ready', 'not_checked'].includes(state);
    if (before.state !== state || (isHeld && before.reason !== reason)) {
      await appendLog(connection, {
        lane: ALL_LANES,
        event: 'ACCOUNT_CHANGED',
        level: isHeld ? 'WARNING' : 'INFO',
        actor,
        message: `account ${name}: ${state}${reason ? `: ${reason}` : ''}`.slice(0, 2_000),
        detail: { account: name, from: before.state, to: state, until },
      });
    }
    return state === 'ready' ? releaseHeld(connection, 'account', name) : [];
  });
}

/** What was last told of each scope; what has started again since is forgotten. */
export async function keepLimits(db: Queryable, name: string, limits: readonly LimitSeen[]): Promise<void> {
  await query(
    db,
    `UPDATE aol_accounts a SET updated_at = clock_timestamp(), limits = $2::jsonb || coalesce((
       SELECT jsonb_agg(l) FROM jsonb_array_elements(a.limits) AS l
       WHERE (l ->> 'resetAt')::float8 > extract(epoch FROM clock_timestamp()) * 1000
         AND NOT EXISTS (SELECT FROM jsonb_array_elements($2::jsonb) AS n WHERE n ->> 'scope' = l ->> 'scope')), '[]')
     WHERE name = $1`,
    [name, JSON.stringify(limits)],
  );
}
