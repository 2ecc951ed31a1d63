/** Actions as people see them: with the reason why they wait. */

import type { Action } from '../../contracts/http/action.ts';
import { flagsInForce } from '../../domain/flags.ts';
import { type ActionRow, type TemporalLink, toAction, waitingReason } from '../action-row.ts';
import { readFlagRows } from '../decide/flags.ts';
import type { Queryable } from '../pool.ts';
import { countWorkers } from './workers.ts';

/** Turns rows into actions; flags and workers are read only when one of them waits. */
export async function presentActions(db: Queryable, rows: readonly ActionRow[], link: TemporalLink): Promise<Action[]> {
  const waits = rows.some((row) => row.status === 'PENDING' || row.status === 'RETRY');
  if (!waits) return rows.map((row) => toAction(row, link));
  const [flagRows, workers] = await Promise.all([readFlagRows(db), countWorkers(db)]);
  const now = new Date();
  return rows.map((row) => {
    const reason = waitingReason(row, flagsInForce(row.lane, flagRows), workers.real === 0, now);
    const unattended = row.status === 'PENDING' && workers.count === 0 ? 'no worker is running' : null;
    return { ...toAction(row, link), waiting: reason ?? unattended };
  });
}
