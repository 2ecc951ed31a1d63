import { randomUUID } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cancelAction, enqueue, findAction } from '../../src/db/decide/cancel.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import { claimTick, claimWithActions } from '../../src/db/queue/claim.ts';
import { isSuspect, takeUp } from '../../src/db/queue/claimed-action.ts';
import { closeAttempts } from '../../src/db/queue/close.ts';
import { LeaseLostError } from '../../src/domain/errors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  claimedActions,
  claimOnce,
  deadWorker,
  holder,
  proofWorker,
  realWorker,
  request,
  setFlag,
  success,
} from '../support/engine.ts';
import { until } from '../support/until.ts';

let database: TestDatabase | undefined;
let db: TestDatabase['pool'];

beforeEach(async () => {
  await database?.drop();
  database = await createTestDatabase();
  db = database.pool;
  await setFlag(db, 'tick_interval_ms', 0);
});
afterAll(() => database?.drop());

const contents = async (tickId: string) =>
  (await claimedActions(db, tickId)).map((action) => action.payload.content).sort();
const ledger = async () => (await db.query('SELECT * FROM aol_tick_ledger ORDER BY number')).rows;

describe('a claim', () => {
  test('takes at most max_actions_per_tick: by priority, then time, and one slot for the oldest', async () => {
    await enqueue(db, [request({ payload: { content: 'oldest' }, priority: -5 })], 'test');
    const contentsQueued = ['a', 'b', 'c', 'd'];
    for (const [index, content] of contentsQueued.entries()) {
      await enqueue(db, [request({ payload: { content }, priority: index })], 'test');
    }
    const first = await claimOnce(db, holder('r1'));
    expect(await contents(first.tickId)).toEqual(['c', 'd', 'oldest']);
    const held = await claimedActions(db, first.tickId);
    await closeAttempts(
      db,
      { tickId: first.tickId, token: 1 },
      held.map(({ id }) => success(id)),
    );
    const second = await claimOnce(db, holder('r1', 1));
    expect(await contents(second.tickId)).toEqual(['a', 'b']);
  });

  test('leaves what is not due, and says when it will be', async () => {
    await enqueue(db, [request({ runAt: new Date(Date.now() + 60_000).toISOString() })], 'test');
    const { result } = await claimOnce(db, holder('r1'));
    expect(result).toMatchObject({ kind: 'quiet', outcome: 'IDLE' });
    expect(result.pacing.nextDueInMs).toBeGreaterThan(55_000);
    expect(result.pacing.nextDueInMs).toBeLessThanOrEqual(60_000);
  });

  test('that is full says whether more is due, now or later', async () => {
    const later = request({ runAt: new Date(Date.now() + 60_000).toISOString(), priority: 5 });
    await enqueue(db, [request({ priority: 1 }), request(), request(), request(), later], 'test');
    let token: number | null = null;
    const claimAndClose = async () => {
      const { tickId, result } = await claimOnce(db, holder('r1', token));
      token = result.token ?? null;
      const held = await claimedActions(db, tickId);
      await closeAttempts(
        db,
        { tickId, token: 1 },
        held.map(({ id }) => success(id)),
      );
      return { claimed: held.length, nextDueInMs: result.pacing.nextDueInMs ?? 0 };
    };
    expect(await claimAndClose()).toEqual({ claimed: 3, nextDueInMs: 0 });
    const last = await claimAndClose();
    expect(last.claimed).toBe(1);
    expect(last.nextDueInMs).toBeGreaterThan(55_000);
    await enqueue(db, [request(), request(), request()], 'test');
    const full = await claimAndClose();
    expect(full.claimed).toBe(3);
    expect(full.nextDueInMs).toBeGreaterThan(55_000);
  });

  test('passes by what somebody else holds, and does not wait for it', async () => {
    await enqueue(db, [request({ payload: { content: 'held' } }), request({ payload: { content: 'free' } })], 'test');
    const other = await db.connect();
    try {
      await other.query(`BEGIN; SELECT FROM aol_actions WHERE payload ->> 'content' = 'held' FOR UPDATE`);
      const { tickId } = await claimOnce(db, holder('r1'));
      expect(await contents(tickId)).toEqual(['free']);
    } finally {
      await other.query('ROLLBACK');
      other.release();
    }
  });

  test('twice under one tick id is one claim', async () => {
    await enqueue(db, [request(), request(), request(), request()], 'test');
    const tickId = randomUUID();
    const [first, second] = [
      await claimTick(db, { holder: holder('r1'), tickId }, proofWorker),
      await claimTick(db, { holder: holder('r1'), tickId }, proofWorker),
    ];
    expect(first).toMatchObject({ kind: 'claimed', claimed: 3, resumed: false });
    expect(second).toMatchObject({ kind: 'claimed', claimed: 3, resumed: true });
    const { rows } = await db.query(`SELECT count(*) AS n FROM aol_actions WHERE status = 'RUNNING'`);
    expect(rows[0].n).toBe(3);
  });

  test('before the tick interval has passed takes nothing, whoever asks', async () => {
    await setFlag(db, 'tick_interval_ms', 60_000);
    await enqueue(
      db,
      Array.from({ length: 5 }, () => request()),
      'test',
    );
    const { tickId } = await claimOnce(db, holder('r1'));
    await closeAttempts(
      db,
      { tickId, token: 1 },
      (await claimedActions(db, tickId)).map((a) => success(a.id)),
    );
    for (const by of [holder('r1', 1), holder('r2')]) {
      const { result } = await claimOnce(db, by);
      expect(result).toMatchObject({ kind: 'quiet', outcome: 'IDLE', pacing: { nextDueInMs: 0 } });
      expect(result.pacing.claimInMs).toBeGreaterThan(50_000);
    }
    expect(await ledger()).toHaveLength(1);
  });

  test('of a REAL action waits while the lane is PROOF', async () => {
    await enqueue(db, [request({ mode: 'REAL' })], 'test');
    const { result } = await claimOnce(db, holder('r1'));
    expect(result).toMatchObject({ kind: 'quiet', outcome: 'IDLE', pacing: { nextDueInMs: null } });
  });

  test('in one lane does not see another', async () => {
    await createLane(db, 'brand', 'test');
    await enqueue(db, [request({ lane: 'brand' })], 'test');
    expect((await claimOnce(db, holder('r1'))).result.kind).toBe('quiet');
    expect((await claimOnce(db, holder('r1', null, 'brand'))).result.kind).toBe('claimed');
  });

  test('is bounded by max_running over ticks, whose effects nobody waits for', async () => {
    await setFlag(db, 'max_running', 4);
    await setFlag(db, 'proof_only', false);
    await enqueue(
      db,
      Array.from({ length: 9 }, () => request({ mode: 'REAL' })),
      'test',
    );
    const claim = (token: number | null) => claimOnce(db, holder('r1', token), undefined, realWorker);
    expect((await claim(null)).result).toMatchObject({
      claimed: 3,
      effects: [expect.any(String), expect.any(String), expect.any(String)],
    });
    expect((await claim(1)).result).toMatchObject({ claimed: 1 });
    expect((await claim(1)).result).toMatchObject({ kind: 'quiet' });
    // Whoever makes room has to know that something waits for it.
    const input = { holder: holder('r1', 1), tickId: randomUUID() };
    expect(await claimWithActions(db, input, realWorker)).toMatchObject({
      result: { kind: 'quiet', pacing: { isFull: true } },
      isMore: true,
    });
  });
});

