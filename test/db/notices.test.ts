/** The outbox of notices: what gets into it, once; when it is told, in which messages; and how their attempts end. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { NoticeContent } from '../../src/contracts/engine/notices.ts';
import { approveAction, expireApprovals } from '../../src/db/decide/approvals.ts';
import { patchFlags } from '../../src/db/decide/flags.ts';
import { askForTestNotice } from '../../src/db/decide/notices.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import { setAccountState } from '../../src/db/keep/accounts.ts';
import {
  areNoticesDue,
  claimMessage,
  composeMessage,
  dueMessages,
  findNotices,
  forgetNotices,
  type GatheredNotices,
  publishDestinations,
  recordDelivery,
  ripeDestinations,
} from '../../src/db/keep/notices.ts';
import { listNotices } from '../../src/db/look/notices.ts';
import { NOTICE_PACE, type NoticePace } from '../../src/domain/notices.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { setFlag } from '../support/engine.ts';
import { awaiting, awaitingApproval, dead, queued, SHA, unconfirmed } from '../support/settled.ts';

const OPS = 'mailto:ops@example.com';
const CHAT = 'slack:#approvals';
const AT_ONCE: NoticePace = { everyMs: 0, urgentEveryMs: 0, gatherMs: -1 };
const HERE = 'aol-test';
const GONE = 'aol-worker:PROOF:gone';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query('TRUNCATE aol_notices, aol_notice_messages, aol_notice_destinations, aol_accounts CASCADE');
  await publishDestinations(database.pool, [{ name: OPS }]);
});

/** A row of the log, as what brings an action there writes it. */
async function log(id: string, event: string): Promise<void> {
  await database.pool.query(
    `INSERT INTO aol_execution_logs (lane, action_id, event, actor, message) VALUES ('default', $1, $2, 'engine', 'it happened')`,
    [id, event],
  );
}
const kinds = async () => {
  const { rows } = await database.pool.query('SELECT kind FROM aol_notices ORDER BY id');
  return rows.map(({ kind }) => kind);
};
const content = ({ counts }: GatheredNotices): NoticeContent => ({
  subject: [...counts].map(([kind, count]) => `${kind} ${count}`).join(', '),
  sections: [],
});
const compose = (destination = OPS, pace = AT_ONCE) => composeMessage(database.pool, destination, pace, 20, content);
const subjects = async () => (await listNotices(database.pool, 50)).items.map(({ subject }) => subject);
/** One message that waits. */
async function message(): Promise<string> {
  await askForTestNotice(database.pool, 'test');
  await compose();
  const [id = ''] = await dueMessages(database.pool);
  return id;
}
const ago = (table: string, column: string, interval: string) =>
  database.pool.query(`UPDATE ${table} SET ${column} = clock_timestamp() - interval '${interval}'`);

