/** Revise, reschedule, request changes: what is there before and after, and what may not be. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { approveAction } from '../../src/db/decide/approvals.ts';
import { findAction } from '../../src/db/decide/cancel.ts';
import { requestChanges, rescheduleAction, reviseAction } from '../../src/db/decide/revise.ts';
import { prune } from '../../src/db/keep/prune.ts';
import { logsOfAction } from '../../src/db/look/logs.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { awaiting, awaitingApproval, dead, finished, proved, queued, SHA, unconfirmed } from '../support/settled.ts';

let database: TestDatabase;
let db: TestDatabase['pool'];

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.pool;
});
afterAll(() => database.drop());

const anna = { actor: 'anna' };
const OTHER = { platform: 'bluesky', content: 'Hello, all' };
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
const lastLog = async (id: string) => (await logsOfAction(db, id, { afterId: 0, limit: 20 })).items.at(-1);
const refusedWith = (status: string) => expect.objectContaining({ code: 'AOL_STATE_CONFLICT', status });

describe('revise', () => {
  test.each([
    ['what waits for approval', () => awaitingApproval(db)],
    ['a dead letter', () => dead(db, { mode: 'REAL', priority: 7, maxAttempts: 2 })],
    ['what is queued', () => queued(db, { mode: 'REAL', runAt: TOMORROW })],
  ])('%s ends, and a changed one that awaits approval is in its place', async (_what, make) => {
    const id = await make();
    const old = await findAction(db, id);
    const { created, row } = await reviseAction(db, id, { payload: OTHER }, { ...anna, reason: 'a typo' });
    expect([created, row]).toMatchObject([
      true,
      {
        ...{
          status: 'PENDING',
          payload: OTHER,
          revises: id,
          revised_by: null,
          idempotency_key: `revise:${id}:1`,
          created_by: 'anna',
        },
        ...{ mode: 'REAL', approval_needed: true, approval_sha256: null, artifact_sha256: null, attempts: 0 },
        ...{
          lane: old.lane,
          type: old.type,
          priority: old.priority,
          max_attempts: old.max_attempts,
          due_at: old.due_at,
        },
      },
    ]);
    // It is shown at once, whatever its time is.
    expect(row.run_at.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await findAction(db, id)).toMatchObject({ status: 'CANCELLED', revised_by: row.id, dlq_reason: null });
    expect(await lastLog(id)).toMatchObject({
      ...{ event: 'REVISED', actor: 'anna', message: `revised: ${row.id} is in its place: a typo` },
      detail: { from: old.status, to: 'CANCELLED', revisedBy: row.id, reason: 'a typo', changed: ['payload.content'] },
    });
    expect(await lastLog(row.id)).toMatchObject({ event: 'ENQUEUED', actor: 'anna', detail: { revises: id } });
  });

  test('a proof is a proof again, at its time', async () => {
    const { row } = await reviseAction(db, await queued(db, { runAt: TOMORROW }), { payload: OTHER }, anna);
    expect(row).toMatchObject({ mode: 'PROOF', approval_needed: false, run_at: new Date(TOMORROW) });
  });

  test('its time alone; keys count the revisions of one line', async () => {
    const id = await awaitingApproval(db);
    const first = await reviseAction(db, id, { runAt: TOMORROW }, anna);
    expect(first.row).toMatchObject({ due_at: new Date(TOMORROW), payload: { content: 'Hello' } });
    const second = await reviseAction(db, first.row.id, { payload: OTHER }, anna);
    expect(second.row).toMatchObject({ due_at: new Date(TOMORROW), idempotency_key: `revise:${id}:2` });
  });

  test('the same again answers the action that is there; another is refused and names it', async () => {
    const id = await awaitingApproval(db);
    const { row } = await reviseAction(db, id, { payload: OTHER }, anna);
    expect(await reviseAction(db, id, { payload: OTHER }, anna)).toMatchObject({ created: false, row: { id: row.id } });
    await expect(reviseAction(db, id, { runAt: TOMORROW }, anna)).rejects.toThrow(`it was replaced by ${row.id}`);
  });

  test('what replies to it replies to the last revision', async () => {
    const id = await awaitingApproval(db);
    const first = await reviseAction(db, id, { payload: OTHER }, anna);
    const last = await reviseAction(db, first.row.id, { runAt: TOMORROW }, anna);
    const { rows } = await db.query('SELECT aol_became($1) AS became', [id]);
    expect(rows).toEqual([{ became: last.row.id }]);
  });

  test('of ten at once one is in its place', async () => {
    const id = await awaitingApproval(db);
    const each = Array.from({ length: 10 }, (_, n) =>
      reviseAction(db, id, { payload: { ...OTHER, content: `${n}` } }, anna),
    );
    expect((await Promise.allSettled(each)).filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { rows } = await db.query('SELECT id FROM aol_actions WHERE revises = $1', [id]);
    expect(rows).toHaveLength(1);
  });

  test('approved or revised, never both', async () => {
    for (let n = 0; n < 10; n += 1) {
      const id = await awaitingApproval(db);
      const [approved, revised] = await Promise.allSettled([
        approveAction(db, id, SHA, anna),
        reviseAction(db, id, { payload: OTHER }, anna),
      ]);
      // What was approved first is revised as what is queued: what was approved is not sent.
      expect(revised.status).toBe('fulfilled');
      if (approved.status === 'rejected') expect(approved.reason).toEqual(refusedWith('CANCELLED'));
      expect(await findAction(db, id)).toMatchObject({ status: 'CANCELLED' });
    }
  });

  test('neither the old hash nor the old action is approved any more', async () => {
    const id = await awaitingApproval(db);
    const { row } = await reviseAction(db, id, { payload: OTHER }, anna);
    await expect(approveAction(db, id, SHA, anna)).rejects.toEqual(refusedWith('CANCELLED'));
    await expect(approveAction(db, row.id, SHA, anna)).rejects.toEqual(refusedWith('PENDING'));
  });

  test('not what has ended, and not what may have been sent', async () => {
    for (const id of [
      await proved(db),
      await unconfirmed(db),
      await finished(db, { status: 'CANCELLED', daysAgo: 0 }),
    ]) {
      const { status } = await findAction(db, id);
      await expect(reviseAction(db, id, { payload: OTHER }, anna)).rejects.toEqual(refusedWith(status));
    }
    const uncertain = await dead(db, { mode: 'REAL' });
    await db.query(
      `INSERT INTO aol_execution_logs (lane, action_id, attempt, event, actor, message, detail)
       VALUES ('default', $1, 1, 'ATTEMPT_STARTED', 'test', 'test', jsonb_build_object('deadline', now()))`,
      [uncertain],
    );
    await expect(reviseAction(db, uncertain, { payload: OTHER }, anna)).rejects.toThrow('it may have been sent');
    await expect(rescheduleAction(db, await sentLate(), TOMORROW, anna)).rejects.toThrow('it may have been sent');
  });

  test('what it was stays as long as what it became: retention takes both or neither', async () => {
    const id = await awaitingApproval(db);
    const { row } = await reviseAction(db, id, { payload: OTHER }, anna);
    await db.query(`UPDATE aol_actions SET finished_at = now() - interval '10 days' WHERE id = $1`, [id]);
    const artifacts = {
      remove: async () => true,
      files: none,
      packs: none,
      removePack: async () => true,
      sweep: async () => 0,
    };
    await prune(db, artifacts, { olderThanMs: 86_400_000 });
    expect(await findAction(db, id)).toMatchObject({ revised_by: row.id });
    await db.query(
      `UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() - interval '9 days' WHERE id = $1`,
      [row.id],
    );
    await prune(db, artifacts, { olderThanMs: 86_400_000 });
    await expect(findAction(db, id)).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
    await expect(findAction(db, row.id)).rejects.toMatchObject({ code: 'AOL_NOT_FOUND' });
  });

  test('the database refuses a REAL revision that needs no approval, and one that is taken back', async () => {
    const id = await awaitingApproval(db);
    const { row } = await reviseAction(db, id, { payload: OTHER }, anna);
    await expect(db.query('UPDATE aol_actions SET approval_needed = false WHERE id = $1', [row.id])).rejects.toThrow();
    await expect(db.query('UPDATE aol_actions SET revised_by = NULL WHERE id = $1', [id])).rejects.toThrow();
    await expect(db.query('UPDATE aol_actions SET revises = NULL WHERE id = $1', [row.id])).rejects.toThrow();
  });
});

/** Back in the queue, and then the receipt of an attempt before arrived. */
async function sentLate(): Promise<string> {
  const id = await queued(db, { mode: 'REAL' });
  await db.query(
    `INSERT INTO aol_execution_logs (lane, action_id, event, actor, message, detail)
     VALUES ('default', $1, 'RECEIPT_RECORDED', 'test', 'test', '{"receipt": {}}')`,
    [id],
  );
  return id;
}

