/** When notices are told, in which messages, and how the attempts of these end. */

import { describe, expect, test } from '@jest/globals';
import { approveAction } from '../../src/db/decide/approvals.ts';
import { askForTestNotice } from '../../src/db/decide/notices.ts';
import {
  areNoticesDue,
  claimMessage,
  composeMessage,
  dueMessages,
  forgetNotices,
  type GatheredNotices,
  publishDestinations,
  recordDelivery,
  ripeDestinations,
} from '../../src/db/keep/notices.ts';
import { listNotices } from '../../src/db/look/notices.ts';
import { NOTICE_PACE } from '../../src/domain/notices.ts';
import { setFlag } from '../support/engine.ts';
import {
  AT_ONCE,
  ago,
  CHAT,
  compose,
  content,
  database,
  GONE,
  HERE,
  kinds,
  log,
  message,
  OPS,
  subjects,
  useNoticeDatabase,
} from '../support/notice-scene.ts';
import { awaiting, awaitingApproval, dead, queued, SHA, unconfirmed } from '../support/settled.ts';

useNoticeDatabase();

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