describe('pause and kill', () => {
  test('pause claims nothing and keeps the lease', async () => {
    await enqueue(db, [request()], 'test');
    await pressControl(db, 'default', { paused: true }, { actor: 'test' });
    const { result } = await claimOnce(db, holder('r1'));
    expect(result).toMatchObject({ kind: 'quiet', outcome: 'PAUSED', token: 1, pacing: { nextDueInMs: null } });
    await pressControl(db, 'default', { paused: false }, { actor: 'test' });
    expect((await claimOnce(db, holder('r1', 1))).result).toMatchObject({ kind: 'claimed', claimed: 1 });
  });

  test('kill ends the claim, gives back what was held, and frees the lease', async () => {
    await enqueue(db, [request()], 'test');
    const { tickId } = await claimOnce(db, holder('r1'));
    await pressControl(db, '*', { killed: true }, { actor: 'test' });
    expect((await claimOnce(db, holder('r1', 1), tickId)).result).toMatchObject({ kind: 'quiet', outcome: 'KILLED' });
    const { rows } = await db.query('SELECT status, attempts FROM aol_actions');
    expect(rows).toEqual([{ status: 'PENDING', attempts: 0 }]);
    await pressControl(db, '*', { killed: false }, { actor: 'test' });
    expect((await claimOnce(db, holder('other'))).result).toMatchObject({ kind: 'claimed', token: 2 });
  });

  test('that had to wait for its lane sees the kill that was committed meanwhile', async () => {
    await enqueue(db, [request()], 'test');
    const other = await db.connect();
    try {
      await other.query(`BEGIN; SELECT FROM aol_lease WHERE lane = 'default' FOR UPDATE`);
      const claim = claimOnce(db, holder('r1'));
      await until('the claim waits', async () => {
        const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return (await db.query(waiting)).rowCount === 1;
      });
      await setFlag(db, 'killed', true);
      await other.query('COMMIT');
      expect((await claim).result).toMatchObject({ kind: 'quiet', outcome: 'KILLED' });
    } finally {
      other.release();
    }
  });

  test('once kill has answered, no claim begins: 20 kills against claims at full speed', async () => {
    await setFlag(db, 'max_actions_per_tick', 1);
    await enqueue(
      db,
      Array.from({ length: 400 }, () => request()),
      'test',
    );
    for (let round = 0; round < 20; round += 1) {
      let going = true;
      const claims = (async () => {
        while (going) await claimOnce(db, holder('r1'));
      })();
      await pressControl(db, '*', { killed: true }, { actor: 'test' });
      const { rows: before } = await db.query(
        `SELECT count(*) AS n FROM aol_execution_logs WHERE event = 'ATTEMPT_STARTED'`,
      );
      await claimOnce(db, holder('r1'));
      await claimOnce(db, holder('r1'));
      going = false;
      await claims;
      const { rows: after } = await db.query(
        `SELECT count(*) AS n FROM aol_execution_logs WHERE event = 'ATTEMPT_STARTED'`,
      );
      expect(after[0].n).toBe(before[0].n);
      await pressControl(db, '*', { killed: false }, { actor: 'test' });
    }
  });
});

