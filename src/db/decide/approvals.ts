/** What a person allows: an artifact that waits for approval, and a proof that is to be performed. By SHA-256, never by id alone. */

import { v7 as uuidv7 } from 'uuid';
import { StateConflictError } from '../../domain/errors.ts';
import { canonicalJson, sha256Hex } from '../../domain/hashing.ts';
import type { ActionRow } from '../action-row.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { findAction } from './cancel.ts';
import type { DecidedBy } from './decisions.ts';

/**
 * Lets the artifact with this SHA-256 be performed, and nothing else: the action is due again, and the gate compares.
 *
 * @throws NotFoundError
 * @throws StateConflictError when nothing waits, another artifact than this one, or its time ran out
 */
export function approveAction(db: Database, id: string, sha256: string, by: DecidedBy): Promise<ActionRow> {
  return transaction(db, async (connection) => {
    const [approved] = await query<ActionRow>(
      connection,
      `UPDATE aol_actions SET status = 'PENDING', approval_by = $3, approval_at = clock_timestamp(), approval_sha256 = $2,
         approval_expires_at = NULL, run_at = clock_timestamp(), updated_at = clock_timestamp()
       WHERE id = $1 AND status = 'AWAITING_APPROVAL' AND artifact_sha256 = $2
         AND (approval_expires_at IS NULL OR approval_expires_at > clock_timestamp()) RETURNING *`,
      [id, sha256, by.actor],
    );
    if (!approved) throw refusal(await findAction(connection, id), sha256, 'approved');
    await appendLog(connection, {
      lane: approved.lane,
      actionId: id,
      event: 'APPROVED',
      level: 'WARNING',
      actor: by.actor,
      message: `approved: ${sha256}${by.reason ? `: ${by.reason}` : ''}`,
      detail: { sha256, reason: by.reason ?? null },
    });
    return approved;
  });
}

/**
 * Cancels what waits for approval.
 *
 * @throws NotFoundError
 * @throws StateConflictError when nothing waits
 */
export function rejectAction(db: Database, id: string, by: DecidedBy): Promise<ActionRow> {
  return transaction(db, async (connection) => {
    const [rejected] = await query<ActionRow>(
      connection,
      `UPDATE aol_actions SET status = 'CANCELLED', finished_at = clock_timestamp(), updated_at = clock_timestamp()
       WHERE id = $1 AND status = 'AWAITING_APPROVAL' RETURNING *`,
      [id],
    );
    if (!rejected) throw refusal(await findAction(connection, id), null, 'rejected');
    await appendLog(connection, {
      lane: rejected.lane,
      actionId: id,
      event: 'REJECTED',
      level: 'WARNING',
      actor: by.actor,
      message: by.reason ?? 'rejected',
    });
    return rejected;
  });
}

/** Of one statement; the next look takes the others. */
const EXPIRED_AT_ONCE = 500;

/** Cancels what nobody approved in its time, in every lane, paused and killed ones too. Answers how many there were. */
export async function expireApprovals(db: Queryable): Promise<number> {
  const [row] = await query<{ expired: number }>(
    db,
    `WITH due AS (
       SELECT id FROM aol_actions WHERE status = 'AWAITING_APPROVAL' AND approval_expires_at <= clock_timestamp()
       ORDER BY approval_expires_at LIMIT ${EXPIRED_AT_ONCE} FOR UPDATE SKIP LOCKED),
     cancelled AS (
       UPDATE aol_actions a SET status = 'CANCELLED', finished_at = clock_timestamp(), updated_at = clock_timestamp()
       FROM due WHERE a.id = due.id RETURNING a.id, a.lane, a.approval_expires_at),
     logged AS (
       INSERT INTO aol_execution_logs (lane, action_id, event, level, actor, message, detail)
       SELECT lane, id, 'CANCELLED', 'WARNING', 'engine', 'nobody approved it in its time',
         jsonb_build_object('from', 'AWAITING_APPROVAL', 'to', 'CANCELLED', 'expired', approval_expires_at)
       FROM cancelled)
     SELECT count(*) AS expired FROM cancelled`,
  );
  return row?.expired ?? 0;
}

/**
 * Queues, once, a REAL action that may perform exactly the artifact of a proof. A second call answers the same action.
 *
 * @throws NotFoundError
 * @throws StateConflictError when the action is no finished proof, or its artifact is another one
 */
export function promoteAction(
  db: Database,
  id: string,
  sha256: string,
  by: DecidedBy,
): Promise<{ readonly created: boolean; readonly row: ActionRow }> {
  return transaction(db, async (connection) => {
    const proof = await findAction(connection, id);
    const isProven = proof.mode === 'PROOF' && proof.status === 'SUCCESS' && proof.artifact_sha256 === sha256;
    if (!isProven) throw refusal(proof, sha256, 'promoted');
    const [promoted] = await query<ActionRow>(
      connection,
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, promoted_from, priority, due_at,
         max_attempts, artifact_sha256, artifact_uri, approval_sha256, approval_by, approval_at, created_by)
       SELECT $2, lane, type, payload, $3, $4, 'REAL', id, priority, due_at, max_attempts, artifact_sha256, artifact_uri, $5, $6,
         clock_timestamp(), $6
       FROM aol_actions WHERE id = $1
       ON CONFLICT DO NOTHING RETURNING *`,
      [id, uuidv7(), `promote:${id}`, sha256Hex(canonicalJson({ promote: id, sha256 })), sha256, by.actor],
    );
    if (!promoted) {
      const [existing] = await query<ActionRow>(connection, 'SELECT * FROM aol_actions WHERE promoted_from = $1', [id]);
      if (!existing) throw new StateConflictError('its key is used by another action', proof.status);
      return { created: false, row: existing };
    }
    await appendLog(connection, {
      lane: promoted.lane,
      actionId: promoted.id,
      event: 'PROMOTED',
      level: 'WARNING',
      actor: by.actor,
      message: `promoted from ${id}: may perform ${sha256}${by.reason ? `: ${by.reason}` : ''}`,
      detail: { promotedFrom: id, sha256, reason: by.reason ?? null },
    });
    return { created: true, row: promoted };
  });
}

function refusal(row: ActionRow, sha256: string | null, verb: string): StateConflictError {
  if (sha256 !== null && row.artifact_sha256 !== null && row.artifact_sha256 !== sha256) {
    return new StateConflictError(`its artifact is ${row.artifact_sha256}, not ${sha256}`, row.status);
  }
  const expired = row.status === 'AWAITING_APPROVAL' && verb === 'approved' ? ', and whose time ran out' : '';
  return new StateConflictError(
    `an action that is ${row.mode} and ${row.status}${expired} cannot be ${verb}`,
    row.status,
  );
}
