/** What people change about an action before anything of it was sent: its payload, its time, or a word to whoever asked for it. */

import { v7 as uuidv7 } from 'uuid';
import type { JsonObject } from '../../contracts/http/json.ts';
import { StateConflictError } from '../../domain/errors.ts';
import { canonicalJson, sha256Hex } from '../../domain/hashing.ts';
import type { ActionStatus } from '../../domain/states.ts';
import type { ActionRow } from '../action-row.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { findAction, isSent } from './cancel.ts';
import type { DecidedBy } from './decisions.ts';

/** What is to be different; absent: as it is. */
export interface Revision {
  readonly payload?: JsonObject | undefined;
  /** ISO 8601. */
  readonly runAt?: string | undefined;
}

const REVISABLE: readonly ActionStatus[] = ['PENDING', 'AWAITING_APPROVAL', 'DLQ'];
const MOVABLE: readonly ActionStatus[] = ['PENDING', 'AWAITING_APPROVAL'];
/** Of an action that revises another. */
const REVISION_KEY = /^revise:([0-9a-f-]{36}):([0-9]+)$/;

/**
 * Ends an action as CANCELLED and queues a changed one in its place, in one transaction. A REAL one always awaits approval, and whoever
 * revised it has asked for it. The same revision again answers the action that is there.
 *
 * @throws NotFoundError
 * @throws StateConflictError when it is at work, has ended, was revised otherwise, or may have been sent
 */