describe('what becomes a notice', () => {
  test('rows of the log that people should know of, and no others', async () => {
    const id = await queued(database.pool);
    for (const event of ['CLAIMED', 'SUCCEEDED', 'AWAITING_APPROVAL', 'UNCONFIRMED', 'DEAD_LETTERED', 'RELEASED']) {
      await log(id, event);
    }
    expect(await kinds()).toEqual(['approval_waits', 'unconfirmed', 'dead_letter']);
  });

  test('is not kept when what it tells of is rolled back', async () => {
    const id = await queued(database.pool);
    const connection = await database.pool.connect();
    await connection.query('BEGIN');
    await connection.query(
      `INSERT INTO aol_execution_logs (lane, action_id, event, actor, message) VALUES ('default', $1, 'UNCONFIRMED', 'engine', 'x')`,
      [id],
    );
    await connection.query('ROLLBACK');
    connection.release();
    expect(await kinds()).toEqual([]);
  });

  test('nothing, where nobody is told', async () => {
    await database.pool.query('DELETE FROM aol_notice_destinations');
    await log(await queued(database.pool), 'UNCONFIRMED');
    expect(await kinds()).toEqual([]);
  });

  test('a kill and the unlocking of REAL, and not what ends a kill', async () => {
    const by = { actor: 'ada', reason: 'wrong campaign' };
    await pressControl(database.pool, 'default', { killed: true }, by);
    await pressControl(database.pool, 'default', { killed: false }, by);
    const admin = { ...by, mayLoosen: true };
    await patchFlags(database.pool, 'default', { flags: { proof_only: false } }, admin);
    await patchFlags(database.pool, 'default', { flags: { proof_only: true, max_running: 7 } }, admin);
    expect(await kinds()).toEqual(['lane_killed', 'real_unlocked', 'real_locked']);
    const { rows } = await database.pool.query(`SELECT detail FROM aol_notices WHERE kind = 'lane_killed'`);
    expect(rows[0]?.detail).toMatchObject({ actor: 'ada', reason: 'wrong campaign' });
  });

  test('an account that needs somebody, once for each time; a limit only when it lasts', async () => {
    await database.pool.query(
      `INSERT INTO aol_accounts (name, provider, identity, server) VALUES ('brand', 'bluesky', 'b', 'https://b.example')`,
    );
    const set = (state: 'ready' | 'needs_login' | 'limited', forMs = 0) =>
      setAccountState(database.pool, 'brand', 'worker', {
        state,
        ...(state !== 'ready' && { reason: `because ${forMs}` }),
        ...(state === 'limited' && { until: new Date(Date.now() + forMs) }),
      });
    await set('limited', 60_000);
    await set('ready');
    await set('needs_login');
    await set('needs_login', 1);
    await set('ready');
    await set('limited', 3 * 3_600_000);
    expect(await kinds()).toEqual(['account_held', 'account_held']);
  });

  test('an autonomy level that was set back', async () => {
    await database.pool.query(
      `INSERT INTO aol_autonomy (lane, type, level, updated_by) VALUES ('default', 'POST_SOCIAL', 'auto', 'ada')`,
    );
    await log(await unconfirmed(database.pool), 'UNCONFIRMED');
    expect((await kinds()).sort()).toEqual(['autonomy_lowered', 'unconfirmed']);
  });

  test('each once for each destination, and a new destination is told of what waits for approval already', async () => {
    const id = await awaiting(database.pool, 3_600);
    await log(id, 'AWAITING_APPROVAL');
    await publishDestinations(database.pool, [{ name: OPS }, { name: CHAT }]);
    await publishDestinations(database.pool, [{ name: OPS }, { name: CHAT }]);
    const { rows } = await database.pool.query('SELECT destination, kind FROM aol_notices WHERE action_id = $1', [id]);
    expect(rows).toEqual([
      { destination: OPS, kind: 'approval_waits' },
      { destination: CHAT, kind: 'approval_waits' },
    ]);
    await database.pool.query(`UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() WHERE id = $1`, [id]);
  });
});

