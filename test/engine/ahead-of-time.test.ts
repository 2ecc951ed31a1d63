/** Approved tonight, sent tomorrow: on real servers, with a clock that is moved in the row. Only the provider is played. */

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ActionRow } from '../../src/db/action-row.ts';
import { approveAction, promoteAction } from '../../src/db/decide/approvals.ts';
import { findAction } from '../../src/db/decide/cancel.ts';
import { setFlags } from '../../src/db/decide/flags.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import { requestChanges, rescheduleAction, reviseAction } from '../../src/db/decide/revise.ts';
import { setFlag } from '../support/engine.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { createStage } from '../support/stage-adapter.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
const stage = createStage();
const anna = { actor: 'anna' };
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();

beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  await setFlag(stack.db, 'approver_must_differ', true);
  await stack.startWorker({ adapters: [stage.adapter], proofMode: false });
}, 60_000);
afterAll(() => stack.stop(), 60_000);
beforeEach(() => {
  stage.performances.length = 0;
});

const payloadOf = (name: string) => ({ name, acts: ['done'] });
async function forTomorrow(name: string, more = {}): Promise<string> {
  const action = {
    type: 'PLAY',
    mode: 'REAL',
    payload: payloadOf(name),
    runAt: TOMORROW,
    requireApproval: true,
    ...more,
  } as const;
  const [id = ''] = await stack.enqueue([action]);
  return id;
}
const reaches = (id: string, status: ActionRow['status']) =>
  until(`${id} is ${status}`, async (): Promise<ActionRow | false> => {
    const row = await findAction(stack.db, id);
    if (row.status !== status && row.finished_at) throw new Error(`${id} is ${row.status} and stays so, not ${status}`);
    return row.status === status && row;
  });
async function approved(id: string): Promise<string> {
  const { artifact_sha256: sha256 } = await reaches(id, 'AWAITING_APPROVAL');
  await approveAction(stack.db, id, sha256 ?? '', anna);
  return sha256 ?? '';
}
/** Tomorrow is now. */
const clockMoves = (id: string) =>
  stack.db.query(`UPDATE aol_actions SET due_at = clock_timestamp(), run_at = clock_timestamp() WHERE id = $1`, [id]);
const namesSent = () => stage.performances.map(({ name }) => name);
/** Something else was queued and sent since: the lane is at work. */
async function othersAreSent(name: string): Promise<void> {
  const [id = ''] = await stack.enqueue([{ type: 'PLAY', mode: 'REAL', payload: payloadOf(name) }]);
  await reaches(id, 'SUCCESS');
}

test('it asks at once, is approved tonight by another than its author, and goes out tomorrow', async () => {
  const id = await forTomorrow('post');
  const waiting = await reaches(id, 'AWAITING_APPROVAL');
  expect(waiting.due_at.toISOString()).toBe(TOMORROW);
  const sha256 = waiting.artifact_sha256 ?? '';
  await expect(approveAction(stack.db, id, sha256, { actor: 'test' })).rejects.toMatchObject({ code: 'AOL_FORBIDDEN' });
  expect((await approveAction(stack.db, id, sha256, anna)).run_at.toISOString()).toBe(TOMORROW);
  await othersAreSent('meanwhile');
  expect(namesSent()).toEqual(['meanwhile']);
  await clockMoves(id);
  expect(await reaches(id, 'SUCCESS')).toMatchObject({ artifact_sha256: sha256, attempts: 1, approval_by: 'anna' });
  expect(namesSent()).toEqual(['meanwhile', 'post']);
});

test('killed in between it stays, past its time, until start', async () => {
  const id = await forTomorrow('killed');
  await approved(id);
  await pressControl(stack.db, '*', { killed: true }, anna);
  await clockMoves(id);
  await stack.enqueue([{ type: 'PLAY', payload: payloadOf('wakes the lane') }]);
  await until('the lane is seen killed', async () => {
    const { rows } = await stack.db.query(`SELECT outcome FROM aol_tick_ledger ORDER BY number DESC LIMIT 1`);
    return rows[0]?.outcome === 'KILLED';
  });
  expect(await findAction(stack.db, id)).toMatchObject({ status: 'PENDING', attempts: 0 });
  expect(namesSent()).toEqual([]);
  await pressControl(stack.db, '*', { killed: false }, anna);
  await reaches(id, 'SUCCESS');
});

