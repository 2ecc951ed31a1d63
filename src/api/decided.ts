/** What every decision about an action ends with. */

import type { Action } from '../contracts/http/action.ts';
import { type ActionRow, toAction } from '../db/action-row.ts';
import { presentActions } from '../db/look/present.ts';
import type { ApiContext } from './context.ts';

/** Wakes the lane of what is in the queue again, and answers the action with the reason why it waits, if it does. */
export async function decided({ database, waker, view }: ApiContext, row: ActionRow): Promise<Action> {
  if (row.status === 'PENDING') waker.wake(row.lane);
  const [action] = await presentActions(database, [row], view);
  return action ?? toAction(row, view);
}
