/** `aol_actions`: enqueue, read, cancel. Lists stand in `action-list.ts`, claiming and closing in `claim.ts` and `close.ts`. */

import { v7 as uuidv7 } from 'uuid';
import type { EnqueueRequest } from '../contracts/action.ts';
import { KeyConflictError, NotFoundError, StateConflictError, UnprocessableError } from '../domain/errors.ts';
import { canonicalJson, sha256Hex } from '../domain/hashing.ts';
import type { ActionStatus } from '../domain/states.ts';
import type { ActionRow } from './action-row.ts';
import { appendLog } from './logs.ts';
import { type Database, type Queryable, query, transaction } from './pool.ts';

/** How one request of a batch ended. */
export type EnqueueResult =
  | { readonly kind: 'created'; readonly row: ActionRow }
  | { readonly kind: 'existing'; readonly row: ActionRow }
  | { readonly kind: 'refused'; readonly error: KeyConflictError | UnprocessableError };

/** What makes two requests the same request: everything that was asked for, in canonical form. */
export function requestHash(request: EnqueueRequest): string {
  const { idempotencyKey: _key, lane: _lane, ...asked } = request;
  return sha256Hex(canonicalJson(asked));
}

/**
 * Queues requests in one statement, so in one transaction, in the order given. When it returns, the rows are committed.
 * The same key again answers the row that is there; with another request it is refused.
 */
export async function enqueue(
  db: Queryable,
  requests: readonly EnqueueRequest[],
  actor: string,
): Promise<EnqueueResult[]> {
  const items = requests.map((request) => {
    const id = uuidv7();
    return { id, request, key: request.idempotencyKey ?? id, hash: requestHash(request) };
  });
  const created = new Map((await insertRows(db, items, actor)).map((row) => [row.id, row]));
  const others = await rowsByKey(
    db,
    items.filter((item) => !created.has(item.id)),
  );
  return items.map((item): EnqueueResult => {
    const mine = created.get(item.id);
    if (mine) return { kind: 'created', row: mine };
    const row = others.get(laneAndKey(item.request.lane, item.key));
    if (!row) return { kind: 'refused', error: unknownLane(item.request.lane) };
    if (row.request_hash !== item.hash) return { kind: 'refused', error: new KeyConflictError(row.id) };
    return { kind: 'existing', row };
  });
}

interface NewAction {
  readonly id: string;
  readonly request: EnqueueRequest;
  readonly key: string;
  readonly hash: string;
}

/** Inserts what is new and whose lane exists. In the order of the keys, so that two batches never wait for each other. */
async function insertRows(db: Queryable, items: readonly NewAction[], actor: string): Promise<ActionRow[]> {
  if (items.length === 0) return [];
  return query<ActionRow>(
    db,
    `WITH new_actions AS (
       INSERT INTO aol_actions
         (id, lane, type, payload, idempotency_key, request_hash, mode, priority, run_at, due_at, max_attempts,
          approval_needed, created_by)
       SELECT id, lane, type, payload, idempotency_key, request_hash, mode, priority, coalesce(run_at, now()), coalesce(run_at, now()), max_attempts,
         approval_needed, $12
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::text[], $8::smallint[],
         $9::timestamptz[], $10::smallint[], $11::boolean[])
         AS n (id, lane, type, payload, idempotency_key, request_hash, mode, priority, run_at, max_attempts, approval_needed)
       WHERE EXISTS (SELECT FROM aol_lease WHERE aol_lease.lane = n.lane)
       ORDER BY lane, idempotency_key, id
       ON CONFLICT (lane, idempotency_key) DO NOTHING
       RETURNING *),
     logged AS (
       INSERT INTO aol_execution_logs (lane, action_id, event, actor, message)
       SELECT lane, id, 'ENQUEUED', $12, type || ' in mode ' || mode FROM new_actions)
     SELECT * FROM new_actions`,
    [
      items.map((item) => item.id),
      items.map((item) => item.request.lane),
      items.map((item) => item.request.type),
      items.map((item) => JSON.stringify(item.request.payload)),
      items.map((item) => item.key),
      items.map((item) => item.hash),
      items.map((item) => item.request.mode),
      items.map((item) => item.request.priority),
      items.map((item) => item.request.runAt ?? null),
      items.map((item) => item.request.maxAttempts),
      items.map((item) => item.request.requireApproval),
      actor,
    ],
  );
}

async function rowsByKey(db: Queryable, items: readonly NewAction[]): Promise<Map<string, ActionRow>> {
  if (items.length === 0) return new Map();
  const rows = await query<ActionRow>(
    db,
    `SELECT a.* FROM unnest($1::text[], $2::text[]) AS wanted (lane, key)
     JOIN aol_actions a ON a.lane = wanted.lane AND a.idempotency_key = wanted.key`,
    [items.map((item) => item.request.lane), items.map((item) => item.key)],
  );
  return new Map(rows.map((row) => [laneAndKey(row.lane, row.idempotency_key), row]));
}

function laneAndKey(lane: string, key: string): string {
  return `${lane}/${key}`;
}

function unknownLane(lane: string): UnprocessableError {
  return new UnprocessableError(`there is no lane ${lane}`, [{ field: 'lane', rule: 'must be a lane that exists' }]);
}

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
