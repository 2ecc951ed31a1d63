/** Approvals: by as many people as the lane wants, by others than those who asked; and they run out, by the database's clock, once. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  approvalProgress,
  approveAction,
  expireApprovals,
  promoteAction,
  rejectAction,
} from '../../src/db/decide/approvals.ts';
import { findAction } from '../../src/db/decide/cancel.ts';
import { reviseAction } from '../../src/db/decide/revise.ts';
import { logsOfAction } from '../../src/db/look/logs.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { setFlag } from '../support/engine.ts';
import { awaiting, awaitingApproval, proved, queued, SHA } from '../support/settled.ts';

let database: TestDatabase;
let db: TestDatabase['pool'];

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.pool;
});
afterAll(() => database.drop());

const by = { actor: 'a person' };
const statusOf = async (id: string) => (await findAction(db, id)).status;

test('approved in time, it does not run out any more', async () => {
  const id = await awaiting(db, 3_600);
  expect(await approveAction(db, id, SHA, by)).toMatchObject({ status: 'PENDING', approval_expires_at: null });
});

test('past its time it cannot be approved, even before anybody has cancelled it; it can be rejected', async () => {
  const id = await awaiting(db, -0.001);
  await expect(approveAction(db, id, SHA, by)).rejects.toMatchObject({
    status: 'AWAITING_APPROVAL',
    message: expect.stringContaining('whose time ran out'),
  });
  expect(await rejectAction(db, id, by)).toMatchObject({ status: 'CANCELLED' });
});

test('what ran out is cancelled once, with a log row; what has time or no limit stays', async () => {
  const [late, early, unlimited] = [await awaiting(db, -1), await awaiting(db, 3_600), await awaiting(db, null)];
  const counts = await Promise.all([1, 2, 3].map(() => expireApprovals(db)));
  expect(counts.reduce((total, count) => total + count, 0)).toBe(1);
  expect(await Promise.all([late, early, unlimited].map(statusOf))).toEqual([
    'CANCELLED',
    'AWAITING_APPROVAL',
    'AWAITING_APPROVAL',
  ]);
  expect((await logsOfAction(db, late, { afterId: 0, limit: 10 })).items.at(-1)).toMatchObject({
    event: 'CANCELLED',
    actor: 'engine',
    message: 'nobody approved it in its time',
    detail: { from: 'AWAITING_APPROVAL', to: 'CANCELLED', expired: expect.any(String) },
  });
  expect(await expireApprovals(db)).toBe(0);
});

const anna = { actor: 'anna' };
const ben = { actor: 'ben' };
const progressOf = async (id: string) => (await approvalProgress(db, [id])).get(id);

describe('several approvals', () => {
  beforeAll(() => setFlag(db, 'approvals_needed', 2));
  afterAll(() => setFlag(db, 'approvals_needed', 1));

  test('two different people, and then it may be performed; the row and the log name both', async () => {
    const id = await awaitingApproval(db);
    expect(await progressOf(id)).toBe('0 of 2 approvals');
    expect(await approveAction(db, id, SHA, anna)).toMatchObject({
      status: 'AWAITING_APPROVAL',
      approval_sha256: null,
    });
    expect(await progressOf(id)).toBe('1 of 2 approvals: anna');
    await expect(approveAction(db, id, SHA, anna)).rejects.toMatchObject({
      code: 'AOL_STATE_CONFLICT',
      message: 'anna has approved it already: 1 of 2 approvals: anna',
    });
    expect(await approveAction(db, id, SHA, ben)).toMatchObject({
      status: 'PENDING',
      approval_sha256: SHA,
      approval_by: 'anna, ben',
    });
    const { items } = await logsOfAction(db, id, { afterId: 0, limit: 10 });
    expect(items.filter(({ event }) => event === 'APPROVED').map(({ actor, message }) => [actor, message])).toEqual([
      ['anna', `approved (1 of 2 approvals: anna): ${SHA}`],
      ['ben', `approved (2 of 2 approvals: anna, ben): ${SHA}`],
    ]);
  });

  test('of ten at once by two people the action goes on once', async () => {
    const id = await awaitingApproval(db);
    const asked = Array.from({ length: 10 }, (_, n) => approveAction(db, id, SHA, n % 2 === 0 ? anna : ben));
    const done = (await Promise.allSettled(asked)).filter(
      (one) => one.status === 'fulfilled' && one.value.status === 'PENDING',
    );
    expect(done).toHaveLength(1);
    expect(await statusOf(id)).toBe('PENDING');
  });

  test('a rejection ends it, whoever has approved it', async () => {
    const id = await awaitingApproval(db);
    await approveAction(db, id, SHA, anna);
    expect(await rejectAction(db, id, ben)).toMatchObject({ status: 'CANCELLED' });
  });

  test('to promote is one of them', async () => {
    const id = await waitingAfter(await promoteAction(db, await proved(db), SHA, anna));
    expect(await progressOf(id)).toBe('1 of 2 approvals: anna');
    await expect(approveAction(db, id, SHA, anna)).rejects.toMatchObject({ code: 'AOL_STATE_CONFLICT' });
    expect(await approveAction(db, id, SHA, ben)).toMatchObject({ status: 'PENDING', approval_by: 'anna, ben' });
  });

  test('the database refuses to go on with one', async () => {
    const id = await awaitingApproval(db);
    await approveAction(db, id, SHA, anna);
    await expect(
      db.query(
        `UPDATE aol_actions SET status = 'PENDING', approval_sha256 = artifact_sha256, approval_by = 'anna' WHERE id = $1`,
        [id],
      ),
    ).rejects.toMatchObject({ code: 'AOL07' });
  });

  test('where fewer are wanted meanwhile, the same person brings it on', async () => {
    const id = await awaitingApproval(db);
    await approveAction(db, id, SHA, anna);
    await setFlag(db, 'approvals_needed', 1);
    expect(await approveAction(db, id, SHA, anna)).toMatchObject({ status: 'PENDING', approval_by: 'anna' });
    await setFlag(db, 'approvals_needed', 2);
  });
});

describe('another person than the one who asked', () => {
  beforeAll(() => setFlag(db, 'approver_must_differ', true));
  afterAll(() => setFlag(db, 'approver_must_differ', false));
  afterEach(() => setFlag(db, 'approvals_needed', 1));
  const asker = { actor: 'test' };

  test('whoever queued it is refused, and anybody else is not', async () => {
    const id = await awaitingApproval(db);
    await expect(approveAction(db, id, SHA, asker)).rejects.toMatchObject({
      code: 'AOL_FORBIDDEN',
      message: 'test asked for this, and in lane default the approver must be somebody else',
    });
    expect(await approveAction(db, id, SHA, anna)).toMatchObject({ status: 'PENDING' });
  });

  test('neither whoever promoted it nor whoever queued the proof counts', async () => {
    const id = await waitingAfter(await promoteAction(db, await proved(db), SHA, anna));
    for (const one of [anna, asker]) {
      await expect(approveAction(db, id, SHA, one)).rejects.toMatchObject({ code: 'AOL_FORBIDDEN' });
    }
    expect(await approveAction(db, id, SHA, ben)).toMatchObject({ status: 'PENDING', approval_by: 'ben' });
  });

  test('what was approved before the flag was set is counted anew', async () => {
    await setFlag(db, 'approver_must_differ', false);
    await setFlag(db, 'approvals_needed', 2);
    const id = await awaitingApproval(db);
    await approveAction(db, id, SHA, asker);
    await setFlag(db, 'approver_must_differ', true);
    expect(await progressOf(id)).toBe('0 of 2 approvals');
    await approveAction(db, id, SHA, anna);
    expect(await statusOf(id)).toBe('AWAITING_APPROVAL');
  });

  test('neither whoever queued it nor whoever revised it counts, however often it was revised', async () => {
    const id = await awaitingApproval(db);
    const first = await reviseAction(db, id, { payload: { platform: 'bluesky', content: 'Hello, all' } }, anna);
    const second = await reviseAction(db, first.row.id, { payload: { platform: 'bluesky', content: 'Hi' } }, ben);
    await render(second.row.id, SHA);
    for (const one of [asker, anna, ben]) {
      await expect(approveAction(db, second.row.id, SHA, one)).rejects.toMatchObject({ code: 'AOL_FORBIDDEN' });
    }
    const carla = { actor: 'carla' };
    expect(await approveAction(db, second.row.id, SHA, carla)).toMatchObject({ approval_by: 'carla' });
  });

  test('what was promoted performs the proof’s artifact and no other, though it was rendered anew', async () => {
    const { row } = await promoteAction(db, await proved(db), SHA, anna);
    const other = 'b'.repeat(64);
    await render(row.id, other);
    await expect(approveAction(db, row.id, other, ben)).rejects.toMatchObject({
      code: 'AOL_STATE_CONFLICT',
      message: `it may perform only the artifact that was promoted, ${SHA}`,
    });
  });
});

test('where one is enough, to promote is to approve', async () => {
  const { row } = await promoteAction(db, await proved(db), SHA, anna);
  expect(row).toMatchObject({ approval_sha256: SHA, approval_by: 'anna', approval_needed: false });
});

test('a scheduled action that was approved keeps its time', async () => {
  const runAt = '2030-01-01T00:00:00.000Z';
  const id = await queued(db, { mode: 'REAL', requireApproval: true, runAt });
  await render(id, SHA);
  expect((await approveAction(db, id, SHA, anna)).run_at.toISOString()).toBe(runAt);
});

/** A promoted action as it waits for people: with the artifact that a worker rendered. */
async function waitingAfter({ row }: Awaited<ReturnType<typeof promoteAction>>): Promise<string> {
  expect(row).toMatchObject({ approval_needed: true, approval_sha256: null, approval_by: null });
  await render(row.id, SHA);
  return row.id;
}

async function render(id: string, sha256: string): Promise<void> {
  await db.query(
    `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = gen_random_uuid(), claim_lease_token = 1, claim_until = now()
     WHERE id = $1`,
    [id],
  );
  await db.query(
    `UPDATE aol_actions SET status = 'AWAITING_APPROVAL', artifact_sha256 = $2, artifact_uri = 'artifact:test',
       claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL WHERE id = $1`,
    [id, sha256],
  );
}