describe('what only time brings about', () => {
  test('an approval that runs out is told once: when a quarter of its time is left', async () => {
    const soon = await awaiting(database.pool, 100);
    await awaiting(database.pool, null);
    await findNotices(database.pool, true, 0);
    expect(await kinds()).toEqual([]);
    await database.pool.query(
      `UPDATE aol_actions SET updated_at = clock_timestamp() - interval '400 seconds' WHERE id = $1`,
      [soon],
    );
    await findNotices(database.pool, true, 0);
    await findNotices(database.pool, true, 0);
    expect(await kinds()).toEqual(['approval_expires']);
    await database.pool.query(
      `UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() WHERE status = 'AWAITING_APPROVAL'`,
    );
  });

  test('an approval that ran out is told, once: its action is cancelled; a person’s cancel is no notice', async () => {
    const id = await awaiting(database.pool, 0);
    await log(id, 'AWAITING_APPROVAL');
    await log(await queued(database.pool), 'CANCELLED');
    expect(await expireApprovals(database.pool)).toBe(1);
    expect(await expireApprovals(database.pool)).toBe(0);
    expect(await kinds()).toEqual(['approval_waits', 'approval_ran_out']);
    await compose();
    // That it waits is no longer so.
    expect(await subjects()).toEqual(['approval_ran_out 1']);
  });

  test('a lane that stands still is told, once, by a worker that has watched it; not one that is paused', async () => {
    const id = await queued(database.pool);
    await database.pool.query(
      `UPDATE aol_actions SET run_at = clock_timestamp() - interval '2 minutes' WHERE id = $1`,
      [id],
    );
    await findNotices(database.pool, true, 59_000);
    await setFlag(database.pool, 'paused', true, 'default');
    await findNotices(database.pool, true, 61_000);
    expect(await kinds()).toEqual([]);
    await setFlag(database.pool, 'paused', false, 'default');
    await findNotices(database.pool, true, 61_000);
    await findNotices(database.pool, true, 61_000);
    expect(await kinds()).toEqual(['lane_red']);
    await database.pool.query(
      `UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() WHERE status = 'PENDING'`,
    );
  });

  test('a token that nobody renews, a version that ends, and a budget that is used up, which is told once a day', async () => {
    await database.pool.query(
      `INSERT INTO aol_accounts (name, provider, identity, server, state, token_expires_at)
       VALUES ('page', 'linkedin', 'p', 'https://l.example', 'ready', now() + interval '6 days'),
         ('slow', 'bluesky', 's', 'https://b.example', 'ready', NULL), ('new', 'linkedin', 'n', 'https://l.example', 'ready', NULL), ('out', 'bluesky', 'o', 'https://b.example', 'ready', NULL)`,
    );
    await database.pool.query(`UPDATE aol_accounts SET state = 'needs_login', reason = 'r' WHERE name = 'out'`);
    await database.pool.query(
      `UPDATE aol_accounts SET facts = jsonb_build_object('version', '202601', 'versionEnds',
         to_char(clock_timestamp() + CASE name WHEN 'page' THEN interval '50 days' ELSE interval '70 days' END, 'YYYY-MM-DD'))
       WHERE name IN ('page', 'new')`,
    );
    for (const account of ['slow', 'slow', 'out', 'type:SEND_EMAIL', 'autonomy:POST_SOCIAL']) {
      await database.pool.query(
        `UPDATE aol_actions SET held_by = $2, last_error = 'its account is on hold: its budget of 5 effects in an hour is used up',
           run_at = clock_timestamp() + interval '1 hour', updated_at = clock_timestamp() - interval '1 minute' WHERE id = $1`,
        [await queued(database.pool, { mode: 'REAL' }), account],
      );
    }
    await findNotices(database.pool, true, 0);
    await findNotices(database.pool, true, 0);
    const { rows } = await database.pool.query(
      'SELECT kind, account, detail FROM aol_notices ORDER BY kind DESC, account',
    );
    expect(rows).toMatchObject([
      { kind: 'account_version', account: 'page', detail: { provider: 'linkedin', version: '202601' } },
      { kind: 'account_token', account: 'page' },
      { kind: 'account_budget', account: 'slow', detail: { waiting: 2 } },
      { kind: 'account_budget', account: 'type:SEND_EMAIL', detail: { waiting: 1 } },
    ]);
  });
});

