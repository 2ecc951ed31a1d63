/** The outbox of notices in a database of its own, and what tests ask of it. */

import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { NoticeContent } from '../../src/contracts/engine/notices.ts';
import { askForTestNotice } from '../../src/db/decide/notices.ts';
import { composeMessage, dueMessages, type GatheredNotices, publishDestinations } from '../../src/db/keep/notices.ts';
import { listNotices } from '../../src/db/look/notices.ts';
import type { NoticePace } from '../../src/domain/notices.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export const OPS = 'mailto:ops@example.com';
export const CHAT = 'slack:#approvals';
export const AT_ONCE: NoticePace = { everyMs: 0, urgentEveryMs: 0, gatherMs: -1 };
export const HERE = 'aol-test';
export const GONE = 'aol-worker:PROOF:gone';

/** The database of the file that called `useNoticeDatabase`. */
export let database: TestDatabase;

/** The tests of this file share a database; each begins with one destination, and without a notice. */
export function useNoticeDatabase(): void {
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.pool.query(
      'TRUNCATE aol_notices, aol_notice_messages, aol_notice_destinations, aol_accounts CASCADE',
    );
    await publishDestinations(database.pool, [{ name: OPS }]);
  });
}

/** A row of the log, as what brings an action there writes it. */
export async function log(id: string, event: string): Promise<void> {
  await database.pool.query(
    `INSERT INTO aol_execution_logs (lane, action_id, event, actor, message) VALUES ('default', $1, $2, 'engine', 'it happened')`,
    [id, event],
  );
}
export const kinds = async () => {
  const { rows } = await database.pool.query('SELECT kind FROM aol_notices ORDER BY id');
  return rows.map(({ kind }) => kind);
};
export const content = ({ counts }: GatheredNotices): NoticeContent => ({
  subject: [...counts].map(([kind, count]) => `${kind} ${count}`).join(', '),
  sections: [],
});
export const compose = (destination = OPS, pace = AT_ONCE) =>
  composeMessage(database.pool, destination, pace, 20, content);
export const subjects = async () => (await listNotices(database.pool, 50)).items.map(({ subject }) => subject);
/** One message that waits. */
export async function message(): Promise<string> {
  await askForTestNotice(database.pool, 'test');
  await compose();
  const [id = ''] = await dueMessages(database.pool);
  return id;
}
export const ago = (table: string, column: string, interval: string) =>
  database.pool.query(`UPDATE ${table} SET ${column} = clock_timestamp() - interval '${interval}'`);
