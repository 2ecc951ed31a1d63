/** `aol_actions`: read, list, cancel. Queueing stands in `enqueue.ts`, claiming and closing in `claim.ts` and `close.ts`. */

import type { ActionListQuery } from '../contracts/action.ts';
import { NotFoundError, StateConflictError } from '../domain/errors.ts';
import type { ActionStatus } from '../domain/states.ts';
import type { ActionRow } from './action-row.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { appendLog } from './logs.ts';
import { type Database, type Queryable, query, transaction } from './pool.ts';

export { type EnqueueResult, enqueue } from './enqueue.ts';

/** @throws NotFoundError */
export async function findAction(db: Queryable, id: string): Promise<ActionRow> {
  const [row] = await query<ActionRow>(db, 'SELECT * FROM aol_actions WHERE id = $1', [id]);
  if (!row) throw new NotFoundError(`there is no action ${id}`);
  return row;
}

/** Newest first. Ids are UUIDv7, so their order is the order of creation. */
export async function listActions(
  db: Queryable,
  filter: ActionListQuery,
): Promise<{ readonly rows: ActionRow[]; readonly nextCursor: string | null; readonly total: number }> {
  const before = filter.cursor === undefined ? null : decodeCursor(filter.cursor, /^[0-9a-f-]{36}$/);
  const where = `($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR type = $2) AND ($3::text IS NULL OR lane = $3)`;
  const values = [filter.status ?? null, filter.type ?? null, filter.lane ?? null];
  const rows = await query<ActionRow>(
    db,
    `SELECT * FROM aol_actions WHERE ${where} AND ($4::uuid IS NULL OR id < $4) ORDER BY id DESC LIMIT $5`,
    [...values, before, filter.limit + 1],
  );
  const [count] = await query<{ total: number }>(
    db,
    `SELECT count(*) AS total FROM aol_actions WHERE ${where}`,
    values,
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    rows: page,
    nextCursor: rows.length > filter.limit && last ? encodeCursor(last.id) : null,
    total: count?.total ?? 0,
  };
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