describe('messages', () => {
  test('many at once are one message, and what somebody has seen to is left out', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => awaiting(database.pool, 3_600)));
    for (const id of ids) await log(id, 'AWAITING_APPROVAL');
    await log(await dead(database.pool), 'DEAD_LETTERED');
    await log(await queued(database.pool), 'DEAD_LETTERED');
    await database.pool.query(`UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() WHERE id = $1`, [
      ids[0],
    ]);
    const seen: GatheredNotices[] = [];
    await composeMessage(database.pool, OPS, AT_ONCE, 3, (gathered) => {
      seen.push(gathered);
      return content(gathered);
    });
    expect(seen[0]?.counts).toEqual(
      new Map([
        ['approval_waits', 4],
        ['dead_letter', 1],
      ]),
    );
    expect(seen[0]?.first.map(({ kind }) => kind)).toEqual([
      'approval_waits',
      'approval_waits',
      'approval_waits',
      'dead_letter',
    ]);
    expect(seen[0]?.first[0]).toMatchObject({ type: 'POST_SOCIAL', created_by: 'test', lane: 'default' });
    expect(await compose()).toBe(false);
    const { rows } = await database.pool.query(`SELECT count(*) AS count FROM aol_notices WHERE state = 'moot'`);
    expect(rows[0]?.count).toBe(2);
    await database.pool.query(
      `UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() WHERE status = 'AWAITING_APPROVAL'`,
    );
  });

  test('an approver is told of approvals alone, and of those only that they may still decide', async () => {
    const [ben, chef] = ['mailto:b@example.com?approver=@ben', 'mailto:c@example.com?approver=chef'];
    await database.pool.query(
      `INSERT INTO aol_api_tokens (id, name, role, prefix, sha256, created_by, types)
       VALUES (gen_random_uuid(), 'chef', 'approver', 'aolt_test', sha256('chef'), 'admin', '{CALL_WEBHOOK}')`,
    );
    await publishDestinations(database.pool, [
      { name: OPS },
      { name: ben, approver: '@ben' },
      { name: chef, approver: 'chef' },
    ]);
    await setFlag(database.pool, 'approver_must_differ', true, 'default');
    await setFlag(database.pool, 'approvals_needed', 2, 'default');
    const hook = { type: 'CALL_WEBHOOK', payload: { url: 'https://hooks.example/', body: {} } };
    const [mine, theirs, approved] = [
      await awaitingApproval(database.pool, hook, '@ben'),
      await awaitingApproval(database.pool, {}, '@anna'),
      await awaitingApproval(database.pool, {}, '@anna'),
    ];
    for (const id of [mine, theirs, approved]) await log(id, 'AWAITING_APPROVAL');
    await log(await unconfirmed(database.pool), 'UNCONFIRMED');
    await approveAction(database.pool, approved, SHA, { actor: '@ben' });
    const told = async (destination: string) => {
      await compose(destination);
      const { rows } = await database.pool.query<{ action_id: string }>(
        `SELECT action_id FROM aol_notices WHERE destination = $1 AND state = 'told' ORDER BY id`,
        [destination],
      );
      return rows.map(({ action_id }) => action_id);
    };
    expect(await told(OPS)).toHaveLength(4);
    expect(await told(ben)).toEqual([theirs]);
    expect(await told(chef)).toEqual([mine]);
    await setFlag(database.pool, 'approver_must_differ', false, 'default');
    await setFlag(database.pool, 'approvals_needed', 1, 'default');
    await database.pool.query(
      `UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() WHERE status = 'AWAITING_APPROVAL'`,
    );
  });

  test('two that compose at once make one', async () => {
    await log(await unconfirmed(database.pool), 'UNCONFIRMED');
    expect((await Promise.all([compose(), compose(), compose()])).filter(Boolean)).toHaveLength(1);
    expect(await subjects()).toEqual(['unconfirmed 1']);
  });

  test('the first gathers for a while, the next waits for the digest, what is urgent does not', async () => {
    const ripe = () => ripeDestinations(database.pool, NOTICE_PACE);
    await log(await dead(database.pool), 'DEAD_LETTERED');
    expect(await ripe()).toEqual([]);
    await ago('aol_notices', 'at', '11 seconds');
    expect(await areNoticesDue(database.pool, NOTICE_PACE)).toBe(true);
    expect(await compose(OPS, NOTICE_PACE)).toBe(true);
    await database.pool.query(`UPDATE aol_notice_messages SET state = 'sent', sent_at = clock_timestamp()`);

    await log(await dead(database.pool), 'DEAD_LETTERED');
    await ago('aol_notices', 'at', '11 seconds');
    await ago('aol_notice_messages', 'created_at', '2 minutes');
    expect(await ripe()).toEqual([]);
    await log(await unconfirmed(database.pool), 'UNCONFIRMED');
    expect(await ripe()).toEqual([]);
    await ago('aol_notices', 'at', '11 seconds');
    expect(await ripe()).toEqual([OPS]);
    // The digest goes with it.
    await compose(OPS, NOTICE_PACE);
    expect((await subjects())[0]).toContain('dead_letter 1');
  });

  test('a destination has one message on its way, and others do not wait for it', async () => {
    await publishDestinations(database.pool, [{ name: CHAT }]);
    await message();
    await askForTestNotice(database.pool, 'test');
    expect(await ripeDestinations(database.pool, AT_ONCE)).toEqual([CHAT]);
  });

  test('nothing is tried for a destination that no worker has any more', async () => {
    await message();
    await ago('aol_notice_destinations', 'seen_at', '11 minutes');
    expect(await dueMessages(database.pool)).toEqual([]);
    await expect(askForTestNotice(database.pool, 'test')).rejects.toThrow(/AOL_NOTICES/u);
    expect((await listNotices(database.pool, 1)).destinations).toEqual([]);
  });
});

