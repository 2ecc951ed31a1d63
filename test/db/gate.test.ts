/** The gate against a model of it, and against kill. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pressControl } from '../../src/db/decide/press.ts';
import { createPool } from '../../src/db/pool.ts';
import { type GateAnswer, type GateRequest, passGate } from '../../src/db/queue/gate.ts';
import { AUTONOMY_LEVELS, type AutonomyLevel } from '../../src/domain/autonomy.ts';
import { UnavailableError } from '../../src/domain/errors.ts';
import { APPROVAL_POLICIES, type FlagRow, flagsInForce, laneMode } from '../../src/domain/flags.ts';
import type { Redelivery } from '../../src/domain/outcomes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { SHA } from '../support/settled.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ maxConnections: 20 });
  // Cases are put up directly, wherever an action may ever stand.
  await database.pool.query('ALTER TABLE aol_actions DISABLE TRIGGER USER; ALTER TABLE aol_lease DISABLE TRIGGER USER');
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query(`DELETE FROM aol_control_flags`));

const TOKEN = 7;
/** A kill is answered within a second. */
const KILL_LIMIT_MS = 1_000;

interface Case {
  readonly status: 'RUNNING' | 'RETRY' | 'PENDING' | 'UNCONFIRMED';
  readonly isThisTicks: boolean;
  readonly claimToken: number;
  readonly leaseToken: number;
  readonly workerIsProof: boolean;
  readonly flags: readonly FlagRow[];
  readonly cancelRequested: boolean;
  readonly approvalNeeded: boolean;
  readonly approved: 'nothing' | 'this' | 'another';
  readonly typeSucceededBefore: boolean;
  /** The time for which it was queued lies ahead. */
  readonly isAhead: boolean;
  readonly attempts: number;
  readonly attemptsBefore: number;
  readonly maxAttempts: number;
  /** The last attempt: recorded, or open with that long to go. */
  readonly lastAttempt: 'recorded' | number;
  readonly dedupes: boolean;
  /** Of the type in the lane; undefined: nobody has set one. */
  readonly autonomy?: AutonomyLevel | undefined;
}

