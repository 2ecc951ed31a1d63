/** Room that comes back to a budget wakes what waits for it. */

import { describe, expect, test } from '@jest/globals';
import { resolveAction } from '../../src/db/decide/decisions.ts';
import { lanesInNeed } from '../../src/db/keep/supervise.ts';
import { leaveTick } from '../../src/db/queue/attempts.ts';
import { passGate } from '../../src/db/queue/gate.ts';
import type { Draw } from '../../src/domain/budgets.ts';
import {
  admin,
  db,
  held,
  leaveNoRoom,
  limit,
  notSent,
  one,
  opened,
  record,
  spent,
  unknown,
  useBudgetDatabase,
  web,
} from '../support/budget-scene.ts';

useBudgetDatabase();

describe('room that is given back', () => {
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
});
