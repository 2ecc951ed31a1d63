import { describe, expect, test } from '@jest/globals';
import { cancelAction, enqueue, findAction } from '../../src/db/decide/cancel.ts';
import type { Database } from '../../src/db/pool.ts';
import { isSuspect, takeUp } from '../../src/db/queue/claimed-action.ts';
import { closeAttempts } from '../../src/db/queue/close.ts';
import { databaseForEach } from '../support/database-for-each.ts';
import {
  claimedActions,
  claimedTexts,
  claimOnce,
  closeAll,
  deadWorker,
  holder,
  ledgerOf,
  request,
  requests,
  setFlag,
  success,
} from '../support/engine.ts';

let db: Database;
databaseForEach(async (fresh) => {
  db = fresh;
  await setFlag(db, 'tick_interval_ms', 0);
});

describe('what a dead worker leaves behind', () => {
  test('is taken back by the next run, together, and counted', async () => {
    await enqueue(db, requests(3), 'test');
    await claimOnce(db, holder('r1'), undefined, deadWorker);
    const { tickId, result } = await claimOnce(db, holder('r2'));
    expect(result).toMatchObject({ kind: 'claimed', token: 2, claimed: 3 });
    expect((await claimedActions(db, tickId)).map(({ claimCount }) => claimCount)).toEqual([1, 1, 1]);
    const [lost] = await ledgerOf(db);
    expect(lost).toMatchObject({ outcome: 'ERROR', claimed: 3, released: 3, running: 0 });
  });

  test('is claimed alone when workers have died with it twice', async () => {
    await enqueue(db, requests(3), 'test');
    await claimOnce(db, holder('r1'), undefined, deadWorker);
    await claimOnce(db, holder('r2'), undefined, deadWorker);
    expect((await claimOnce(db, holder('r3'))).result).toMatchObject({ claimed: 1 });
  });

  test('what a living worker had claimed is taken back too, and is no death: not alone, never crashed', async () => {
    await enqueue(db, requests(3), 'test');
    for (let round = 1; round <= 5; round += 1) {
      const { result } = await claimOnce(db, holder(`run-${round}`));
      expect(result).toMatchObject({ kind: 'claimed', claimed: 3 });
      if (round % 2 === 0) await db.query(`UPDATE aol_actions SET claim_until = now() - interval '1 second'`);
    }
    const { rows } = await db.query('SELECT DISTINCT claim_count FROM aol_actions');
    expect(rows).toEqual([{ claim_count: 0 }]);
  });

  test('a kill is no death: what it takes back is claimed together again', async () => {
    await enqueue(db, requests(3), 'test');
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
    await closeAll(db, first.tickId);
    await enqueue(db, [request({ payload: { content: 'second' } })], 'test');
    const forgotten = await claimOnce(db, holder('r1', 1));
    expect(forgotten.result).toMatchObject({ kind: 'claimed', claimed: 1 });
    // Both ticks ran in one workflow task, and its worker died: the replay begins with the first one's id again.
    const again = await claimOnce(db, holder('r1'), first.tickId);
    expect(again.result).toMatchObject({ kind: 'claimed', resumed: true, pacing: { nextDueInMs: 0 } });
    const next = await claimOnce(db, holder('r1', 1));
    expect(await claimedTexts(db, next.tickId)).toEqual(['second']);
    expect(await ledgerOf(db)).toMatchObject([
      { outcome: 'OK', succeeded: 1 },
      { outcome: 'ERROR', claimed: 1, released: 1, running: 0 },
      { outcome: null, claimed: 1, running: 1 },
    ]);
  });

  test('two workers that run one run, one of them woken after a freeze, take proofs from each other: nobody died', async () => {
    await enqueue(db, [request({ payload: { content: 'innocent' } })], 'test');
    const claims: string[] = [];
    for (let round = 1; round <= 5; round += 1) claims.push((await claimOnce(db, holder('r1'))).tickId);
    expect(await claimedTexts(db, claims.at(-1) ?? '')).toEqual(['innocent']);
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
