/** What every decision about actions ends with. */

import type { Action } from '../contracts/http/action.ts';
import { type ActionRow, toAction } from '../db/action-row.ts';
import { presentActions } from '../db/look/present.ts';
import type { ApiContext } from './context.ts';

/** Wakes the lane of what is in the queue again, and answers the action with the reason why it waits, if it does. */
export async function decided(context: ApiContext, row: ActionRow): Promise<Action> {
  const [action] = await allDecided(context, [row]);
  return action ?? toAction(row, context.view);
}

/**
 * The same for several: each lane is woken once. They are decided, whether or not what explains their waiting can be read: where it
 * cannot, the answer leaves it out, and is no error.
 */
export function allDecided(
  { database, waker, view }: ApiContext,
  rows: readonly ActionRow[],
): Promise<readonly Action[]> {
  for (const lane of new Set(rows.flatMap(({ status, lane }) => (status === 'PENDING' ? [lane] : [])))) {
    waker.wake(lane);
  }
  return presentActions(database, rows, view).catch(() => rows.map((row) => toAction(row, view)));
}
