/** Actions that others need to be done before: a post that is replied to. */

import type { JsonValue } from '../../contracts/http/json.ts';
import type { ActionStatus } from '../../domain/states.ts';
import { type Queryable, query } from '../pool.ts';

/** The lanes and types of actions, those that are there. */
export async function findEarlier(
  db: Queryable,
  ids: readonly string[],
): Promise<ReadonlyMap<string, { readonly lane: string; readonly type: string }>> {
  if (ids.length === 0) return new Map();
  const rows = await query<{ id: string; lane: string; type: string }>(
    db,
    'SELECT id, lane, type FROM aol_actions WHERE id = ANY ($1::uuid[])',
    [ids],
  );
  return new Map(rows.map(({ id, ...row }) => [id, row]));
}

export interface EarlierAction {
  readonly id: string;
  readonly lane: string;
  readonly type: string;
  readonly mode: 'PROOF' | 'REAL';
  readonly status: ActionStatus;
  readonly receipt: JsonValue;
}

/** What an action has become: itself, or what it was promoted to. Undefined where it is not there. */
export async function readEarlier(db: Queryable, id: string): Promise<EarlierAction | undefined> {
  const [row] = await query<EarlierAction & Record<string, unknown>>(
    db,
    'SELECT id, lane, type, mode, status, receipt FROM aol_actions WHERE id = aol_became($1)',
    [id],
  );
  return row;
}

const PREFIX = 'action:';

/** How a row says that it waits for an action, which was seen in that status. */
export function heldByAction(id: string, status: ActionStatus): string {
  return `${PREFIX}${id} ${status}`;
}

/** What waits for an action that has ended, or came to rest, is due at once. Answers the lanes that need to know. */
export async function releaseFollowers(db: Queryable): Promise<string[]> {
  const rows = await query<{ lane: string }>(db, 'SELECT lane FROM aol_release_followers()');
  return rows.map(({ lane }) => lane);
}
