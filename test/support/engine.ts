/** Shorthands of the engine's tests: requests, holders, a worker's identity, rows. */

import { randomUUID } from 'node:crypto';
import type { LaneHolder } from '../../src/contracts/engine/activities.ts';
import { type EnqueueInput, enqueueRequestSchema } from '../../src/contracts/http/action.ts';
import type { Database } from '../../src/db/pool.ts';
import type { WorkerIdentity } from '../../src/db/queue/claim.ts';
import { claimTick } from '../../src/db/queue/claim.ts';
import { CLAIMED_ACTION, type ClaimedAction } from '../../src/db/queue/claimed-action.ts';
import { type AttemptResult, closeAttempts } from '../../src/db/queue/close.ts';

export const proofWorker: WorkerIdentity = {
  clusterId: 'cluster',
  namespace: 'default',
  proofMode: true,
  // The tests' own connections: it lives.
  worker: 'aol-test',
};

/** A process that is gone: whatever it had in hand has died with it. */
export const deadWorker: WorkerIdentity = { ...proofWorker, worker: 'aol-worker:gone' };

/** A worker that was started with AOL_PROOF_MODE=0. */
export const realWorker: WorkerIdentity = { ...proofWorker, proofMode: false };

export function request(input: Partial<EnqueueInput> = {}) {
  return enqueueRequestSchema.parse({
    type: 'POST_SOCIAL',
    payload: { platform: 'bluesky', content: 'Hello' },
    ...input,
  });
}

export function requests(count: number, input: Partial<EnqueueInput> = {}) {
  return Array.from({ length: count }, () => request(input));
}

/** @param firstRunId whose number at the end says in which order such runs began */
export function holder(firstRunId: string, token: number | null = null, lane = 'default'): LaneHolder {
  const runStartedAtMs = Number(/\d*$/.exec(firstRunId)?.[0]);
  return { lane, workflowId: `aol/${lane}`, firstRunId, runId: firstRunId, runStartedAtMs, token };
}

/** One claim under a fresh tick id. */
export async function claimOnce(
  db: Database,
  by: LaneHolder,
  tickId: string = randomUUID(),
  worker: WorkerIdentity = proofWorker,
) {
  return { tickId, result: await claimTick(db, { holder: by, tickId }, worker) };
}

/** What a tick holds, as far as a worker needs to know. */
export async function claimedActions(db: Database, tickId: string): Promise<ClaimedAction[]> {
  const { rows } = await db.query<ClaimedAction>(
    `SELECT ${CLAIMED_ACTION} FROM aol_held WHERE claim_tick_id = $1 ORDER BY claim_count, priority DESC, run_at, id`,
    [tickId],
  );
  return rows;
}

/** What is written in the posts that a tick holds, in order. */
export async function claimedTexts(db: Database, tickId: string): Promise<unknown[]> {
  return (await claimedActions(db, tickId)).map(({ payload }) => payload.content).sort();
}

/** Ends a tick well: all that it holds is proved. Answers how many that were. */
export async function closeAll(db: Database, tickId: string, token = 1): Promise<number> {
  const held = await claimedActions(db, tickId);
  await closeAttempts(
    db,
    { tickId, token },
    held.map(({ id }) => success(id)),
  );
  return held.length;
}

export async function ledgerOf(db: Database) {
  return (await db.query('SELECT * FROM aol_tick_ledger ORDER BY number')).rows;
}

export function success(id: string): AttemptResult {
  return {
    to: 'SUCCESS',
    id,
    artifactSha256: 'a'.repeat(64),
    artifactUri: 'artifact:test',
    message: 'proved',
    durationMs: 1,
  };
}

/** Sets a flag of a lane without the audit row, as set-up of a test. */
export async function setFlag(db: Database, name: string, value: unknown, lane = '*'): Promise<void> {
  await db.query(
    `INSERT INTO aol_control_flags (lane, name, value, updated_by) VALUES ($1, $2, $3::jsonb, 'test')
     ON CONFLICT (lane, name) DO UPDATE SET value = excluded.value`,
    [lane, name, JSON.stringify(value)],
  );
}
