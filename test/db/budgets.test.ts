/** Budgets: reserved at the gate, settled by the outcome, and never exceeded, whoever comes at the same time. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { setBudget } from '../../src/db/decide/budgets.ts';
import { resolveAction } from '../../src/db/decide/decisions.ts';
import { lanesInNeed } from '../../src/db/keep/supervise.ts';
import { listBudgets } from '../../src/db/look/budgets.ts';
import { leaveTick, recordAttempts } from '../../src/db/queue/attempts.ts';
import { type GateAnswer, type GateRequest, passGate, passGates } from '../../src/db/queue/gate.ts';
import type { BudgetScope, BudgetSpan, BudgetUnit, Draw } from '../../src/domain/budgets.ts';
import { UnavailableError } from '../../src/domain/errors.ts';
import type { AttemptOutcome, Redelivery } from '../../src/domain/outcomes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { SHA } from '../support/settled.ts';
import { until } from '../support/until.ts';

const TOKEN = 7;
const neither: Redelivery = { kind: 'neither' };
const admin = { actor: 'admin', mayLoosen: true };

let database: TestDatabase;
let db: TestDatabase['pool'];
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

async function forgetAll(): Promise<void> {
  await db.query('DELETE FROM aol_budgets; DELETE FROM aol_budget_use; DELETE FROM aol_accounts');
  await db.query('DELETE FROM aol_execution_logs; DELETE FROM aol_actions');
}

const web = (effects = 1): Draw[] => [{ scope: 'type', name: 'CALL_WEBHOOK', effects }];

/** What a tick holds, with what each draws. */
async function held(draws: readonly (readonly Draw[])[], redelivery: Redelivery = neither): Promise<GateRequest[]> {
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

const one = async (draws: readonly Draw[], redelivery?: Redelivery): Promise<GateRequest> => {
  const [request] = await held([draws], redelivery);
  if (!request) throw new Error('nothing is held');
  return request;
};

function limit(
  scope: BudgetScope,
  name: string,
  most: number | null,
  span: BudgetSpan = 'day',
  unit: BudgetUnit = 'effects',
) {
  return setBudget(db, { scope, name, limits: [{ span, unit, limit: most }] }, admin);
}

async function used(scope: BudgetScope, name: string): Promise<number[]> {
  return (await listBudgets(db, { scope, name })).items.map((budget) => budget.used);
}

function record(request: GateRequest, attempt: number, outcome: AttemptOutcome, settles = false) {
  const to = outcome.kind === 'done' ? ({ to: 'SUCCESS' } as const) : ({ to: 'RETRY', delayMs: 0 } as const);
  return recordAttempts(db, [
    { ...request, attempt, outcome, durationMs: 1, decision: to, ...(settles && { settles }) },
  ]);
}

/** What found no room waits for it in the queue. */
async function leaveNoRoom(request: GateRequest, answer: GateAnswer | undefined): Promise<void> {
  if (answer?.kind !== 'no_room') throw new Error(`it is ${JSON.stringify(answer)}`);
  const delayMs = Math.max(1, (answer.untilMs ?? Date.now() + 3_600_000) - Date.now());
  await leaveTick(db, request, { to: 'PENDING', message: answer.reason, delayMs, heldBy: answer.heldBy });
}

async function opened(request: GateRequest): Promise<number> {
  const answer = await passGate(db, request);
  if (answer.kind !== 'open') throw new Error(`it is ${JSON.stringify(answer)}`);
  return answer.attempt;
}

/** Every counter of a window is what the log says of it. */
async function countersAreTheLog(): Promise<void> {
  const { rows } = await db.query(
    `SELECT u.scope, u.name, u.span, u.unit, u.used, coalesce((
       SELECT sum(CASE u.unit WHEN 'effects' THEN d.effects ELSE d.micro_usd END)
       FROM aol_drawn_between(u.scope, u.name, 0, 9223372036854775807) AS d
       WHERE date_trunc(u.span, d.hour, 'UTC') = u.begins_at), 0)::bigint AS logged
     FROM aol_budget_use u`,
  );
  for (const { logged, ...counter } of rows) expect(counter).toEqual({ ...counter, used: logged });
}

const done: AttemptOutcome = { kind: 'done', receipt: {} };
const notSent: AttemptOutcome = { kind: 'not_sent', reason: 'refused' };
const unknown: AttemptOutcome = { kind: 'unknown', reason: 'reset' };
const rejected: AttemptOutcome = { kind: 'rejected', reason: 'no' };

describe('a budget', () => {
  test('lets so many pass, and says which it is and when there is room again; without one nothing is counted', async () => {
    expect(await opened(await one(web()))).toBe(1);
    expect((await db.query('SELECT FROM aol_budget_use')).rowCount).toBe(0);
    await limit('type', 'CALL_WEBHOOK', 3);
    const answers = await passGates(db, await held([web(), web(), web()]));
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['no_room', 'open', 'open']);
    const tomorrow = new Date().setUTCHours(24, 0, 0, 0);
    expect(answers.find(({ kind }) => kind === 'no_room')).toEqual({
      kind: 'no_room',
      reason: 'the budget of type CALL_WEBHOOK, 3 effects in a day, is used up',
      untilMs: tomorrow,
      heldBy: 'type:CALL_WEBHOOK',
    });
  });

  test('that is set later counts what was sent before it; so does one for all names', async () => {
    const requests = await held([web(), web(), [...web(), { scope: 'domain', name: 'a.example', effects: 4 }]]);
    const attempts = await Promise.all(requests.map(opened));
    const [first, second] = requests;
    if (!first || !second) throw new Error('none is held');
    await record(first, attempts[0] ?? 0, notSent);
    await limit('type', 'CALL_WEBHOOK', 2);
    await limit('domain', '*', 5, 'hour');
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([2]);
    expect(await used('domain', 'a.example')).toEqual([4]);
    expect(await passGate(db, await one(web()))).toMatchObject({ kind: 'no_room' });
    // An outcome that comes after it was set gives back what it counted.
    await record(second, attempts[1] ?? 0, notSent);
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([1]);
    await countersAreTheLog();
  });

  test('names the one that lasts longest; more than it ever has waits until it is changed', async () => {
    await limit('domain', 'a.example', 1, 'hour');
    await limit('type', 'SEND_EMAIL', 1, 'month');
    const mail = (effects: number): Draw[] => [
      { scope: 'type', name: 'SEND_EMAIL', effects: 1 },
      { scope: 'domain', name: 'a.example', effects },
    ];
    expect(await passGate(db, await one(mail(2)))).toMatchObject({
      kind: 'no_room',
      untilMs: null,
      heldBy: 'domain:a.example',
      reason: 'the budget of domain a.example is 1 effect in an hour, and this alone takes 2 effects',
    });
    await opened(await one(mail(1)));
    expect(await passGate(db, await one(mail(1)))).toMatchObject({ heldBy: 'type:SEND_EMAIL' });
    await limit('type', 'SEND_EMAIL', null, 'month');
    expect(await passGate(db, await one(mail(1)))).toMatchObject({ heldBy: 'domain:a.example' });
  });

  test('of those that end together, as in the last hour of a month, it names the one with the longest span', async () => {
    const full = { scope: 'type', name: 'SEND_EMAIL', unit: 'effects', most: 1, used: 1 };
    const month = { ...full, span: 'month', begins_at: '2026-11-01T00:00:00Z' };
    const hour = { ...full, span: 'hour', begins_at: '2026-11-30T23:00:00Z' };
    const draws = [{ scope: 'type', name: 'SEND_EMAIL', effects: 1 }];
    for (const limits of [
      [month, hour],
      [hour, month],
    ]) {
      const { rows } = await db.query('SELECT aol_lacks_room($1, $2) AS why', [
        JSON.stringify(limits),
        JSON.stringify(draws),
      ]);
      expect(rows[0].why.reason).toBe('the budget of type SEND_EMAIL, 1 effect in a month, is used up');
    }
  });

  test('a look takes nothing; a repeat of what may have happened takes no second place', async () => {
    await limit('type', 'CALL_WEBHOOK', 1);
    const request = await one(web(), { kind: 'dedupes', windowMs: 60_000, settleMs: 0 });
    expect(await passGate(db, { ...request, onlyLook: true })).toEqual({ kind: 'may_pass' });
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([0]);
    await record(request, await opened(request), unknown);
    expect(await passGate(db, request)).toMatchObject({ kind: 'open', repeatsUnknown: true });
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([1]);
    await countersAreTheLog();
  });

  test('a provider that says that nothing happened gives all back, also of the attempts before', async () => {
    await limit('type', 'CALL_WEBHOOK', 1);
    const request = await one(web());
    await record(request, await opened(request), unknown);
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([1]);
    await leaveTick(db, request, { to: 'RETRY', message: 'nothing happened', delayMs: 0, settles: true });
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([0]);
    await countersAreTheLog();
  });

  test('a person who says that nothing was sent gives all back, once; who says that it was sent gives nothing', async () => {
    await limit('type', 'CALL_WEBHOOK', 2);
    const [lost, sent] = [await one(web()), await one(web())];
    for (const request of [lost, sent]) {
      await record(request, await opened(request), unknown);
      await leaveTick(db, request, { to: 'UNCONFIRMED', message: 'nobody knows' });
    }
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([2]);
    await resolveAction(db, sent.actionId, 'sent', admin);
    const answers = await Promise.allSettled(
      [1, 2].map(() => resolveAction(db, lost.actionId, 'not_sent', { actor: 'a person' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([1]);
    await countersAreTheLog();
    await limit('type', 'CALL_WEBHOOK', null);
    await limit('type', 'CALL_WEBHOOK', 2);
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([1]);
  });

  test('is loosened by an admin only; an operator tightens, and takes nothing back that held more', async () => {
    const operator = { actor: 'operator', mayLoosen: false };
    const set = (most: number | null, by = operator) =>
      setBudget(db, { scope: 'type', name: 'PLAY', limits: [{ span: 'hour', unit: 'effects', limit: most }] }, by);
    await set(5);
    await set(4);
    await expect(set(6)).rejects.toMatchObject({ code: 'AOL_FORBIDDEN' });
    await expect(set(null)).rejects.toThrow('4 effects in an hour → no bound in an hour');
    expect((await listBudgets(db, { scope: 'type', name: 'PLAY' })).items).toMatchObject([
      { limit: 4, setBy: 'operator' },
    ]);
    await set(null, admin);
    expect((await listBudgets(db, { scope: 'type', name: 'PLAY' })).items).toEqual([]);
  });

  test('a change is compared with the one that was made just before it', async () => {
    const set = (most: number, by: { actor: string; mayLoosen: boolean }) =>
      setBudget(db, { scope: 'type', name: 'PLAY', limits: [{ span: 'hour', unit: 'effects', limit: most }] }, by);
    await set(100, admin);
    const lock = await db.connect();
    await lock.query('BEGIN; SELECT FROM aol_lease FOR UPDATE');
    const isWaiting = async (count: number) => (await lockWaits(db)) === count;
    const tightened = set(10, admin);
    await until('the first waits', () => isWaiting(1));
    const loosened = set(50, { actor: 'operator', mayLoosen: false }).catch((error: unknown) => error);
    await until('the second waits', () => isWaiting(2));
    await lock.query('ROLLBACK');
    lock.release();
    await tightened;
    expect(await loosened).toMatchObject({ code: 'AOL_FORBIDDEN' });
  });
});

describe('room that is given back', () => {
  const spent = (usd: number): AttemptOutcome => ({ kind: 'done', receipt: { price: { usd } } });
  const text = (microUsd: number): Draw[] => [{ scope: 'type', name: 'GENERATE_TEXT', effects: 1, microUsd }];

  /** Held until its budget's window is over. */
  async function waiting(draws: readonly Draw[]): Promise<string> {
    const request = await one(draws);
    await leaveNoRoom(request, await passGate(db, request));
    return request.actionId;
  }
  async function due(): Promise<string[]> {
    const { rows } = await db.query<{ id: string }>(
      `SELECT id FROM aol_actions WHERE status = 'PENDING' AND held_by IS NULL AND run_at <= clock_timestamp() ORDER BY id`,
    );
    return rows.map(({ id }) => id);
  }

  test('of money, makes what waits for it due, and its lane is found', async () => {
    await limit('type', 'GENERATE_TEXT', 1_000_000, 'month', 'microUsd');
    const first = await one(text(700_000));
    const attempt = await opened(first);
    const next = await waiting(text(400_000));
    expect(await due()).toEqual([]);
    await record(first, attempt, spent(0.012));
    expect(await due()).toEqual([next]);
    await db.query(`UPDATE aol_actions SET run_at = run_at - interval '2 seconds' WHERE id = $1`, [next]);
    const lease = `owner = 'a run', acquired_at = now(), renewed_at = now(), expires_at = now() + interval '1 hour'`;
    await db.query(`UPDATE aol_lease SET ${lease} WHERE lane = 'default'`);
    expect(await lanesInNeed(db, false)).toEqual(['default']);
    await db.query(`UPDATE aol_actions SET run_at = now() + interval '1 day' WHERE id = $1`, [next]);
    expect(await lanesInNeed(db, false)).toEqual([]);
  });

  test('makes the oldest due, as many as there is room for, of this budget alone', async () => {
    await limit('type', 'CALL_WEBHOOK', 2);
    await limit('host', 'a.example', 0);
    const both = await held([web(), web()]);
    for (const request of both) await opened(request);
    const other = await waiting([{ scope: 'host', name: 'a.example', effects: 1 }]);
    const [oldest, second, third] = [await waiting(web()), await waiting(web()), await waiting(web())];
    const [sent, lost] = both;
    if (!sent || !lost) throw new Error('none is held');
    await record(sent, 1, notSent);
    expect(await due()).toEqual([oldest]);
    await record(lost, 1, unknown);
    await leaveTick(db, lost, { to: 'UNCONFIRMED', message: 'nobody knows' });
    expect(await due()).toEqual([oldest]);
    await resolveAction(db, lost.actionId, 'not_sent', admin);
    expect((await due()).filter((id) => id !== lost.actionId && id !== sent.actionId)).toEqual([oldest, second, third]);
    const { rows } = await db.query('SELECT held_by FROM aol_actions WHERE id = $1', [other]);
    expect(rows).toEqual([{ held_by: 'host:a.example' }]);
  });

  test('is none where the limit has become less meanwhile', async () => {
    await limit('type', 'CALL_WEBHOOK', 2);
    const [first, second] = [await one(web()), await one(web())];
    await opened(first);
    await opened(second);
    await limit('type', 'CALL_WEBHOOK', 1);
    await waiting(web());
    await record(first, 1, notSent);
    expect(await due()).toEqual([]);
  });

  test('is looked for by its budget and age, however many wait', async () => {
    await limit('type', 'CALL_WEBHOOK', 1);
    const request = await one(web());
    await opened(request);
    await db.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, created_by, held_by, run_at, max_attempts)
       SELECT new.id, 'default', 'CALL_WEBHOOK', '{}', new.id::text, repeat('a', 64), 'REAL', 'test', 'type:CALL_WEBHOOK',
         now() + interval '1 day', 3
       FROM (SELECT uuidv7() AS id FROM generate_series(1, 20000)) AS new`,
    );
    const began = performance.now();
    await record(request, 1, notSent);
    expect(performance.now() - began).toBeLessThan(500);
    expect(await due()).toHaveLength(1);
  });
});

describe('a worker that dies', () => {
  test('within its gate has taken nothing', async () => {
    await limit('type', 'CALL_WEBHOOK', 1);
    const request = await one(web());
    const connection = await db.connect();
    connection.on('error', () => undefined);
    await connection.query('BEGIN');
    const { rows } = await connection.query('SELECT pg_backend_pid() AS pid, answer FROM aol_pass_gates($1)', [
      JSON.stringify([request]),
    ]);
    expect(rows[0].answer.kind).toBe('open');
    await db.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    connection.release(true);
    expect(await opened(request)).toBe(1);
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([1]);
  });

  test('between gate and outcome keeps its place until that is settled: by what the provider says, or as what may have been sent', async () => {
    await limit('type', 'CALL_WEBHOOK', 2);
    const both = [await one(web()), await one(web())].map((request) => ({ ...request, worker: 'aol-worker:gone' }));
    for (const request of both) await opened(request);
    expect(await passGate(db, await one(web()))).toMatchObject({ kind: 'no_room' });
    const [first, second] = both;
    if (!first || !second) throw new Error('none is held');
    for (const request of both) expect(await passGate(db, request)).toMatchObject({ kind: 'unsettled', isOpen: true });
    await record(first, 1, notSent, true);
    await record(second, 1, unknown);
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([1]);
    await countersAreTheLog();
  });
});

describe('money', () => {
  const text = (more: Partial<Draw>): Draw[] => [{ scope: 'account', name: 'writer', effects: 1, ...more }];
  const spent = (usd: number): AttemptOutcome => ({ kind: 'done', receipt: { price: { usd } } });
  const money = async () => (await used('account', 'writer'))[1];
  beforeEach(async () => {
    await db.query(
      `INSERT INTO aol_accounts (name, provider, identity, server) VALUES ('writer', 'openai', 'api.openai.com', 'https://api.openai.com')`,
    );
    await limit('account', 'writer', 100, 'hour');
    await limit('account', 'writer', 1_000_000, 'day', 'microUsd');
  });

  test('is reserved by what it may cost, and settled by what it did', async () => {
    const request = await one(text({ microUsd: 700_000 }));
    const attempt = await opened(request);
    expect(await passGate(db, await one(text({ microUsd: 400_000 })))).toMatchObject({
      kind: 'no_room',
      reason: 'the budget of account writer, 1.00 USD in a day, has 0.30 USD left, and this takes 0.40 USD',
    });
    await record(request, attempt, spent(0.012_345_6));
    expect(await money()).toBe(12_346);
    await countersAreTheLog();
  });

  test('of what was refused comes back, and its place stays; of what nobody knows it stays', async () => {
    const [refused, lost] = [await one(text({ microUsd: 5 })), await one(text({ microUsd: 7 }))];
    await record(refused, await opened(refused), rejected);
    await record(lost, await opened(lost), unknown);
    expect(await used('account', 'writer')).toEqual([2, 7]);
    await countersAreTheLog();
  });

  test('a repeat costs once more', async () => {
    const request = await one(text({ microUsd: 400_000 }), { kind: 'harmless', maxRepeats: 3 });
    for (let number = 0; number < 2; number += 1) await record(request, await opened(request), unknown);
    expect(await used('account', 'writer')).toEqual([1, 800_000]);
    expect(await passGate(db, request)).toMatchObject({ kind: 'no_room', heldBy: 'writer' });
    await countersAreTheLog();
  });

  test('does not let pass what nobody knows the price of, until it has one', async () => {
    expect(await passGate(db, await one(text({ unpriced: true })))).toMatchObject({
      kind: 'no_room',
      untilMs: null,
      reason: expect.stringContaining('nobody knows what this costs'),
    });
    await limit('account', 'writer', null, 'day', 'microUsd');
    const request = await one(text({ unpriced: true }));
    await record(request, await opened(request), spent(0.5));
    await limit('account', 'writer', 1_000_000, 'day', 'microUsd');
    expect(await money()).toBe(500_000);
  });
});

describe('at the same time', () => {
  const NAMES = ['a.example', 'b.example', 'c.example'];
  const draws = fc.uniqueArray(
    fc.record({
      scope: fc.constantFrom<BudgetScope>('type', 'domain', 'host'),
      name: fc.constantFrom(...NAMES),
      effects: fc.integer({ min: 1, max: 3 }),
      // No outcome costs more than it might have.
      microUsd: fc.integer({ min: 4, max: 50 }),
    }),
    { minLength: 1, maxLength: 4, selector: ({ scope, name }) => `${scope} ${name}` },
  );
  const limits = fc.uniqueArray(
    fc.record({
      scope: fc.constantFrom<BudgetScope>('type', 'domain', 'host'),
      name: fc.constantFrom('*', ...NAMES),
      span: fc.constantFrom<BudgetSpan>('hour', 'day', 'month'),
      unit: fc.constantFrom<BudgetUnit>('effects', 'microUsd'),
      most: fc.integer({ min: 0, max: 40 }),
    }),
    { minLength: 1, maxLength: 5, selector: ({ scope, name, span, unit }) => `${scope} ${name} ${span} ${unit}` },
  );
  const outcomes = fc.constantFrom<AttemptOutcome | undefined>(
    done,
    notSent,
    unknown,
    rejected,
    { kind: 'done', receipt: { price: { usd: 0.000_004 } } },
    // Its worker was killed.
    undefined,
  );

  test('no budget is exceeded, each counter is what the log says, and nobody waits for somebody who waits', async () => {
    const kinds = new Set<string>();
    const scenario = fc.record({
      before: limits,
      meanwhile: limits,
      ticks: fc.array(fc.array(fc.record({ draws, outcome: outcomes }), { minLength: 1, maxLength: 8 }), {
        minLength: 2,
        maxLength: 6,
      }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ before, meanwhile, ticks }) => {
        await forgetAll();
        for (const { scope, name, most, span, unit } of before) await limit(scope, name, most, span, unit);
        const set = Promise.all(
          meanwhile.map(({ scope, name, most, span, unit }) => limit(scope, name, most, span, unit)),
        );
        const run = async (tick: (typeof ticks)[number]) => {
          const requests = await held(tick.map((effect) => effect.draws));
          const answers: GateAnswer[] = await passGates(db, requests);
          for (const { kind } of answers) kinds.add(kind);
          const ended = tick.flatMap(({ outcome }, index) => {
            const [request, answer] = [requests[index], answers[index]];
            if (!request || answer?.kind !== 'open' || !outcome) return [];
            const decision = { to: 'RETRY', delayMs: 0 } as const;
            const success = { to: 'SUCCESS' } as const;
            return [
              {
                ...request,
                attempt: answer.attempt,
                outcome,
                durationMs: 1,
                decision: outcome.kind === 'done' ? success : decision,
              },
            ];
          });
          const lacking = requests.flatMap((request, index) => {
            const answer = answers[index];
            return answer?.kind === 'no_room' ? [leaveNoRoom(request, answer)] : [];
          });
          if (ended.length > 0) lacking.push(recordAttempts(db, ended).then(() => undefined));
          await Promise.all(lacking);
        };
        await Promise.all([set, ...ticks.map(run)]);
        const { items } = await listBudgets(db, {});
        for (const { scope, name, span, unit, limit: most, used: has } of items) {
          const was = before.some((one) => one.scope === scope && one.span === span && one.unit === unit);
          const isTightened = meanwhile.some((one) => one.scope === scope && one.span === span && one.unit === unit);
          // What was set meanwhile may find more than it lets pass from then on.
          if (was && !isTightened)
            expect([scope, name, span, unit, has]).toEqual([scope, name, span, unit, Math.min(has, most)]);
        }
        await countersAreTheLog();
      }),
      { numRuns: 40 },
    );
    expect([...kinds].sort()).toEqual(['no_room', 'open']);
  }, 120_000);

  test('of thirty that come at once, through as many connections, as many pass as there is room for', async () => {
    await limit('type', 'CALL_WEBHOOK', 11);
    const requests = await held(Array.from({ length: 30 }, () => web()));
    // Whoever waits too long for the counter asks again, as a worker does.
    const ask = async (request: GateRequest): Promise<GateAnswer> => {
      for (;;) {
        try {
          return await passGate(db, request);
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error;
        }
      }
    };
    const answers = await Promise.all(requests.map(ask));
    expect(answers.filter(({ kind }) => kind === 'open')).toHaveLength(11);
    expect(await used('type', 'CALL_WEBHOOK')).toEqual([11]);
  });
});
