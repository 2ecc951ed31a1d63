/** What an open attempt owns, and what becomes of its outcome, whoever owns the lane meanwhile (promises 3 and 4). */

import { describe, expect, test } from '@jest/globals';
import { cancelAction, findAction } from '../../src/db/decide/cancel.ts';
import { leaveTick } from '../../src/db/queue/attempts.ts';
import { isSuspect, takeUp } from '../../src/db/queue/claimed-action.ts';
import { type GateAnswer, type GateRequest, passGate } from '../../src/db/queue/gate.ts';
import type { Redelivery } from '../../src/domain/outcomes.ts';
import {
  atWork,
  claim,
  claimed,
  db,
  deadlineOver,
  dedupes,
  done,
  type Held,
  neither,
  notSent,
  openTicks,
  receipts,
  record,
  status,
  takenBack,
  unknown,
  useAttemptDatabase,
} from '../support/attempt-scene.ts';
import { claimOnce, deadWorker, holder, realWorker, setFlag } from '../support/engine.ts';
import { queued, SHA } from '../support/settled.ts';

useAttemptDatabase();

describe('an attempt at work owns its action', () => {
  test('a new owner of the lane neither takes it back nor claims it; its outcome stands, and closes its own tick', async () => {
    const effect = await atWork();
    expect(await claim('r2')).toBeUndefined();
    expect(await status(effect)).toBe('RUNNING');
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('left');
    expect(await findAction(db, effect.id)).toMatchObject({ status: 'SUCCESS', receipt: { id: 'post-1' } });
    expect(await openTicks()).toBe(0);
  });

  test('a worker that died with it is counted, as one before the gate is: after two deaths it goes alone', async () => {
    const gone = { ...realWorker, worker: deadWorker.worker };
    const effect = await atWork({ redelivery: dedupes }, gone);
    const takenUpBy = async (worker: string) =>
      (await takeUp(db, { ...effect.gate, worker })).map((action) => [action.claimCount, isSuspect(action)]);
    expect(await takenUpBy('aol-worker:gone too')).toEqual([[1, false]]);
    const again = { ...effect.gate, redelivery: dedupes, worker: 'aol-worker:gone too' };
    expect(await passGate(db, again)).toMatchObject({ kind: 'open', attempt: 2 });
    expect(await takenUpBy('aol-test')).toEqual([[2, true]]);
    const asked = await passGate(db, { ...again, redelivery: { kind: 'neither' }, worker: 'aol-test' });
    if (asked.kind !== 'unsettled') throw new Error(`the gate said ${asked.kind}`);
    // Reading at the provider has to know both: since when it may be there, and when the last one may still appear.
    const began = await db.query<{ attempt: number; at: Date }>(
      `SELECT attempt, at FROM aol_execution_logs WHERE action_id = $1 AND event = 'ATTEMPT_STARTED' ORDER BY attempt`,
      [effect.id],
    );
    const [first, last] = began.rows.map(({ at }) => at.getTime());
    expect([Date.parse(asked.firstAttemptAt), Date.parse(asked.lastAttemptAt)]).toEqual([first, last]);
    expect(last).toBeGreaterThan(first ?? Number.POSITIVE_INFINITY);
    expect(await passGate(db, { ...again, worker: 'aol-test' })).toMatchObject({ kind: 'open', attempt: 3 });
    expect(await record(effect, done, { to: 'SUCCESS' }, 3)).toBe('left');
    expect(await findAction(db, effect.id)).toMatchObject({ status: 'SUCCESS', claim_count: 0 });
  });

  test('kill and pause leave it to its outcome', async () => {
    const effect = await atWork();
    await setFlag(db, 'killed', true);
    await claimOnce(db, holder('r1'), undefined, realWorker);
    expect(await status(effect)).toBe('RUNNING');
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('left');
  });

  test('a cancel is remembered, and what happened stands', async () => {
    const effect = await atWork();
    expect(await cancelAction(db, effect.id, { actor: 'test' })).toMatchObject({
      status: 'RUNNING',
      cancel_requested: true,
    });
    await claim('r2');
    expect(await status(effect)).toBe('RUNNING');
    await record(effect, done, { to: 'SUCCESS' });
    expect(await status(effect)).toBe('SUCCESS');
  });

  test('a cancel that was asked for is done when nothing was sent', async () => {
    const effect = await atWork();
    await cancelAction(db, effect.id, { actor: 'test' });
    await record(effect, notSent, { to: 'RETRY', delayMs: 1_000 });
    expect(await status(effect)).toBe('CANCELLED');
    expect(await openTicks()).toBe(0);
  });

  test('case 4: its claim does not run out, and nobody leaves its tick with it', async () => {
    const effect = await atWork();
    await db.query(`UPDATE aol_actions SET claim_until = now() - interval '1 second'`);
    expect(await claim('r1')).toBeUndefined();
    await leaveTick(db, effect.gate, { to: 'PENDING', message: 'its activity failed' });
    expect(await status(effect)).toBe('RUNNING');
  });

  test.each([
    ['is neither', neither],
    ['dedupes', dedupes],
  ])('the next attempt waits for it, also where the provider %s', async (_words, redelivery) => {
    const effect = await atWork();
    const answer = await passGate(db, { ...effect.gate, redelivery });
    expect(answer).toMatchObject({ kind: 'wait', attempt: 1 });
    // Not only at its deadline, 20 s after it began: within 10 s of its end Temporal and the tables agree.
    if (answer.kind === 'wait') expect(answer.againInMs).toBeLessThanOrEqual(5_000);
  });
});

