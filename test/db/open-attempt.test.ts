/** What an open attempt owns, and what becomes of its outcome, whoever owns the lane meanwhile (promises 3 and 4). */

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { cancelAction, findAction } from '../../src/db/decide/cancel.ts';
import { replayAction, resolveAction } from '../../src/db/decide/decisions.ts';
import { cancelMany } from '../../src/db/decide/many.ts';
import type { Database } from '../../src/db/pool.ts';
import { type AttemptDecision, leaveTick, recordAttempts } from '../../src/db/queue/attempts.ts';
import type { WorkerIdentity } from '../../src/db/queue/claim.ts';
import { isSuspect, takeUp } from '../../src/db/queue/claimed-action.ts';
import { type GateAnswer, type GateRequest, passGate } from '../../src/db/queue/gate.ts';
import type { AttemptOutcome, Redelivery } from '../../src/domain/outcomes.ts';
import { databaseForEach } from '../support/database-for-each.ts';
import { claimOnce, deadWorker, holder, realWorker, setFlag } from '../support/engine.ts';
import { queued, SHA } from '../support/settled.ts';

let db: Database;
databaseForEach(async (fresh) => {
  db = fresh;
  await setFlag(db, 'tick_interval_ms', 0);
  await setFlag(db, 'proof_only', false);
});

const done: AttemptOutcome = { kind: 'done', receipt: { id: 'post-1' } };
const unknown: AttemptOutcome = { kind: 'unknown', reason: 'reset' };
const notSent: AttemptOutcome = { kind: 'not_sent', reason: 'refused' };
const neither: Redelivery = { kind: 'neither' };
const dedupes: Redelivery = { kind: 'dedupes', windowMs: 3_600_000, settleMs: 0 };

interface Held {
  readonly id: string;
  readonly gate: GateRequest;
}

/** Claims as a run; answers what it holds. */
async function claim(run: string, worker: WorkerIdentity = realWorker): Promise<Held | undefined> {
  const { tickId, result } = await claimOnce(db, holder(run), undefined, worker);
  const id = result.kind === 'claimed' ? result.effects[0] : undefined;
  if (id === undefined || result.kind !== 'claimed') return undefined;
  const gate = {
    lane: 'default',
    actionId: id,
    tickId,
    token: result.token,
    artifactSha256: SHA,
    artifactUri: 'artifact:test',
    proofMode: false,
    worker: worker.worker,
    attemptTimeoutMs: 20_000,
    redelivery: neither,
  };
  return { id, gate };
}

async function claimed(run: string, worker?: WorkerIdentity): Promise<Held> {
  const held = await claim(run, worker);
  if (!held) throw new Error('nothing was claimed');
  return held;
}

/** An effect whose request is out. */
async function atWork(change: Partial<GateRequest> = {}, worker?: WorkerIdentity): Promise<Held> {
  await queued(db, { mode: 'REAL' });
  const held = await claimed('r1', worker);
  expect(await passGate(db, { ...held.gate, ...change })).toMatchObject({ kind: 'open', attempt: 1 });
  return held;
}

const record = async ({ gate }: Held, outcome: AttemptOutcome, decision: AttemptDecision, attempt = 1) =>
  (await recordAttempts(db, [{ ...gate, attempt, outcome, durationMs: 1, decision }]))[0];
const status = async ({ id }: Held) => (await findAction(db, id)).status;
const openTicks = async () => (await db.query('SELECT FROM aol_tick_ledger WHERE finished_at IS NULL')).rowCount;
const receipts = async ({ id }: Held) =>
  (await db.query(`SELECT FROM aol_execution_logs WHERE action_id = $1 AND event = 'RECEIPT_RECORDED'`, [id])).rowCount;
const deadlineOver: Partial<GateRequest> = { attemptTimeoutMs: -1 };

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

/** Past its deadline it is in the queue again, and its lane is paused. */
async function takenBack(): Promise<Held> {
  const effect = await atWork(deadlineOver);
  await setFlag(db, 'paused', true);
  await claimOnce(db, holder('r2'), undefined, realWorker);
  expect(await status(effect)).toBe('PENDING');
  return effect;
}

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

describe('a receipt that comes late', () => {
  test('makes UNCONFIRMED a SUCCESS', async () => {
    const effect = await atWork();
    await record(effect, unknown, { to: 'UNCONFIRMED' });
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('late');
    expect(await findAction(db, effect.id)).toMatchObject({ status: 'SUCCESS', receipt: { id: 'post-1' } });
  });

  test('after a person said that it was not sent stops the second send', async () => {
    const effect = await atWork();
    await record(effect, unknown, { to: 'UNCONFIRMED' });
    await resolveAction(db, effect.id, 'not_sent', { actor: 'test' });
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
    [
      'said not to be sent by a person',
      async () => {
        const effect = await atWork();
        await record(effect, unknown, { to: 'UNCONFIRMED' });
        await resolveAction(db, effect.id, 'not_sent', { actor: 'test' });
        return effect;
      },
    ],
  ])('while it waits, %s, is not overruled by a cancel, and who cancels is told', async (_words, make) => {
    const effect = await make();
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('late');
    const cancel = cancelAction(db, effect.id, { actor: 'test' });
    await expect(cancel).rejects.toThrow('it was sent: its receipt came late. It cannot be cancelled');
    await expect(cancel).rejects.toMatchObject({ code: 'AOL_STATE_CONFLICT', status: 'PENDING' });
    expect(await cancelMany(db, { ids: [effect.id] }, { actor: 'test' })).toMatchObject({ matched: 0, changed: 0 });
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

  test('of an action that is gone, or twice, breaks nothing', async () => {
    const effect = await atWork();
    const nobody = { ...effect, gate: { ...effect.gate, actionId: randomUUID() } };
    expect(await record(nobody, done, { to: 'SUCCESS' })).toBe('gone');
    await record(effect, done, { to: 'SUCCESS' });
    expect(await record(effect, done, { to: 'SUCCESS' })).toBe('late');
    expect(await status(effect)).toBe('SUCCESS');
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
