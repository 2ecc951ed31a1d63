/** Actions that a tick holds and budgets that their effects draw on, put up without a claim. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import { setBudget } from '../../src/db/decide/budgets.ts';
import { listBudgets } from '../../src/db/look/budgets.ts';
import { leaveTick, recordAttempts } from '../../src/db/queue/attempts.ts';
import { type GateAnswer, type GateRequest, passGate } from '../../src/db/queue/gate.ts';
import type { BudgetScope, BudgetSpan, BudgetUnit, Draw } from '../../src/domain/budgets.ts';
import type { AttemptOutcome, Redelivery } from '../../src/domain/outcomes.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { SHA } from './settled.ts';

const TOKEN = 7;
const neither: Redelivery = { kind: 'neither' };
export const admin = { actor: 'admin', mayLoosen: true };

export const done: AttemptOutcome = { kind: 'done', receipt: {} };
export const notSent: AttemptOutcome = { kind: 'not_sent', reason: 'refused' };
export const unknown: AttemptOutcome = { kind: 'unknown', reason: 'reset' };
export const rejected: AttemptOutcome = { kind: 'rejected', reason: 'no' };
/** The price that a provider tells afterwards. */
export const spent = (usd: number): AttemptOutcome => ({ kind: 'done', receipt: { price: { usd } } });

/** The database of the file that called `useBudgetDatabase`. */
export let db: TestDatabase['pool'];

/** The tests of this file share a database; each begins without a budget and without an action. */
export function useBudgetDatabase(): void {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ maxConnections: 20 });
    db = database.pool;
    // What a tick holds is put up directly.
    await db.query('ALTER TABLE aol_actions DISABLE TRIGGER USER; ALTER TABLE aol_lease DISABLE TRIGGER USER');
    await db.query('ALTER TABLE aol_execution_logs DISABLE TRIGGER USER');
    await db.query(`UPDATE aol_lease SET token = ${TOKEN} WHERE lane = 'default'`);
    await db.query(`UPDATE aol_control_flags SET value = 'false' WHERE lane = '*' AND name = 'proof_only'`);
  });
  afterAll(() => database.drop());
  beforeEach(forgetAll);
}

export async function forgetAll(): Promise<void> {
  await db.query('DELETE FROM aol_budgets; DELETE FROM aol_budget_use; DELETE FROM aol_accounts');
  await db.query('DELETE FROM aol_execution_logs; DELETE FROM aol_actions');
}

export const web = (effects = 1): Draw[] => [{ scope: 'type', name: 'CALL_WEBHOOK', effects }];

/** What a tick holds, with what each draws. */
export async function held(
  draws: readonly (readonly Draw[])[],
  redelivery: Redelivery = neither,
): Promise<GateRequest[]> {
  const tickId = randomUUID();
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, created_by, status, claim_tick_id,
       claim_lease_token, claim_until, max_attempts)
     SELECT new.id, 'default', 'CALL_WEBHOOK', '{}', new.id::text, repeat('a', 64), 'REAL', 'test', 'RUNNING', $1, $2,
       now() + interval '1 minute', 3
     FROM (SELECT uuidv7() AS id FROM generate_series(1, $3::integer)) AS new RETURNING id`,
    [tickId, TOKEN, draws.length],
  );
  return rows.map(({ id }, index) => ({
    lane: 'default',
    actionId: id,
    tickId,
    token: TOKEN,
    artifactSha256: SHA,
    artifactUri: 'artifact:test',
    proofMode: false,
    worker: 'aol-test',
    attemptTimeoutMs: 20_000,
    redelivery,
    draws: draws[index] ?? [],
  }));
}

export const one = async (draws: readonly Draw[], redelivery?: Redelivery): Promise<GateRequest> => {
  const [request] = await held([draws], redelivery);
  if (!request) throw new Error('nothing is held');
  return request;
};

export function limit(
  scope: BudgetScope,
  name: string,
  most: number | null,
  span: BudgetSpan = 'day',
  unit: BudgetUnit = 'effects',
) {
  return setBudget(db, { scope, name, limits: [{ span, unit, limit: most }] }, admin);
}

export async function used(scope: BudgetScope, name: string): Promise<number[]> {
  return (await listBudgets(db, { scope, name })).items.map((budget) => budget.used);
}

export function record(request: GateRequest, attempt: number, outcome: AttemptOutcome, settles = false) {
  const to = outcome.kind === 'done' ? ({ to: 'SUCCESS' } as const) : ({ to: 'RETRY', delayMs: 0 } as const);
  return recordAttempts(db, [
    { ...request, attempt, outcome, durationMs: 1, decision: to, ...(settles && { settles }) },
  ]);
}

/** What found no room waits for it in the queue. */
export async function leaveNoRoom(request: GateRequest, answer: GateAnswer | undefined): Promise<void> {
  if (answer?.kind !== 'no_room') throw new Error(`it is ${JSON.stringify(answer)}`);
  const delayMs = Math.max(1, (answer.untilMs ?? Date.now() + 3_600_000) - Date.now());
  await leaveTick(db, request, { to: 'PENDING', message: answer.reason, delayMs, heldBy: answer.heldBy });
}

export async function opened(request: GateRequest): Promise<number> {
  const answer = await passGate(db, request);
  if (answer.kind !== 'open') throw new Error(`it is ${JSON.stringify(answer)}`);
  return answer.attempt;
}

/** Every counter of a window is what the log says of it. */
export async function countersAreTheLog(): Promise<void> {
  const { rows } = await db.query(
    `SELECT u.scope, u.name, u.span, u.unit, u.used, coalesce((
       SELECT sum(CASE u.unit WHEN 'effects' THEN d.effects ELSE d.micro_usd END)
       FROM aol_drawn_between(u.scope, u.name, 0, 9223372036854775807) AS d
       WHERE date_trunc(u.span, d.hour, 'UTC') = u.begins_at), 0)::bigint AS logged
     FROM aol_budget_use u`,
  );
  for (const { logged, ...counter } of rows) expect(counter).toEqual({ ...counter, used: logged });
}
