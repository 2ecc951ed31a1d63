/** A receipt that comes after its attempt was closed: what happened is never overruled, by a person or by a death (promise 3). */

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { cancelAction, findAction } from '../../src/db/decide/cancel.ts';
import { replayAction, resolveAction } from '../../src/db/decide/decisions.ts';
import { cancelMany } from '../../src/db/decide/many.ts';
import { leaveTick } from '../../src/db/queue/attempts.ts';
import { takeUp } from '../../src/db/queue/claimed-action.ts';
import { passGate } from '../../src/db/queue/gate.ts';
import {
  atWork,
  claimed,
  db,
  done,
  type Held,
  receipts,
  record,
  status,
  takenBack,
  unknown,
  useAttemptDatabase,
} from '../support/attempt-scene.ts';
import { claimOnce, deadWorker, holder, realWorker, setFlag } from '../support/engine.ts';

useAttemptDatabase();

/** Its outcome was unknown, and a person said that nothing was sent: it is in the queue again. */
async function saidNotSent(): Promise<Held> {
  const effect = await atWork();
  await record(effect, unknown, { to: 'UNCONFIRMED' });
  await resolveAction(db, effect.id, 'not_sent', { actor: 'test' });
  return effect;
}

describe('a receipt that comes late', () => {
  test('makes UNCONFIRMED a SUCCESS', async () => {
    const effect = await atWork();
    await record(effect, unknown, { to: 'UNCONFIRMED' });
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('late');
    expect(await findAction(db, effect.id)).toMatchObject({ status: 'SUCCESS', receipt: { id: 'post-1' } });
  });

  test('after a person said that it was not sent stops the second send', async () => {
    const effect = await saidNotSent();
    await record(effect, done, { to: 'SUCCESS' });
    const again = await claimed('r1');
    expect(await passGate(db, again.gate)).toEqual({ kind: 'receipt', receipt: { id: 'post-1' } });
    await leaveTick(db, again.gate, { to: 'SUCCESS', message: 'it was sent', receipt: { id: 'post-1' } });
    expect(await status(effect)).toBe('SUCCESS');
  });

  test('stands beside a dead letter, and a replay overrules it', async () => {
    const effect = await atWork();
    await record(effect, { kind: 'rejected', reason: '400' }, { to: 'DLQ', reason: 'rejected' });
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('late');
    expect([await status(effect), await receipts(effect)]).toEqual(['DLQ', 1]);
    await replayAction(db, effect.id, { actor: 'test' });
    const again = await claimed('r1');
    expect(await passGate(db, again.gate)).toMatchObject({ kind: 'open', attempt: 2 });
  });

  test.each([
    ['taken back', takenBack],
    ['said not to be sent by a person', saidNotSent],
  ])('while it waits, %s, is not overruled by a cancel, and who cancels is told', async (_words, make) => {
    const effect = await make();
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('late');
    const cancel = cancelAction(db, effect.id, { actor: 'test' });
    await expect(cancel).rejects.toThrow('it was sent: its receipt came late. It cannot be cancelled');
    await expect(cancel).rejects.toMatchObject({ code: 'AOL_STATE_CONFLICT', status: 'PENDING' });
    const many = { matched: 0, changed: 0, refused: [{ id: effect.id, currentStatus: 'PENDING' }] };
    for (const dryRun of [true, false]) {
      expect(await cancelMany(db, { ids: [effect.id] }, { actor: 'test', dryRun })).toMatchObject(many);
    }
    expect(await findAction(db, effect.id)).toMatchObject({ status: 'PENDING', cancel_requested: false });
    await setFlag(db, 'paused', false);
    const again = await claimed('r2');
    await expect(cancelAction(db, effect.id, { actor: 'test' })).rejects.toThrow('it was sent');
    expect(await passGate(db, again.gate)).toEqual({ kind: 'receipt', receipt: { id: 'post-1' } });
  });

  test('is not overruled by a cancel that was asked for before it, when a kill takes its action back', async () => {
    const effect = await takenBack();
    expect(await cancelAction(db, effect.id, { actor: 'test' })).toMatchObject({ cancel_requested: true });
    await record(effect, done, { to: 'SUCCESS' });
    await setFlag(db, 'paused', false);
    await claimed('r2');
    await setFlag(db, 'killed', true);
    await claimOnce(db, holder('r2'), undefined, realWorker);
    expect(await status(effect)).toBe('PENDING');
    await setFlag(db, 'killed', false);
    expect(await passGate(db, (await claimed('r3')).gate)).toMatchObject({ kind: 'receipt' });
  });

  test('is not overruled by the deaths of workers: what was sent is no dead letter', async () => {
    const effect = await takenBack();
    await record(effect, done, { to: 'SUCCESS' });
    await setFlag(db, 'paused', false);
    const gone = { ...realWorker, worker: deadWorker.worker };
    for (const run of ['r3', 'r4', 'r5']) await claimed(run, gone);
    const held = await claimed('r6', gone);
    expect(await findAction(db, effect.id)).toMatchObject({ status: 'RUNNING', claim_count: 3 });
    const takenUp = await takeUp(db, { ...held.gate, worker: realWorker.worker }, [effect.id]);
    expect(takenUp.map(({ claimCount }) => claimCount)).toEqual([4]);
    expect(await passGate(db, held.gate)).toMatchObject({ kind: 'receipt' });
  });

  test('of an action that is gone, or twice, breaks nothing', async () => {
    const effect = await atWork();
    const nobody = { ...effect, gate: { ...effect.gate, actionId: randomUUID() } };
    expect(await record(nobody, done, { to: 'SUCCESS' })).toBe('gone');
    await record(effect, done, { to: 'SUCCESS' });
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('late');
    expect(await status(effect)).toBe('SUCCESS');
  });
});