describe('what a dead worker leaves behind', () => {
  test('is taken back by the next run, together, and counted', async () => {
    await enqueue(
      db,
      Array.from({ length: 3 }, () => request()),
      'test',
    );
    await claimOnce(db, holder('r1'), undefined, deadWorker);
    const { tickId, result } = await claimOnce(db, holder('r2'));
    expect(result).toMatchObject({ kind: 'claimed', token: 2, claimed: 3 });
    expect((await claimedActions(db, tickId)).map(({ claimCount }) => claimCount)).toEqual([1, 1, 1]);
    const [lost] = await ledger();
    expect(lost).toMatchObject({ outcome: 'ERROR', claimed: 3, released: 3, running: 0 });
  });

  test('is claimed alone when workers have died with it twice', async () => {
    await enqueue(db, [request(), request(), request()], 'test');
    await claimOnce(db, holder('r1'), undefined, deadWorker);
    await claimOnce(db, holder('r2'), undefined, deadWorker);
    expect((await claimOnce(db, holder('r3'))).result).toMatchObject({ claimed: 1 });
  });

  test('what a living worker had claimed is taken back too, and is no death: not alone, never crashed', async () => {
    await enqueue(
      db,
      Array.from({ length: 3 }, () => request()),
      'test',
    );
    for (let round = 1; round <= 5; round += 1) {
      const { result } = await claimOnce(db, holder(`run-${round}`));
      expect(result).toMatchObject({ kind: 'claimed', claimed: 3 });
      if (round % 2 === 0) await db.query(`UPDATE aol_actions SET claim_until = now() - interval '1 second'`);
    }
    const { rows } = await db.query('SELECT DISTINCT claim_count FROM aol_actions');
    expect(rows).toEqual([{ claim_count: 0 }]);
  });

  test('a kill is no death: what it takes back is claimed together again', async () => {
    await enqueue(
      db,
      Array.from({ length: 3 }, () => request()),
      'test',
    );
    await claimOnce(db, holder('r1'));
    await setFlag(db, 'killed', true);
    await claimOnce(db, holder('r1'));
    await setFlag(db, 'killed', false);
    expect((await claimOnce(db, holder('r2'))).result).toMatchObject({ kind: 'claimed', claimed: 3 });
  });

  test('the zombie closes nothing and claims nothing', async () => {
    await enqueue(db, [request()], 'test');
    const { tickId } = await claimOnce(db, holder('r1'));
    const [held] = await claimedActions(db, tickId);
    await claimOnce(db, holder('r2'));
    await closeAttempts(db, { tickId, token: 1 }, [success(held?.id ?? '')]);
    expect((await findAction(db, held?.id ?? '')).status).toBe('RUNNING');
    expect((await claimOnce(db, holder('r1', 1))).result).toMatchObject({ kind: 'quiet', outcome: 'NO_LEASE' });
  });

  test('three deaths of its worker put an action into the DLQ as crashed, and cost no other action anything', async () => {
    await enqueue(db, [request({ payload: { content: 'poison' } }), request({ payload: { content: 'good' } })], 'test');
    for (let round = 1; round <= 6; round += 1) {
      const { tickId, result } = await claimOnce(db, holder(`run-${round}`), undefined, deadWorker);
      if (result.kind !== 'claimed') break;
      for (const action of await claimedActions(db, tickId)) {
        if (action.payload.content === 'poison') break;
        await closeAttempts(db, { tickId, token: result.token }, [success(action.id)]);
      }
    }
    const { rows } = await db.query('SELECT payload, status, dlq_reason, claim_count FROM aol_actions ORDER BY id');
    expect(rows).toMatchObject([
      { payload: { content: 'poison' }, status: 'DLQ', dlq_reason: 'crashed', claim_count: 3 },
      { payload: { content: 'good' }, status: 'SUCCESS' },
    ]);
  });

  test('a tick that is taken up again counts the death of its worker, once, and takes what died twice one by one', async () => {
    await enqueue(db, [request({ payload: { content: 'a' } }), request({ payload: { content: 'b' } })], 'test');
    const { tickId } = await claimOnce(db, holder('r1'), undefined, deadWorker);
    const inHand = (worker: string) => ({ tickId, token: 1, worker });
    const counts = async (worker: string, only?: string[]) =>
      (await takeUp(db, inHand(worker), only)).map(({ claimCount }) => claimCount);
    expect(await counts('aol-test')).toEqual([1, 1]);
    expect(await counts('aol-test')).toEqual([1, 1]);
    expect(await counts(deadWorker.worker)).toEqual([1, 1]);
    const held = await takeUp(db, inHand('aol-test'));
    expect(held.every(isSuspect)).toBe(true);
    // Nobody has them in hand now, so nobody dies with them.
    expect(await counts('aol-test')).toEqual([2, 2]);
    const [first, second] = held;
    expect(await counts(deadWorker.worker, [first?.id ?? ''])).toEqual([2]);
    expect(await counts('aol-test')).toEqual([2]);
    expect(await findAction(db, first?.id ?? '')).toMatchObject({ status: 'DLQ', dlq_reason: 'crashed' });
    expect(await findAction(db, second?.id ?? '')).toMatchObject({ status: 'RUNNING', claim_count: 2 });
  });

  test('a tick that a replay has forgotten is taken back at the next look, not after its lease', async () => {
    await enqueue(db, [request({ payload: { content: 'first' } })], 'test');
    const first = await claimOnce(db, holder('r1'));
    await closeAttempts(
      db,
      { tickId: first.tickId, token: 1 },
      (await claimedActions(db, first.tickId)).map((a) => success(a.id)),
    );
    await enqueue(db, [request({ payload: { content: 'second' } })], 'test');
    const forgotten = await claimOnce(db, holder('r1', 1));
    expect(forgotten.result).toMatchObject({ kind: 'claimed', claimed: 1 });
    // Both ticks ran in one workflow task, and its worker died: the replay begins with the first one's id again.
    const again = await claimOnce(db, holder('r1'), first.tickId);
    expect(again.result).toMatchObject({ kind: 'claimed', resumed: true, pacing: { nextDueInMs: 0 } });
    const next = await claimOnce(db, holder('r1', 1));
    expect(await contents(next.tickId)).toEqual(['second']);
    expect(await ledger()).toMatchObject([
      { outcome: 'OK', succeeded: 1 },
      { outcome: 'ERROR', claimed: 1, released: 1, running: 0 },
      { outcome: null, claimed: 1, running: 1 },
    ]);
  });

  test('two workers that run one run, one of them woken after a freeze, take proofs from each other: nobody died', async () => {
    await enqueue(db, [request({ payload: { content: 'innocent' } })], 'test');
    const claims: string[] = [];
    for (let round = 1; round <= 5; round += 1) claims.push((await claimOnce(db, holder('r1'))).tickId);
    expect(await contents(claims.at(-1) ?? '')).toEqual(['innocent']);
    expect((await db.query('SELECT status, claim_count FROM aol_actions')).rows).toEqual([
      { status: 'RUNNING', claim_count: 0 },
    ]);
  });

  test('an action that was asked to be cancelled while it ran is cancelled when it is taken back', async () => {
    await enqueue(db, [request()], 'test');
    const { tickId } = await claimOnce(db, holder('r1'));
    const [action] = await claimedActions(db, tickId);
    const asked = await cancelAction(db, action?.id ?? '', { actor: 'test' });
    expect(asked).toMatchObject({ status: 'RUNNING', cancel_requested: true });
    await claimOnce(db, holder('r2'));
    expect((await findAction(db, action?.id ?? '')).status).toBe('CANCELLED');
  });
});

