/** What becomes a notice, once. */

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { expireApprovals } from '../../src/db/decide/approvals.ts';
import { patchFlags } from '../../src/db/decide/flags.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import { setAccountState } from '../../src/db/keep/accounts.ts';
import { findNotices, publishDestinations } from '../../src/db/keep/notices.ts';
import { setFlag } from '../support/engine.ts';
import { CHAT, compose, database, kinds, log, OPS, subjects, useNoticeDatabase } from '../support/notice-scene.ts';
import { awaiting, queued, unconfirmed } from '../support/settled.ts';

useNoticeDatabase();

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

test('no lane is called like the workflow of notices', async () => {
  await expect(database.pool.query(`SELECT aol_create_lane('notices', 'test')`)).rejects.toThrow(
    /no_lane_is_called_notices/u,
  );
  await expect(
    database.pool.query(`SELECT aol_create_lane($1, 'test')`, [`notices-${randomUUID()}`]),
  ).resolves.toBeDefined();
});