export function reviseAction(
  db: Database,
  id: string,
  revision: Revision,
  by: DecidedBy,
): Promise<{ readonly created: boolean; readonly row: ActionRow }> {
  return transaction(db, async (connection) => {
    const old = await lockAction(connection, id);
    const payload = revision.payload ?? old.payload;
    const hash = sha256Hex(canonicalJson({ revise: id, payload, runAt: revision.runAt ?? null }));
    if (old.revised_by !== null) return { created: false, row: await revisedAlready(connection, old, hash) };
    await requireUnsent(connection, old, REVISABLE, 'revised');
    const newId = uuidv7();
    const [revised] = await query<ActionRow>(
      connection,
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, revises, priority, run_at, due_at,
         max_attempts, approval_needed, created_by)
       SELECT $2, lane, type, $3, $4, $5, mode, id, priority, CASE WHEN mode = 'PROOF' THEN greatest(now(), moved.due_at)
           ELSE now() END, moved.due_at, max_attempts, mode = 'REAL', $6
       FROM aol_actions a, LATERAL (SELECT coalesce($7::timestamptz, a.due_at) AS due_at) AS moved
       WHERE id = $1 RETURNING *`,
      [id, newId, JSON.stringify(payload), revisionKey(old), hash, by.actor, revision.runAt ?? null],
    );
    if (!revised) throw new Error('what is locked was not found');
    await query(
      connection,
      `UPDATE aol_actions SET status = 'CANCELLED', revised_by = $2, dlq_reason = NULL, finished_at = clock_timestamp(),
         updated_at = clock_timestamp() WHERE id = $1`,
      [id, newId],
    );
    const because = by.reason ? `: ${by.reason}` : '';
    const detail = { reason: by.reason ?? null, changed: changesOf(old, revised) };
    await appendLog(connection, {
      lane: old.lane,
      actionId: id,
      event: 'REVISED',
      level: 'WARNING',
      actor: by.actor,
      message: `revised: ${newId} is in its place${because}`,
      detail: { ...detail, from: old.status, to: 'CANCELLED', revisedBy: newId },
    });
    await appendLog(connection, {
      lane: old.lane,
      actionId: newId,
      event: 'ENQUEUED',
      actor: by.actor,
      message: `${revised.type} in mode ${revised.mode}, in the place of ${id}${because}`,
      detail: { ...detail, revises: id },
    });
    return { created: true, row: revised };
  });
}

async function revisedAlready(db: Queryable, old: ActionRow, hash: string): Promise<ActionRow> {
  const [existing] = await query<ActionRow>(db, 'SELECT * FROM aol_actions WHERE revises = $1', [old.id]);
  if (existing?.request_hash === hash) return existing;
  throw new StateConflictError(`it was replaced by ${old.revised_by}`, old.status);
}

/** `revise:<the first of the line>:<how many revisions there are>` */
function revisionKey(old: ActionRow): string {
  const [, first = old.id, number = '0'] = (old.revises !== null && REVISION_KEY.exec(old.idempotency_key)) || [];
  return `revise:${first}:${Number(number) + 1}`;
}

/** The fields of the payload that differ, and `runAt`. */
function changesOf(old: ActionRow, revised: ActionRow): string[] {
  const names = [...new Set([...Object.keys(old.payload), ...Object.keys(revised.payload)])];
  const differs = (name: string) => canonicalJson([old.payload[name]]) !== canonicalJson([revised.payload[name]]);
  const fields = names.filter(differs).map((name) => `payload.${name}`);
  return old.due_at.getTime() === revised.due_at.getTime() ? fields : [...fields, 'runAt'];
}

/**
 * Moves what waits to another time. What was approved stays approved.
 *
 * @param runAt ISO 8601
 * @throws NotFoundError
 * @throws StateConflictError when it does not wait, may have been sent, or its approval would run out before that time
 */
export function rescheduleAction(db: Database, id: string, runAt: string, by: DecidedBy): Promise<ActionRow> {
  return transaction(db, async (connection) => {
    const old = await lockAction(connection, id);
    await requireUnsent(connection, old, MOVABLE, 'moved to another time');
    const expires = old.approval_expires_at;
    if (expires && expires < new Date(runAt)) {
      const cure = 'approve it first, or choose an earlier time';
      throw new StateConflictError(
        `its approval runs out at ${expires.toISOString()}, before that: ${cure}`,
        old.status,
      );
    }
    const [moved] = await query<ActionRow>(
      connection,
      `UPDATE aol_actions SET due_at = $2, held_by = NULL, updated_at = clock_timestamp(),
         run_at = CASE WHEN status = 'AWAITING_APPROVAL' THEN $2 ELSE greatest(clock_timestamp(),
           CASE WHEN mode = 'PROOF' OR approval_sha256 IS NOT NULL THEN $2 ELSE aol_first_claim(lane, type, $2, approval_needed) END) END
       WHERE id = $1 RETURNING *`,
      [id, runAt],
    );
    if (!moved) throw new Error('what is locked was not found');
    const times = { from: old.due_at.toISOString(), to: moved.due_at.toISOString() };
    await appendLog(connection, {
      lane: moved.lane,
      actionId: id,
      event: 'RESCHEDULED',
      level: 'WARNING',
      actor: by.actor,
      message: `moved from ${times.from} to ${times.to}${by.reason ? `: ${by.reason}` : ''}`,
      detail: { reason: by.reason ?? null, ...times },
    });
    return moved;
  });
}

/**
 * Says what has to be different before it is approved. It goes on waiting: whoever asked for it reads the reason, and a person may
 * revise it, or approve it all the same.
 *
 * @throws NotFoundError
 * @throws StateConflictError when it does not wait for approval
 */
export function requestChanges(
  db: Database,
  id: string,
  { actor, reason }: { readonly actor: string; readonly reason: string },
): Promise<ActionRow> {
  return transaction(db, async (connection) => {
    const [row] = await query<ActionRow>(
      connection,
      `UPDATE aol_actions SET updated_at = clock_timestamp(), changes_requested = jsonb_build_object('by', $2::text, 'reason', $3::text,
         'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
       WHERE id = $1 AND status = 'AWAITING_APPROVAL' RETURNING *`,
      [id, actor, reason],
    );
    if (!row) {
      const { status } = await findAction(connection, id);
      throw new StateConflictError(
        `changes are asked for while an action waits for approval, and it is ${status}`,
        status,
      );
    }
    await appendLog(connection, {
      lane: row.lane,
      actionId: id,
      event: 'CHANGES_REQUESTED',
      level: 'WARNING',
      actor,
      message: `changes requested: ${reason}`,
      detail: { reason, sha256: row.artifact_sha256 },
    });
    return row;
  });
}

/** @throws NotFoundError */
async function lockAction(db: Queryable, id: string): Promise<ActionRow> {
  const [row] = await query<ActionRow>(db, 'SELECT * FROM aol_actions WHERE id = $1 FOR UPDATE', [id]);
  return row ?? findAction(db, id);
}

/** @throws StateConflictError for another status than these, and for what may have been sent: only its outcome may follow. */
async function requireUnsent(
  db: Queryable,
  { id, mode, status }: ActionRow,
  statuses: readonly ActionStatus[],
  verb: string,
): Promise<void> {
  if (!statuses.includes(status)) {
    throw new StateConflictError(`an action that is ${mode} and ${status} cannot be ${verb}`, status);
  }
  if ((await isSent(db, id)) !== null)
    throw new StateConflictError(`it may have been sent, and cannot be ${verb}`, status);
}