describe('an attempt', () => {
  const failed = { kind: 'failed', reason: 'the server is away', mayHaveArrived: false, delayMs: 0 } as const;

  test('is one worker’s at a time; when that died it may be made again at once, and may have arrived', async () => {
    const id = await message();
    expect(await claimMessage(database.pool, id, HERE)).toMatchObject({ attempt: 1, may_have_arrived: false });
    expect(await claimMessage(database.pool, id, GONE)).toBeUndefined();
    await database.pool.query(`UPDATE aol_notice_messages SET claimed_by = $1`, [GONE]);
    expect(await dueMessages(database.pool)).toEqual([id]);
    expect(await claimMessage(database.pool, id, HERE)).toMatchObject({ attempt: 2, may_have_arrived: true });
  });

  test('that failed is shown, and comes again', async () => {
    const id = await message();
    const claimed = await claimMessage(database.pool, id, HERE);
    if (!claimed) throw new Error('it is due');
    await recordDelivery(database.pool, claimed, failed);
    const { destinations, items } = await listNotices(database.pool, 10);
    expect(destinations[0]?.failing).toMatchObject({ attempts: 1, error: 'the server is away' });
    expect(items[0]).toMatchObject({ state: 'waiting', notices: 1, error: 'the server is away' });
    const again = await claimMessage(database.pool, id, HERE);
    expect(again).toMatchObject({ attempt: 2, may_have_arrived: false });
    // One that another has taken the place of changes nothing.
    await recordDelivery(database.pool, claimed, { ...failed, reason: 'late' });
    await recordDelivery(database.pool, claimed, { kind: 'sent' });
    expect((await listNotices(database.pool, 10)).items[0]).toMatchObject({ state: 'sent', error: null });
    expect(await claimMessage(database.pool, id, HERE)).toBeUndefined();
  });

  test('is the last after three days, so that the next message may go', async () => {
    const id = await message();
    await ago('aol_notice_messages', 'created_at', '73 hours');
    const claimed = await claimMessage(database.pool, id, HERE);
    if (!claimed) throw new Error('it is due');
    await recordDelivery(database.pool, claimed, failed);
    expect((await listNotices(database.pool, 10)).items[0]).toMatchObject({ state: 'given_up' });
    await askForTestNotice(database.pool, 'test');
    expect(await ripeDestinations(database.pool, AT_ONCE)).toEqual([OPS]);
  });
});

test('what is a month old is forgotten', async () => {
  await message();
  await ago('aol_notices', 'at', '31 days');
  await ago('aol_notice_messages', 'created_at', '31 days');
  await forgetNotices(database.pool);
  expect((await listNotices(database.pool, 10)).items).toEqual([]);
  expect(await kinds()).toEqual([]);
});

test('no lane is called like the workflow of notices', async () => {
  await expect(database.pool.query(`SELECT aol_create_lane('notices', 'test')`)).rejects.toThrow(
    /no_lane_is_called_notices/u,
  );
  await expect(
    database.pool.query(`SELECT aol_create_lane($1, 'test')`, [`notices-${randomUUID()}`]),
  ).resolves.toBeDefined();
});
