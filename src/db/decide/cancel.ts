/** `aol_actions`: read, cancel. Lists stand in `action-list.ts`, queueing in `enqueue.ts`, claiming and closing in `claim.ts` and `close.ts`. */

import { ForbiddenError, NotFoundError, StateConflictError } from '../../domain/errors.ts';
import { type ActionStatus, isFinal } from '../../domain/states.ts';
import type { ActionRow } from '../action-row.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { leave } from '../queue/leave.ts';

export { type EnqueueResult, enqueue } from '../queue/enqueue.ts';

/** @throws NotFoundError */
export async function findAction(db: Queryable, id: string): Promise<ActionRow> {
  const [row] = await query<ActionRow>(db, 'SELECT * FROM aol_actions WHERE id = $1', [id]);
  if (!row) throw new NotFoundError(`there is no action ${id}`);
  return row;
}

/** Waits, and belongs to no tick. */
const WAITING: readonly ActionStatus[] = ['PENDING', 'AWAITING_APPROVAL', 'UNCONFIRMED', 'DLQ'];
/** What became of these is a person's to judge. */
const FOR_PEOPLE: readonly ActionStatus[] = ['UNCONFIRMED', 'DLQ'];

/**
 * Cancels what waits. Of what runs, or may have been sent, it asks: released before the gate it is cancelled, else its outcome stands.
 *
 * @param by with `onlyOwn` only what the same actor queued, and nothing that ended and waits for a person
 * @throws StateConflictError when the action is final, or was sent: its receipt came late
 * @throws ForbiddenError
 */
export async function cancelAction(
  db: Database,
  id: string,
  by: { readonly actor: string; readonly reason?: string | undefined; readonly onlyOwn?: boolean },
): Promise<ActionRow> {
  return transaction(db, async (connection) => {
    const [row] = await query<ActionRow>(connection, 'SELECT * FROM aol_actions WHERE id = $1 FOR UPDATE', [id]);
    if (!row) throw new NotFoundError(`there is no action ${id}`);
    if (by.onlyOwn) requireOwn(row, by.actor);
    if (isFinal(row.status)) {
      throw new StateConflictError(`an action that is ${row.status} cannot be cancelled`, row.status);
    }
    const message = by.reason ?? `cancelled while ${row.status}`;
    const sent = row.mode === 'REAL' ? await isSent(connection, id) : null;
    if (sent === 'sent') {
      throw new StateConflictError('it was sent: its receipt came late. It cannot be cancelled', row.status);
    }
    const mayHaveHappened = row.status !== 'UNCONFIRMED' && sent === 'unknown';
    if (row.status === 'RETRY' && !mayHaveHappened) {
      await leave(connection, [{ actionId: id, to: 'CANCELLED', message, actor: by.actor }]);
      return findAction(connection, id);
    }
    const isCancelled = WAITING.includes(row.status) && !mayHaveHappened;
    if (!isCancelled && row.cancel_requested) return findAction(connection, id);
    await query(
      connection,
      isCancelled
        ? `UPDATE aol_actions SET status = 'CANCELLED', dlq_reason = NULL, finished_at = now(), updated_at = now() WHERE id = $1`
        : 'UPDATE aol_actions SET cancel_requested = true, updated_at = now() WHERE id = $1',
      [id],
    );
    await appendLog(connection, {
      lane: row.lane,
      actionId: id,
      event: isCancelled ? 'CANCELLED' : 'CANCEL_REQUESTED',
      level: 'WARNING',
      actor: by.actor,
      message: isCancelled ? message : (by.reason ?? 'cancel asked for while it may run'),
      detail: { reason: by.reason ?? null },
    });
    return findAction(connection, id);
  });
}

/**
 * Whether an effect that waits was sent: a receipt of it came late (`sent`), or an attempt of it may have happened, and neither its
 * outcome nor a person has said so yet (`unknown`).
 */
export async function isSent(db: Queryable, id: string): Promise<'sent' | 'unknown' | null> {
  const [row] = await query<{ sent: 'sent' | 'unknown' | null }>(db, 'SELECT aol_sent($1) AS sent', [id]);
  return row?.sent ?? null;
}

function requireOwn(row: ActionRow, actor: string): void {
  if (row.created_by !== actor) {
    throw new ForbiddenError(`action ${row.id} was queued by ${row.created_by}: an agent cancels only its own`);
  }
  if (FOR_PEOPLE.includes(row.status)) {
    throw new ForbiddenError(`action ${row.id} is ${row.status}: a person has to look at it`);
  }
}