describe('closing', () => {
  test('writes state, log and ledger together, and a second time changes nothing', async () => {
    await enqueue(
      db,
      Array.from({ length: 3 }, () => request()),
      'test',
    );
    const { tickId } = await claimOnce(db, holder('r1'));
    const [first, second, third] = await claimedActions(db, tickId);
    const results = [
      success(first?.id ?? ''),
      { to: 'RETRY' as const, id: second?.id ?? '', delayMs: 60_000, message: 'disk full', durationMs: 1 },
      { to: 'DLQ' as const, id: third?.id ?? '', reason: 'rejected' as const, message: 'bad', durationMs: 1 },
    ];
    const tick = { tickId, token: 1 };
    const summary = await closeAttempts(db, tick, results);
    expect(summary).toMatchObject({
      outcome: 'OK',
      claimed: 3,
      succeeded: 1,
      retried: 1,
      failed: 1,
      deadLettered: 1,
      running: 0,
    });
    expect(await closeAttempts(db, tick, results)).toEqual({ ...summary, nextDueInMs: expect.any(Number) });
    const { rows } = await db.query('SELECT status, attempts, last_error, dlq_reason FROM aol_actions ORDER BY status');
    expect(rows).toEqual([
      { status: 'DLQ', attempts: 1, last_error: 'bad', dlq_reason: 'rejected' },
      // It waits in the queue.
      { status: 'PENDING', attempts: 1, last_error: 'disk full', dlq_reason: null },
      { status: 'SUCCESS', attempts: 1, last_error: null, dlq_reason: null },
    ]);
  });

  test('a tick that never was is an error', async () => {
    await expect(closeAttempts(db, { tickId: randomUUID(), token: 1 }, [])).rejects.toThrow(LeaseLostError);
  });
});