async function* none() {
  yield* [];
}

describe('reschedule', () => {
  test('what is approved stays approved, and is due at the new time', async () => {
    const id = await awaitingApproval(db, { runAt: TOMORROW });
    await approveAction(db, id, SHA, anna);
    const later = new Date(Date.parse(TOMORROW) + 86_400_000);
    const row = await rescheduleAction(db, id, later.toISOString(), { ...anna, reason: 'rain' });
    expect(row).toMatchObject({ status: 'PENDING', approval_sha256: SHA, run_at: later, due_at: later });
    expect(await lastLog(id)).toMatchObject({
      ...{ event: 'RESCHEDULED', actor: 'anna', message: `moved from ${TOMORROW} to ${later.toISOString()}: rain` },
      detail: { from: TOMORROW, to: later.toISOString(), reason: 'rain' },
    });
  });

  test('what waits for approval goes on waiting, and is due at the new time once it is approved', async () => {
    const id = await awaiting(db, 3 * 86_400);
    await rescheduleAction(db, id, TOMORROW, anna);
    expect(await approveAction(db, id, SHA, anna)).toMatchObject({ run_at: new Date(TOMORROW) });
  });

  test('not past the time until which it can be approved', async () => {
    const id = await awaiting(db, 3_600);
    await expect(rescheduleAction(db, id, TOMORROW, anna)).rejects.toThrow(/its approval runs out at .* before that/);
  });

  test('what waits for its account is looked at again at the new time', async () => {
    const id = await queued(db, { mode: 'REAL' });
    await db.query(`UPDATE aol_actions SET held_by = 'brand', run_at = now() + interval '1 hour' WHERE id = $1`, [id]);
    expect(await rescheduleAction(db, id, TOMORROW, anna)).toMatchObject({ held_by: null, run_at: new Date(TOMORROW) });
  });

  test('a time that has passed is now, and takes no place before others', async () => {
    const id = await queued(db, { mode: 'REAL', runAt: TOMORROW });
    const before = Date.now();
    const row = await rescheduleAction(db, id, '2020-01-01T00:00:00Z', anna);
    expect(row.run_at.getTime()).toBeGreaterThanOrEqual(before - 1_000);
  });

  test('not what has ended or is a dead letter', async () => {
    for (const id of [await dead(db), await finished(db, { status: 'SUCCESS', daysAgo: 0 })]) {
      const { status } = await findAction(db, id);
      await expect(rescheduleAction(db, id, TOMORROW, anna)).rejects.toEqual(refusedWith(status));
    }
  });
});

describe('request changes', () => {
  test('it goes on waiting, and says who wants what; approved all the same, nobody does any more', async () => {
    const id = await awaitingApproval(db);
    const row = await requestChanges(db, id, { actor: 'anna', reason: 'wrong date' });
    expect(row).toMatchObject({
      status: 'AWAITING_APPROVAL',
      changes_requested: { by: 'anna', reason: 'wrong date', at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) },
    });
    expect(await lastLog(id)).toMatchObject({ event: 'CHANGES_REQUESTED', message: 'changes requested: wrong date' });
    expect(await approveAction(db, id, SHA, anna)).toMatchObject({ status: 'PENDING', changes_requested: null });
  });

  test('only while it waits', async () => {
    const asked = requestChanges(db, await queued(db, { mode: 'REAL' }), { actor: 'anna', reason: 'wrong date' });
    await expect(asked).rejects.toEqual(refusedWith('PENDING'));
  });
});
