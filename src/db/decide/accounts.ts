/** What people decide about accounts: that one is checked. */

import { NotFoundError } from '../../domain/errors.ts';
import { type Database, query } from '../pool.ts';

/**
 * Asks the workers that have it to check an account.
 *
 * @returns when it was asked, by the database's clock
 * @throws NotFoundError
 */
export async function askForCheck(db: Database, name: string): Promise<Date> {
  const [asked] = await query<{ check_asked_at: Date }>(
    db,
    `UPDATE aol_accounts SET check_asked_at = clock_timestamp() WHERE name = $1 RETURNING check_asked_at`,
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
