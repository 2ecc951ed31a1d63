/** `aol_actions`: read, cancel. Lists stand in `action-list.ts`, queueing in `enqueue.ts`, claiming and closing in `claim.ts` and `close.ts`. */

import { NotFoundError, StateConflictError } from '../../domain/errors.ts';
import type { ActionStatus } from '../../domain/states.ts';
import type { ActionRow } from '../action-row.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';

export { type EnqueueResult, enqueue } from '../queue/enqueue.ts';

/** @throws NotFoundError */
export async function findAction(db: Queryable, id: string): Promise<ActionRow> {
  const [row] = await query<ActionRow>(db, 'SELECT * FROM aol_actions WHERE id = $1', [id]);
  if (!row) throw new NotFoundError(`there is no action ${id}`);
  return row;
}

const CANCELLABLE: readonly ActionStatus[] = ['PENDING', 'RETRY', 'AWAITING_APPROVAL', 'UNCONFIRMED', 'DLQ'];

/**
 * Cancels what waits; asks of what runs, which is released if it has not passed the gate, else its outcome stands.
 *
 * @throws StateConflictError when the action is final
 */
export async function cancelAction(
  db: Database,
  id: string,
  by: { readonly actor: string; readonly reason?: string | undefined },
): Promise<ActionRow> {
  return transaction(db, async (connection) => {
    const [row] = await query<ActionRow>(connection, 'SELECT * FROM aol_actions WHERE id = $1 FOR UPDATE', [id]);
    if (!row) throw new NotFoundError(`there is no action ${id}`);
    const cancellable = CANCELLABLE.includes(row.status);
    if (!cancellable && row.status !== 'RUNNING') {
      throw new StateConflictError(`an action that is ${row.status} cannot be cancelled`, row.status);
    }
    if (row.status === 'RUNNING' && row.cancel_requested) return row;
    const [changed] = await query<ActionRow>(
      connection,
      cancellable
        ? `UPDATE aol_actions SET status = 'CANCELLED', dlq_reason = NULL, claim_tick_id = NULL, claim_lease_token = NULL,
             claim_until = NULL, finished_at = now(), updated_at = now() WHERE id = $1 RETURNING *`
        : 'UPDATE aol_actions SET cancel_requested = true, updated_at = now() WHERE id = $1 RETURNING *',
      [id],
    );
    await appendLog(connection, {
      lane: row.lane,
      actionId: id,
      event: cancellable ? 'CANCELLED' : 'CANCEL_REQUESTED',
      level: 'WARNING',
      actor: by.actor,
      message: by.reason ?? (cancellable ? `cancelled while ${row.status}` : 'cancel asked for while it runs'),
    });
    return changed ?? row;
  });
}
