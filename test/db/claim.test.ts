import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import type { Database, Queryable } from '../../src/db/pool.ts';
import { claimTick, claimWithActions } from '../../src/db/queue/claim.ts';
import { closeAttempts } from '../../src/db/queue/close.ts';
import { LeaseLostError } from '../../src/domain/errors.ts';
import { databaseForEach } from '../support/database-for-each.ts';
import {
  claimedActions,
  claimedTexts,
  claimOnce,
  closeAll,
  holder,
  ledgerOf,
  proofWorker,
  realWorker,
  request,
  requests,
  setFlag,
  success,
} from '../support/engine.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { until } from '../support/until.ts';

let db: Database;
databaseForEach(async (fresh) => {
  db = fresh;
  await setFlag(db, 'tick_interval_ms', 0);
});

describe('a claim', () => {
  test('takes at most max_actions_per_tick: by priority, then time, and one slot for the oldest', async () => {
    await enqueue(db, [request({ payload: { content: 'oldest' }, priority: -5 })], 'test');
    const contentsQueued = ['a', 'b', 'c', 'd'];
    for (const [index, content] of contentsQueued.entries()) {
      await enqueue(db, [request({ payload: { content }, priority: index })], 'test');
    }
    const first = await claimOnce(db, holder('r1'));
    expect(await claimedTexts(db, first.tickId)).toEqual(['c', 'd', 'oldest']);
    await closeAll(db, first.tickId);
    const second = await claimOnce(db, holder('r1', 1));
    expect(await claimedTexts(db, second.tickId)).toEqual(['a', 'b']);
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
      return { claimed: await closeAll(db, tickId), nextDueInMs: result.pacing.nextDueInMs ?? 0 };
    };
    expect(await claimAndClose()).toEqual({ claimed: 3, nextDueInMs: 0 });
    const last = await claimAndClose();
    expect(last.claimed).toBe(1);
    expect(last.nextDueInMs).toBeGreaterThan(55_000);
    await enqueue(db, requests(3), 'test');
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
      expect(await claimedTexts(db, tickId)).toEqual(['free']);
    } finally {
      await other.query('ROLLBACK');
      other.release();
    }
  });

  test('twice under one tick id is one claim', async () => {
    await enqueue(db, requests(4), 'test');
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
    await enqueue(db, requests(5), 'test');
    const { tickId } = await claimOnce(db, holder('r1'));
    await closeAll(db, tickId);
    for (const by of [holder('r1', 1), holder('r2')]) {
      const { result } = await claimOnce(db, by);
      expect(result).toMatchObject({ kind: 'quiet', outcome: 'IDLE', pacing: { nextDueInMs: 0 } });
      expect(result.pacing.claimInMs).toBeGreaterThan(50_000);
    }
    expect(await ledgerOf(db)).toHaveLength(1);
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
    await enqueue(db, requests(9, { mode: 'REAL' }), 'test');
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
  test('of a new run takes the lane from the run before it at once; one of a run that has ended comes too late', async () => {
    await enqueue(db, [request()], 'test');
    expect((await claimOnce(db, holder('r1'))).result).toMatchObject({ token: 1 });
    expect((await claimOnce(db, holder('r2'))).result).toMatchObject({ token: 2 });
    // Its worker stood still between the run's start and its first claim; the run was ended meanwhile.
    expect((await claimOnce(db, holder('r1'))).result).toMatchObject({ kind: 'quiet', outcome: 'NO_LEASE' });
    expect((await claimOnce(db, holder('r2', 2))).result).toMatchObject({ kind: 'claimed', token: 2 });
    await db.query(`UPDATE aol_lease SET expires_at = now() - interval '1 second'`);
    expect((await claimOnce(db, holder('r1'))).result).toMatchObject({ token: 3 });
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

  test('kill ends the ownership: a run whose last look is made again after a start gets a later token', async () => {
    await enqueue(db, [request()], 'test');
    const { tickId } = await claimOnce(db, holder('r1'));
    await pressControl(db, '*', { killed: true }, { actor: 'test' });
    expect((await claimOnce(db, holder('r1', 1), tickId)).result).toMatchObject({ kind: 'quiet', outcome: 'KILLED' });
    await pressControl(db, '*', { killed: false }, { actor: 'test' });
    // Temporal did not take the task that ended the run, because a signal had come: its look is made once more.
    expect((await claimOnce(db, holder('r1', 1), tickId)).result).toMatchObject({ kind: 'quiet', token: 2 });
    expect((await claimOnce(db, holder('r1', 2))).result).toMatchObject({ kind: 'claimed', token: 2, claimed: 1 });
  });

  /** A claim of a lane that somebody else holds, until what is to happen meanwhile has happened. */
  async function claimThatWaits<Answer>(meanwhile: (other: Queryable) => Promise<Answer>) {
    const other = await db.connect();
    try {
      await other.query(`BEGIN; SELECT FROM aol_lease WHERE lane = 'default' FOR UPDATE`);
      const claim = claimOnce(db, holder('r1'));
      await until('the claim waits', async () => (await lockWaits(db)) === 1);
      const answer = await meanwhile(other);
      await other.query('COMMIT');
      return { ...(await claim), answer };
    } finally {
      other.release();
    }
  }

  test('that had to wait for its lane sees the kill that was committed meanwhile', async () => {
    await enqueue(db, [request()], 'test');
    const { result } = await claimThatWaits(() => setFlag(db, 'killed', true));
    expect(result).toMatchObject({ kind: 'quiet', outcome: 'KILLED' });
  });

  test.each([
    ['claims something', 1],
    ['finds nothing', 0],
  ])('that had to wait for its lane and %s begins its tick when the lane is free', async (_words, howMany) => {
    await enqueue(db, requests(howMany), 'test');
    const { tickId, answer } = await claimThatWaits((other) => other.query('SELECT clock_timestamp() AS free'));
    const begun = 'SELECT started_at >= $2::timestamptz AS is_later FROM aol_tick_ledger WHERE id = $1';
    expect((await db.query(begun, [tickId, answer.rows[0]?.free])).rows).toEqual([{ is_later: true }]);
  });

  test('once kill has answered, no claim begins: 20 kills against claims at full speed', async () => {
    await setFlag(db, 'max_actions_per_tick', 1);
    await enqueue(db, requests(400), 'test');
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

describe('closing', () => {
  test('writes state, log and ledger together, and a second time changes nothing', async () => {
    await enqueue(db, requests(3), 'test');
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