describe('past its deadline, or when its worker died', () => {
  test('it is taken back; a receipt that comes while it waits is kept, and ends it when it is claimed next', async () => {
    const effect = await takenBack();
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('late');
    expect([await status(effect), await receipts(effect)]).toEqual(['PENDING', 1]);
    await setFlag(db, 'paused', false);
    const again = await claimed('r2');
    expect(await passGate(db, again.gate)).toEqual({ kind: 'receipt', receipt: { id: 'post-1' } });
  });

  test('a receipt that comes when the next tick holds it is its outcome, counted in that tick', async () => {
    const effect = await atWork(deadlineOver);
    const again = await claimed('r2');
    expect(again.id).toBe(effect.id);
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('left');
    expect(await status(effect)).toBe('SUCCESS');
    expect(await openTicks()).toBe(0);
    expect(await passGate(db, again.gate)).toEqual({ kind: 'gone' });
  });

  test('a worker that is gone ends its attempt before the deadline: nobody else can', async () => {
    const effect = await atWork({}, { ...realWorker, worker: deadWorker.worker });
    const again = await claimed('r2');
    expect(again.id).toBe(effect.id);
    expect(await passGate(db, again.gate)).toMatchObject({ kind: 'unsettled', attempt: 1, isOpen: true });
    expect(await passGate(db, { ...again.gate, redelivery: dedupes })).toMatchObject({
      kind: 'open',
      repeatsUnknown: true,
    });
  });

  test('an effect that may have happened is not cancelled behind the provider’s back', async () => {
    const effect = await takenBack();
    expect(await cancelAction(db, effect.id, { actor: 'test' })).toMatchObject({
      status: 'PENDING',
      cancel_requested: true,
    });
    await setFlag(db, 'paused', false);
    const again = await claimed('r2');
    expect(await passGate(db, again.gate)).toMatchObject({ kind: 'unsettled' });
  });
});

describe('what a provider remembers is a window', () => {
  const uncertain = async (change: Partial<GateRequest>): Promise<GateAnswer> => {
    const effect = await atWork();
    await record(effect, unknown, { to: 'RETRY', delayMs: 0 });
    return passGate(db, { ...effect.gate, ...change });
  };

  test('within it the attempt is repeated', async () => {
    expect(await uncertain({ redelivery: dedupes })).toMatchObject({ kind: 'open', attempt: 2, repeatsUnknown: true });
  });

  test('after it nothing is repeated', async () => {
    const redelivery: Redelivery = { kind: 'dedupes', windowMs: 0, settleMs: 0 };
    expect(await uncertain({ redelivery })).toMatchObject({ kind: 'unsettled', attempt: 1, isOpen: false });
  });

  test('not before the first one has settled', async () => {
    const redelivery: Redelivery = { kind: 'dedupes', windowMs: 3_600_000, settleMs: 60_000 };
    expect(await uncertain({ redelivery })).toMatchObject({ kind: 'wait', attempt: 1 });
  });

  test('what is harmless is repeated so often and no more', async () => {
    expect(await uncertain({ redelivery: { kind: 'harmless', maxRepeats: 1 } })).toMatchObject({ kind: 'open' });
    await queued(db, { mode: 'REAL' });
  });

  test('what the provider has said settles the attempts before', async () => {
    const effect = await atWork();
    await record(effect, unknown, { to: 'RETRY', delayMs: 0 });
    await leaveTick(db, effect.gate, { to: 'RETRY', message: 'it did not happen', delayMs: 0, settles: true });
    const again = await claimed('r1');
    expect(await passGate(db, again.gate)).toMatchObject({ kind: 'open', attempt: 2, repeatsUnknown: false });
  });
});

describe('a retry that waits in its tick', () => {
  const waiting = async (delayMs = 10_000): Promise<Held> => {
    const effect = await atWork();
    expect(await record(effect, notSent, { to: 'RETRY', delayMs })).toBe('stays');
    return effect;
  };

  test('is cancelled at once, and its tick closes', async () => {
    const effect = await waiting();
    expect(await cancelAction(db, effect.id, { actor: 'test' })).toMatchObject({ status: 'CANCELLED' });
    const { rows } = await db.query('SELECT outcome, claimed, released, running FROM aol_tick_ledger');
    expect(rows).toEqual([{ outcome: 'OK', claimed: 1, released: 1, running: 0 }]);
  });

  test('counts in max_running', async () => {
    await setFlag(db, 'max_running', 1);
    await waiting();
    await queued(db, { mode: 'REAL' });
    expect(await claim('r1')).toBeUndefined();
  });

  test('does not go before its time, whoever asks', async () => {
    const effect = await waiting();
    expect(await passGate(db, effect.gate)).toMatchObject({ kind: 'wait' });
  });

  test('waits for approval when a person is to look at it since', async () => {
    const effect = await waiting(0);
    await setFlag(db, 'approval_policy', 'all');
    expect(await passGate(db, effect.gate)).toEqual({ kind: 'approval_needed' });
    await leaveTick(db, effect.gate, {
      to: 'AWAITING_APPROVAL',
      message: 'a person has to approve this artifact',
      artifactSha256: SHA,
      artifactUri: 'artifact:test',
      approvalTtlMs: 1_000,
    });
    expect(await status(effect)).toBe('AWAITING_APPROVAL');
  });

  test('waits in the queue where the wait is long, and its tick closes', async () => {
    const effect = await atWork();
    expect(await record(effect, notSent, { to: 'RETRY', delayMs: 60_000 })).toBe('left');
    expect(await findAction(db, effect.id)).toMatchObject({ status: 'PENDING', claim_tick_id: null, attempts: 1 });
    expect(await openTicks()).toBe(0);
  });
});
