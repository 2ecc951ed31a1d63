/** A REAL action whose attempt is out, and what becomes of it: what tests of attempts begin with. */

import { expect } from '@jest/globals';
import { findAction } from '../../src/db/decide/cancel.ts';
import type { Database } from '../../src/db/pool.ts';
import { type AttemptDecision, recordAttempts } from '../../src/db/queue/attempts.ts';
import type { WorkerIdentity } from '../../src/db/queue/claim.ts';
import { type GateRequest, passGate } from '../../src/db/queue/gate.ts';
import type { AttemptOutcome, Redelivery } from '../../src/domain/outcomes.ts';
import { databaseForEach } from './database-for-each.ts';
import { claimOnce, holder, realWorker, setFlag } from './engine.ts';
import { queued, SHA } from './settled.ts';

/** The database of the test that runs, in a file that called `useAttemptDatabase`. */
export let db: Database;

/** Each test begins with a database of its own whose lanes are REAL and claim as often as they are asked. */
export function useAttemptDatabase(): void {
  databaseForEach(async (fresh) => {
    db = fresh;
    await setFlag(db, 'tick_interval_ms', 0);
    await setFlag(db, 'proof_only', false);
  });
}

export const done: AttemptOutcome = { kind: 'done', receipt: { id: 'post-1' } };
export const unknown: AttemptOutcome = { kind: 'unknown', reason: 'reset' };
export const notSent: AttemptOutcome = { kind: 'not_sent', reason: 'refused' };
export const neither: Redelivery = { kind: 'neither' };
export const dedupes: Redelivery = { kind: 'dedupes', windowMs: 3_600_000, settleMs: 0 };

export interface Held {
  readonly id: string;
  readonly gate: GateRequest;
}

/** Claims as a run; answers what it holds. */
export async function claim(run: string, worker: WorkerIdentity = realWorker): Promise<Held | undefined> {
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

export async function claimed(run: string, worker?: WorkerIdentity): Promise<Held> {
  const held = await claim(run, worker);
  if (!held) throw new Error('nothing was claimed');
  return held;
}

/** An effect whose request is out. */
export async function atWork(change: Partial<GateRequest> = {}, worker?: WorkerIdentity): Promise<Held> {
  await queued(db, { mode: 'REAL' });
  const held = await claimed('r1', worker);
  expect(await passGate(db, { ...held.gate, ...change })).toMatchObject({ kind: 'open', attempt: 1 });
  return held;
}

export const record = async ({ gate }: Held, outcome: AttemptOutcome, decision: AttemptDecision, attempt = 1) =>
  (await recordAttempts(db, [{ ...gate, attempt, outcome, durationMs: 1, decision }]))[0];
export const status = async ({ id }: Held) => (await findAction(db, id)).status;
export const openTicks = async () => (await db.query('SELECT FROM aol_tick_ledger WHERE finished_at IS NULL')).rowCount;
export const receipts = async ({ id }: Held) =>
  (await db.query(`SELECT FROM aol_execution_logs WHERE action_id = $1 AND event = 'RECEIPT_RECORDED'`, [id])).rowCount;
export const deadlineOver: Partial<GateRequest> = { attemptTimeoutMs: -1 };

/** Past its deadline it is in the queue again, and its lane is paused. */
export async function takenBack(): Promise<Held> {
  const effect = await atWork(deadlineOver);
  await setFlag(db, 'paused', true);
  await claimOnce(db, holder('r2'), undefined, realWorker);
  expect(await status(effect)).toBe('PENDING');
  return effect;
}
