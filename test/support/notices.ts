/** Notices in tests: accounts that speak, and a pace that nobody has to wait for. */

import type { AccountSettings } from '../../src/accounts/entries.ts';
import type { Database } from '../../src/db/pool.ts';
import { parseNoticeDestinations } from '../../src/domain/notice-destinations.ts';
import type { NoticePace } from '../../src/domain/notices.ts';
import type { NoticeOptions } from '../../src/worker/notice-loop.ts';

export const QUICK_PACE: NoticePace = { everyMs: 500, urgentEveryMs: 500, gatherMs: 300 };

export function noticesTo(destinations: string, pace: NoticePace = QUICK_PACE): NoticeOptions {
  const parsed = parseNoticeDestinations(destinations);
  if (!parsed) throw new Error(`these are no destinations: ${destinations}`);
  return { destinations: parsed, pace };
}

/** Accounts of the variables, and of entries whose secrets stand under their own names. */
export function accountsOf(
  variables: Readonly<Record<string, string>>,
  entries: Readonly<Record<string, unknown>> = {},
): AccountSettings {
  return {
    file: { path: 'aol.accounts.yaml', entries },
    variable: (name) => variables[name],
    resolve: (reference) => ('env' in reference ? variables[reference.env] : undefined),
  };
}

/** Whatever failed may be tried again at once. */
export async function tryAgain(db: Database): Promise<void> {
  await db.query(
    `UPDATE aol_notice_messages SET next_attempt_at = clock_timestamp() WHERE state = 'waiting' AND claimed_by IS NULL`,
  );
}

/** A row of the log that asks for a person, as a worker writes it. */
export async function logAwaiting(db: Database, actionId: string): Promise<void> {
  await db.query(
    `INSERT INTO aol_execution_logs (lane, action_id, event, actor, message)
     VALUES ('default', $1, 'AWAITING_APPROVAL', 'engine', 'a person has to approve this artifact')`,
    [actionId],
  );
}
