/** Actions as people see them: with the reason why they wait, and how many of several approvals are there. */

import type { Action } from '../../contracts/http/action.ts';
import { type FlagRow, flagsInForce } from '../../domain/flags.ts';
import { type ActionRow, type ActionView, toAction, waitingReason } from '../action-row.ts';
import { approvalProgress } from '../decide/approvals.ts';
import { readFlagRows } from '../decide/flags.ts';
import type { Queryable } from '../pool.ts';
import { countWorkers, type WorkerCount } from './workers.ts';

/** What explains why actions wait. */
export interface WaitingFacts {
  readonly flagRows: readonly FlagRow[];
  readonly workers: WorkerCount;
}

export async function readWaitingFacts(db: Queryable): Promise<WaitingFacts> {
  const [flagRows, workers] = await Promise.all([readFlagRows(db), countWorkers(db)]);
  return { flagRows, workers };
}

/**
 * Turns rows into actions.
 *
 * @param facts from somebody who asked for them together with the rows, which saves a round trip; absent: they are read, if a row waits
 */
export async function presentActions(
  db: Queryable,
  rows: readonly ActionRow[],
  view: ActionView,
  facts?: WaitingFacts,
): Promise<Action[]> {
  const waits = ['PENDING', 'RETRY', 'AWAITING_APPROVAL'];
  if (!rows.some((row) => waits.includes(row.status))) return rows.map((row) => toAction(row, view));
  const { flagRows, workers } = facts ?? (await readWaitingFacts(db));
  const approvals = await approvalProgress(
    db,
    rows.filter((row) => asksSeveral(row, flagRows)).map((row) => row.id),
  );
  const now = new Date();
  return rows.map((row) => {
    const reason = waitingReason(row, flagsInForce(row.lane, flagRows), workers.real === 0, now);
    const approval = approvals.get(row.id) ?? null;
    const unattended = row.status === 'PENDING' && workers.count === 0 ? 'no worker is running' : null;
    return { ...toAction(row, view), waiting: reason ?? approval ?? unattended };
  });
}

function asksSeveral({ status, lane }: ActionRow, flagRows: readonly FlagRow[]): boolean {
  return status === 'AWAITING_APPROVAL' && flagsInForce(lane, flagRows).approvals_needed > 1;
}
