/** What people decide about accounts: that one is checked, and its budget. */

import { NotFoundError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { releaseHeld } from '../keep/accounts.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, query, transaction } from '../pool.ts';

/**
 * Asks the workers that have it to check an account.
 *
 * @returns when it was asked, by the database's clock
 * @throws NotFoundError
 */
export async function askForCheck(db: Database, name: string): Promise<Date> {
  const [asked] = await query<{ check_asked_at: Date }>(
    db,
    `UPDATE aol_accounts SET check_asked_at = clock_timestamp() WHERE name = $1 AND provider <> 'webhook' RETURNING check_asked_at`,
    [name],
  );
  if (!asked) throw new NotFoundError(`there is no account ${name}`);
  return asked.check_asked_at;
}

export async function isCheckedSince(db: Database, name: string, askedAt: Date): Promise<boolean> {
  const [row] = await query<{ done: boolean | null }>(
    db,
    'SELECT checked_at >= $2 AS done FROM aol_accounts WHERE name = $1',
    [name, askedAt],
  );
  return row?.done === true;
}

/**
 * Sets what an account, or a host of webhooks, may do in an hour and in a day. Null takes a number back, absent leaves it. What waits
 * for it is looked at again at once.
 *
 * @returns the lanes in which something waited
 * @throws NotFoundError for an account that there is not
 */
export function setBudget(
  db: Database,
  name: string,
  budget: { readonly perHour?: number | null | undefined; readonly perDay?: number | null | undefined },
  actor: string,
): Promise<string[]> {
  return transaction(db, async (connection) => {
    if (name.startsWith('webhook:')) {
      const host = name.slice('webhook:'.length);
      await query(
        connection,
        `INSERT INTO aol_accounts (name, provider, identity, server, state) VALUES ($1, 'webhook', $2, $2, 'ready') ON CONFLICT DO NOTHING`,
        [name, host],
      );
    }
    const { perHour, perDay } = budget;
    const [changed] = await query<{ per_hour: number | null; per_day: number | null }>(
      connection,
      `UPDATE aol_accounts SET set_per_hour = CASE WHEN $2 THEN $3 ELSE set_per_hour END,
         set_per_day = CASE WHEN $4 THEN $5 ELSE set_per_day END, budget_set_by = $6, updated_at = clock_timestamp()
       WHERE name = $1 RETURNING set_per_hour AS per_hour, set_per_day AS per_day`,
      [name, perHour !== undefined, perHour ?? null, perDay !== undefined, perDay ?? null, actor],
    );
    if (!changed) throw new NotFoundError(`there is no account ${name}`);
    await appendLog(connection, {
      lane: ALL_LANES,
      event: 'ACCOUNT_CHANGED',
      level: 'WARNING',
      actor,
      message: `budget of ${name}: ${changed.per_hour ?? 'default'} an hour, ${changed.per_day ?? 'default'} a day`,
      detail: { account: name, perHour: changed.per_hour, perDay: changed.per_day },
    });
    return releaseHeld(connection, name);
  });
}