test('changed before and after it was approved: the old hashes send nothing, the last one is sent once', async () => {
  const id = await forTomorrow('with a typo');
  const { artifact_sha256: first } = await reaches(id, 'AWAITING_APPROVAL');
  await requestChanges(stack.db, id, { ...anna, reason: 'a typo' });
  const better = await reviseAction(stack.db, id, { payload: payloadOf('without a typo') }, { actor: 'ben' });
  await expect(approveAction(stack.db, id, first ?? '', anna)).rejects.toMatchObject({ status: 'CANCELLED' });
  const second = await approved(better.row.id);
  expect(second).not.toBe(first);

  const best = await reviseAction(stack.db, better.row.id, { payload: payloadOf('best') }, { actor: 'ben' });
  await reaches(best.row.id, 'AWAITING_APPROVAL');
  for (const sha256 of [first ?? '', second]) {
    await expect(approveAction(stack.db, best.row.id, sha256, anna)).rejects.toMatchObject({
      code: 'AOL_STATE_CONFLICT',
    });
  }
  await clockMoves(best.row.id);
  await othersAreSent('after');
  expect(namesSent()).toEqual(['after']);
  await approved(best.row.id);
  expect(await reaches(best.row.id, 'SUCCESS')).toMatchObject({ approval_by: 'anna', revises: better.row.id });
  expect(namesSent()).toEqual(['after', 'best']);
});

test('moved to an earlier time it goes out then, as it was approved', async () => {
  const id = await forTomorrow('moved');
  const sha256 = await approved(id);
  await rescheduleAction(stack.db, id, new Date().toISOString(), anna);
  expect(await reaches(id, 'SUCCESS')).toMatchObject({ approval_sha256: sha256, artifact_sha256: sha256 });
});

test('when the rules want a person only later, it asks from then on; when they want none any more, it waits for its time', async () => {
  const id = await forTomorrow('by the rules', { requireApproval: false });
  await othersAreSent('before the rules');
  expect(await findAction(stack.db, id)).toMatchObject({ status: 'PENDING', artifact_sha256: null });
  await setFlags(stack.db, 'default', { approval_policy: 'all' }, anna);
  await reaches(id, 'AWAITING_APPROVAL');
  await setFlags(stack.db, 'default', { approval_policy: 'none' }, anna);

  await pressControl(stack.db, 'default', { paused: true }, anna);
  await setFlags(stack.db, 'default', { approval_policy: 'all' }, anna);
  const late = await forTomorrow('no person any more', { requireApproval: false });
  await setFlags(stack.db, 'default', { approval_policy: 'none' }, anna);
  await pressControl(stack.db, 'default', { paused: false }, anna);
  await until(
    'it waits for its time',
    async () => (await findAction(stack.db, late)).run_at.toISOString() === TOMORROW,
  );
  await clockMoves(late);
  await reaches(late, 'SUCCESS');
});

test('a proof that was promoted for tomorrow waits for it', async () => {
  const [proof = ''] = await stack.enqueue([{ type: 'PLAY', payload: payloadOf('proved') }]);
  const { artifact_sha256: sha256 } = await reaches(proof, 'SUCCESS');
  await setFlag(stack.db, 'approver_must_differ', false);
  const { row } = await promoteAction(stack.db, proof, sha256 ?? '', { ...anna, runAt: TOMORROW });
  await othersAreSent('first');
  expect(namesSent()).toEqual(['first']);
  await clockMoves(row.id);
  expect(await reaches(row.id, 'SUCCESS')).toMatchObject({ artifact_sha256: sha256 });
});
