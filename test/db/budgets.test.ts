/** Budgets: reserved at the gate, settled by the outcome. */

import { describe, expect, test } from '@jest/globals';
import { setBudget } from '../../src/db/decide/budgets.ts';
import { resolveAction } from '../../src/db/decide/decisions.ts';
import { listBudgets } from '../../src/db/look/budgets.ts';
import { leaveTick } from '../../src/db/queue/attempts.ts';
import { passGate, passGates } from '../../src/db/queue/gate.ts';
import type { Draw } from '../../src/domain/budgets.ts';
import {
  admin,
  countersAreTheLog,
  db,
  held,
  limit,
  notSent,
  one,
  opened,
  record,
  unknown,
  useBudgetDatabase,
  used,
  web,
} from '../support/budget-scene.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { until } from '../support/until.ts';

useBudgetDatabase();

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