const lanes = fc.constantFrom('default', '*');
const flag = fc.oneof(
  fc.record({ lane: lanes, name: fc.constantFrom('killed' as const, 'paused' as const), value: fc.boolean() }),
  fc.record({ lane: lanes, name: fc.constant('proof_only' as const), value: fc.boolean() }),
  fc.record({
    lane: lanes,
    name: fc.constant('approval_policy' as const),
    value: fc.constantFrom(...APPROVAL_POLICIES),
  }),
);
/** Most cases are near the way through, so that each check decides some of them. */
const mostly = <Value>(usual: Value, ...others: Value[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const real: FlagRow = { lane: '*', name: 'proof_only', value: false };

const cases: fc.Arbitrary<Case> = fc
  .record({
    status: mostly<Case['status']>('RUNNING', 'RETRY', 'PENDING', 'UNCONFIRMED'),
    isThisTicks: mostly(true, false),
    claimToken: mostly(TOKEN, TOKEN - 1),
    leaseToken: mostly(TOKEN, TOKEN + 1),
    workerIsProof: mostly(false, true),
    flags: fc.uniqueArray(flag, { maxLength: 4, selector: ({ lane, name }) => `${lane}/${name}` }),
    isReal: mostly(true, false),
    cancelRequested: mostly(false, true),
    approvalNeeded: mostly(false, true),
    approved: fc.constantFrom<Case['approved']>('nothing', 'nothing', 'this', 'another'),
    typeSucceededBefore: fc.boolean(),
    isAhead: mostly(false, true),
    attempts: fc.integer({ min: 0, max: 3 }),
    attemptsBefore: mostly(0, 1, 4),
    maxAttempts: fc.integer({ min: 1, max: 3 }),
    lastAttempt: fc.constantFrom('recorded' as const, 15_000, -15_000),
    dedupes: fc.boolean(),
    autonomy: mostly<Case['autonomy']>(undefined, ...AUTONOMY_LEVELS),
  })
  .map(({ isReal, flags, attempts, ...one }) => ({
    ...one,
    attempts: Math.min(attempts, one.maxAttempts),
    flags: isReal && !flags.some(({ lane, name }) => lane === '*' && name === 'proof_only') ? [...flags, real] : flags,
  }));

/** What the gate must say. */
function model(one: Case): Partial<GateAnswer> {
  const isHeld = one.isThisTicks && one.claimToken === TOKEN && (one.status === 'RUNNING' || one.status === 'RETRY');
  if (!isHeld) return { kind: 'gone' };
  const last = one.attemptsBefore + one.attempts;
  const isOpen = last > 0 && one.lastAttempt !== 'recorded';
  // An open attempt owns its action, whatever the flags say.
  if (isOpen && Number(one.lastAttempt) > 0) return { kind: 'wait', attempt: last };
  const flags = flagsInForce('default', one.flags);
  if (flags.killed) return { kind: 'shut', reason: 'killed' };
  if (flags.paused) return { kind: 'shut', reason: 'paused' };
  if (laneMode(one.workerIsProof, flags).mode === 'PROOF') return { kind: 'shut', reason: 'proof' };
  if (one.leaseToken !== TOKEN) return { kind: 'shut', reason: 'lease_lost' };
  const policyAsks =
    flags.approval_policy === 'all' || (flags.approval_policy === 'first_of_type' && !one.typeSucceededBefore);
  const needsApproval = one.approved === 'nothing' && (one.approvalNeeded || policyAsks || one.autonomy === 'approve');
  const isWanted = !one.cancelRequested && one.approved !== 'another' && !needsApproval && one.autonomy !== 'draft';
  const mayRepeat = one.dedupes && isWanted && one.attempts < one.maxAttempts;
  if (isOpen && !mayRepeat) return { kind: 'unsettled', attempt: last, isOpen: true };
  if (one.cancelRequested) return { kind: 'shut', reason: 'cancelled' };
  if (one.autonomy === 'draft') return { kind: 'shut', reason: 'draft' };
  if (one.approved === 'another') return { kind: 'unapproved' };
  if (needsApproval) return { kind: 'approval_needed' };
  if (one.isAhead) return { kind: 'shut', reason: 'not_due' };
  if (one.attempts >= one.maxAttempts) return { kind: 'shut', reason: 'exhausted' };
  const attemptsLeft = one.maxAttempts - one.attempts - 1;
  return { kind: 'open', attempt: last + 1, attemptsLeft, repeatsUnknown: isOpen };
}

/** The gate opens. */
const wayThrough: Case = {
  status: 'RUNNING',
  isThisTicks: true,
  claimToken: TOKEN,
  leaseToken: TOKEN,
  workerIsProof: false,
  flags: [real],
  cancelRequested: false,
  approvalNeeded: false,
  approved: 'nothing',
  typeSucceededBefore: true,
  isAhead: false,
  attempts: 0,
  attemptsBefore: 0,
  maxAttempts: 3,
  lastAttempt: 'recorded',
  dedupes: false,
};

/** One of each answer: the gate opens, or one thing stands against it. The random ones are added to these. */
const OF_EACH_KIND: readonly Partial<Case>[] = [
  {},
  { isThisTicks: false },
  { approved: 'another' },
  { approvalNeeded: true },
  { attempts: 1, lastAttempt: 15_000 },
  { attempts: 1, lastAttempt: -15_000 },
  { flags: [real, { lane: 'default', name: 'killed', value: true }] },
  { flags: [real, { lane: 'default', name: 'paused', value: true }] },
  { workerIsProof: true },
  { leaseToken: TOKEN + 1 },
  { cancelRequested: true },
  { attempts: 3 },
  { autonomy: 'draft' },
  { isAhead: true },
];

const DEDUPES: Redelivery = { kind: 'dedupes', windowMs: 3_600_000, settleMs: 0 };
const OTHER = 'b'.repeat(64);
const SUCCEEDED_TYPE = 'SEEN';

/** The attempts that have an intent and no outcome. */
function openBefore({ attempts, attemptsBefore, lastAttempt }: Case): number[] {
  return lastAttempt === 'recorded' || attempts + attemptsBefore === 0 ? [] : [attempts + attemptsBefore];
}

async function putUp(one: Case): Promise<GateRequest> {
  const request: GateRequest = {
    lane: 'default',
    actionId: randomUUID(),
    tickId: randomUUID(),
    token: TOKEN,
    artifactSha256: SHA,
    artifactUri: 'artifact:test',
    proofMode: one.workerIsProof,
    attemptTimeoutMs: 20_000,
    redelivery: one.dedupes ? DEDUPES : { kind: 'neither' },
    worker: 'aol-test',
  };
  const isHeld = one.status === 'RUNNING' || one.status === 'RETRY';
  await database.pool.query('DELETE FROM aol_control_flags; DELETE FROM aol_autonomy');
  if (one.autonomy) {
    await database.pool.query(
      `INSERT INTO aol_autonomy (lane, type, level, updated_by) VALUES ('default', $1, $2, 'test'), ('*', '*', 'draft', 'test')`,
      [one.typeSucceededBefore ? SUCCEEDED_TYPE : 'NEW', one.autonomy],
    );
  }
  await database.pool.query(
    `WITH flags AS (
       INSERT INTO aol_control_flags (lane, name, value, updated_by)
       SELECT lane, name, value, 'test' FROM jsonb_to_recordset($1) AS f (lane text, name text, value jsonb)),
     lease AS (UPDATE aol_lease SET token = $2 WHERE lane = 'default'),
     intents AS (
       INSERT INTO aol_execution_logs (lane, action_id, attempt, event, actor, message, detail)
       SELECT 'default', $3, n, 'ATTEMPT_STARTED', 'test', 'test',
         jsonb_build_object('deadline', now() + $4 * interval '1 millisecond') FROM generate_series(1, $5::integer) AS n),
     outcomes AS (
       INSERT INTO aol_execution_logs (lane, action_id, attempt, event, actor, message)
       SELECT 'default', $3, n, 'RETRY_SCHEDULED', 'test', 'test' FROM generate_series(1, $5::integer) AS n
       WHERE n <> ALL ($6::integer[]))
     INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, created_by, status, claim_tick_id,
       claim_lease_token, claim_until, cancel_requested, approval_needed, approval_sha256, attempts, attempts_before, max_attempts, due_at)
     VALUES ($3, 'default', $7, '{}', $3::text, repeat('a', 64), 'REAL', 'test', $8, $9, $10,
       CASE WHEN $9::uuid IS NOT NULL THEN now() + interval '1 minute' END,
       $11, $12, $13, $14, $15, $16, now() + $17 * interval '1 hour')`,
    [
      JSON.stringify(one.flags),
      one.leaseToken,
      request.actionId,
      one.lastAttempt === 'recorded' ? 0 : one.lastAttempt,
      one.attemptsBefore + one.attempts,
      openBefore(one),
      one.typeSucceededBefore ? SUCCEEDED_TYPE : 'NEW',
      one.status,
      isHeld ? (one.isThisTicks ? request.tickId : randomUUID()) : null,
      isHeld ? one.claimToken : null,
      one.cancelRequested,
      one.approvalNeeded,
      { nothing: null, this: SHA, another: OTHER }[one.approved],
      one.attempts,
      one.attemptsBefore,
      one.maxAttempts,
      one.isAhead ? 1 : -1,
    ],
  );
  return request;
}

async function openAttempts(actionId: string): Promise<number[]> {
  const { rows } = await database.pool.query<{ attempt: number }>(
    `SELECT attempt FROM aol_execution_logs WHERE action_id = $1 AND attempt IS NOT NULL
     GROUP BY attempt HAVING count(*) = 1 ORDER BY attempt`,
    [actionId],
  );
  return rows.map(({ attempt }) => attempt);
}

describe('the gate', () => {
  test('says what its model says, and leaves an intent if and only if it is open', async () => {
    await database.pool.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, created_by, status, finished_at,
         receipt, artifact_sha256, artifact_uri)
       VALUES (gen_random_uuid(), 'default', $1, '{}', 'k', repeat('a', 64), 'REAL', 'test', 'SUCCESS', now(), '{}', $2, 'a')`,
      [SUCCEEDED_TYPE, SHA],
    );
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const request = await putUp(one);
        const answer = await passGate(database.pool, request);
        const expected = model(one);
        seen.add('reason' in answer ? answer.reason : answer.kind);
        expect(answer).toMatchObject(expected);
        const open = await openAttempts(request.actionId);
        if (expected.kind === 'open') expect(open).toEqual([expected.attempt]);
        else expect(open).toEqual(openBefore(one));
      }),
      { numRuns: 400, examples: OF_EACH_KIND.map((change) => [{ ...wayThrough, ...change }]) },
    );
    const everything = ['open', 'gone', 'unapproved', 'approval_needed', 'wait', 'unsettled'];
    const shut = ['killed', 'paused', 'proof', 'lease_lost', 'cancelled', 'exhausted', 'draft', 'not_due'];
    expect([...seen].sort()).toEqual([...everything, ...shut].sort());
  }, 60_000);

  const intents = async () => {
    const { rows } = await database.pool.query(
      `SELECT count(*) AS n FROM aol_execution_logs WHERE event = 'ATTEMPT_STARTED'`,
    );
    return rows[0].n;
  };

  test('once kill has answered, no gate that was open before commits an intent', async () => {
    const by = { actor: 'test' };
    let passedBeforeKill = 0;
    for (let round = 0; round < 12; round += 1) {
      const requests: GateRequest[] = [];
      for (let index = 0; index < 20; index += 1) requests.push(await putUp(wayThrough));
      const before = await intents();
      const gates = Promise.all(requests.map((request) => passGate(database.pool, request)));
      // Somewhere among them: each round a few more have passed.
      for (let turn = 0; turn < round; turn += 1) await database.pool.query('SELECT 1');
      await pressControl(database.pool, round % 2 === 0 ? '*' : 'default', { killed: true }, by);
      const atTheAnswer = await intents();
      const answers = await gates;
      expect(await intents()).toBe(atTheAnswer);
      const opened = answers.filter(({ kind }) => kind === 'open').length;
      expect(atTheAnswer - before).toBe(opened);
      expect(answers.filter((answer) => answer.kind === 'shut' && answer.reason === 'killed')).toHaveLength(
        20 - opened,
      );
      if (opened > 0 && opened < 20) passedBeforeKill += 1;
    }
    // A race in which kill always won, or always lost, would show nothing.
    expect(passedBeforeKill).toBeGreaterThan(0);
  }, 60_000);

  test('gates that come without a pause do not hold up a kill: those that come later share the lease row, and see its flag', async () => {
    const by = { actor: 'test' };
    const request = await putUp(wayThrough);
    let isOver = false;
    let asked = 0;
    // Each asks again at once, whatever it was answered: worse than any worker.
    const ask = async (): Promise<void> => {
      while (!isOver) {
        await passGate(database.pool, request);
        asked += 1;
      }
    };
    const gates = Array.from({ length: 16 }, ask);
    try {
      for (let round = 0; round < 10; round += 1) {
        const before = asked;
        await until('they are at it', () => asked > before + 50);
        await pressControl(database.pool, 'default', { killed: false }, by);
        const beganAt = performance.now();
        await pressControl(database.pool, 'default', { killed: true }, by);
        expect(performance.now() - beganAt).toBeLessThan(KILL_LIMIT_MS);
      }
    } finally {
      isOver = true;
      await Promise.all(gates);
    }
  }, 60_000);

  test('a gate that had to wait for the lease row sees the kill that was pressed meanwhile', async () => {
    const request = await putUp(wayThrough);
    const by = { actor: 'test' };
    const waiting = async (sessions: number) => (await lockWaits(database.pool)) === sessions;
    /** Undefined where this machine was too slow to press kill before the gate's lock timeout. */
    const killWhileItWaits = async (): Promise<GateAnswer | undefined> => {
      const holder = await database.pool.connect();
      try {
        await holder.query(`BEGIN; SELECT FROM aol_lease WHERE lane = 'default' FOR UPDATE`);
        const gate = passGate(database.pool, request).catch((error: unknown) => {
          if (error instanceof UnavailableError) return undefined;
          throw error;
        });
        let isOver = false;
        void gate.finally(() => {
          isOver = true;
        });
        await until('the gate waits', async () => isOver || (await waiting(1)));
        const kill = pressControl(database.pool, '*', { killed: true }, by);
        await until('its flag is committed', async () => isOver || (await waiting(2)));
        await holder.query('COMMIT');
        await kill;
        return await gate;
      } finally {
        holder.release();
      }
    };
    const answer = await until('a gate that waited', async () => {
      await pressControl(database.pool, '*', { killed: false }, by);
      return killWhileItWaits();
    });
    expect(answer).toEqual({ kind: 'shut', reason: 'killed' });
  });

  test('a lease row that is held longer than the lock timeout shuts it: nothing is sent', async () => {
    const request = await putUp(wayThrough);
    const holder = await database.pool.connect();
    try {
      await holder.query(`BEGIN; SELECT FROM aol_lease WHERE lane = 'default' FOR UPDATE`);
      await expect(passGate(database.pool, request)).rejects.toMatchObject({ code: 'AOL_TOO_MANY_AT_ONCE' });
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    expect(await openAttempts(request.actionId)).toEqual([]);
    expect(await passGate(database.pool, request)).toMatchObject({ kind: 'open', attempt: 1 });
  });

  test('refuses an isolation in which it would not see the flags as they stand', async () => {
    const request = await putUp(wayThrough);
    const strict = createPool({ databaseUrl: database.url, applicationName: 'aol-test', maxConnections: 1 });
    await strict.query("SET default_transaction_isolation = 'repeatable read'");
    await expect(passGate(strict, request)).rejects.toThrow('READ COMMITTED');
    await strict.end();
  });
});
