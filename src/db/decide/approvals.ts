/** What a person allows: an artifact that waits for approval, and a proof that is to be performed. By SHA-256, never by id alone. */

import { v7 as uuidv7 } from 'uuid';
import { ForbiddenError, StateConflictError } from '../../domain/errors.ts';
import { canonicalJson, sha256Hex } from '../../domain/hashing.ts';
import type { ActionRow } from '../action-row.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, prepared, type Queryable, query, quickTransaction, transaction } from '../pool.ts';
import { findAction } from './cancel.ts';
import type { DecidedBy } from './decisions.ts';

/**
 * Counts a person's approval of the artifact with this SHA-256. With the last one that is needed (`approvals_needed`) that artifact
 * may be performed, and nothing else: the action is due again, and the gate compares. Until then it goes on waiting.
 *
 * @throws NotFoundError
 * @throws StateConflictError when nothing waits, another artifact than this one, its time ran out, or this person has approved it already
 * @throws ForbiddenError when the lane wants another person than the one who asked (`approver_must_differ`)
 */
export function approveAction(db: Database, id: string, sha256: string, by: DecidedBy): Promise<ActionRow> {
  return quickTransaction(db, async (connection, { last }) => {
    const [[waiting], before] = await Promise.all([
      query<ActionRow>(
        connection,
        `SELECT * FROM aol_actions WHERE id = $1 AND status = 'AWAITING_APPROVAL' AND artifact_sha256 = $2
           AND (approval_expires_at IS NULL OR approval_expires_at > clock_timestamp()) FOR UPDATE`,
        [id, sha256],
      ),
      readApprovals(connection, id, by.actor),
    ]);
    if (!waiting || !before) throw refusal(await findAction(connection, id), sha256, 'approved');
    if (before.is_barred) {
      throw new ForbiddenError(
        `${by.actor} asked for this, and in lane ${waiting.lane} the approver must be somebody else`,
      );
    }
    if (before.promoted_sha256 !== null && before.promoted_sha256 !== sha256) {
      throw new StateConflictError(
        `it may perform only the artifact that was promoted, ${before.promoted_sha256}`,
        waiting.status,
      );
    }
    const isRepeated = before.approvers.includes(by.actor);
    const approvers = isRepeated ? before.approvers : [...before.approvers, by.actor].sort();
    const words = approvalWords({ approvers, needed: before.needed });
    if (isRepeated && approvers.length < before.needed) {
      throw new StateConflictError(`${by.actor} has approved it already: ${words}`, waiting.status);
    }
    const [, [approved]] = await last(
      Promise.all([
        isRepeated ||
          appendLog(connection, {
            lane: waiting.lane,
            actionId: id,
            event: 'APPROVED',
            level: 'WARNING',
            actor: by.actor,
            message: `approved${before.needed > 1 ? ` (${words})` : ''}: ${sha256}${by.reason ? `: ${by.reason}` : ''}`,
            detail: { sha256, reason: by.reason ?? null, approvals: approvers.length, needed: before.needed },
          }),
        approvers.length < before.needed
          ? []
          : query<ActionRow>(
              connection,
              `UPDATE aol_actions SET status = 'PENDING', approval_by = $3, approval_at = clock_timestamp(), approval_sha256 = $2,
                 approval_expires_at = NULL, changes_requested = NULL, run_at = greatest(due_at, clock_timestamp()),
                 updated_at = clock_timestamp()
               WHERE id = $1 RETURNING *`,
              [id, sha256, approvers.join(', ')],
            ),
      ]),
    );
    return approved ?? waiting;
  });
}

interface ApprovalFacts {
  readonly needed: number;
  /** Whose approvals count so far. */
  readonly approvers: readonly string[];
  /** Whether this person asked for the action, where the approver must be somebody else. */
  readonly is_barred: boolean;
  /** What a promoted action may perform. */
  readonly promoted_sha256: string | null;
}

async function readApprovals(db: Queryable, id: string, actor: string): Promise<ApprovalFacts | undefined> {
  const [facts] = await prepared<ApprovalFacts & Record<string, unknown>>(
    db,
    'aol_approvals',
    `SELECT f.approvals_needed AS needed, aol_approvers(a.id, a.lane, a.artifact_sha256) AS approvers,
       f.approver_must_differ AND $2 = ANY (aol_askers(a.id)) AS is_barred,
       (SELECT artifact_sha256 FROM aol_actions WHERE id = a.promoted_from) AS promoted_sha256
     FROM aol_actions a, aol_lane_flags(a.lane) AS f WHERE a.id = $1`,
    [id, actor],
  );
  return facts;
}

/** `1 of 2 approvals: anna` */
export function approvalWords({ approvers, needed }: Pick<ApprovalFacts, 'approvers' | 'needed'>): string {
  const names = approvers.length === 0 ? '' : `: ${approvers.join(', ')}`;
  return `${approvers.length} of ${needed} approvals${names}`;
}

/** How far the approval of each action is that waits for more than one person, in words. */
export async function approvalProgress(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await query<{ id: string; needed: number; approvers: string[] }>(
    db,
    `SELECT id, (aol_lane_flags(lane)).approvals_needed AS needed, aol_approvers(id, lane, artifact_sha256) AS approvers
     FROM aol_actions WHERE id = ANY ($1::uuid[]) AND status = 'AWAITING_APPROVAL'`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, approvalWords(row)]));
}

/**
 * Cancels what waits for approval.
 *
 * @throws NotFoundError
 * @throws StateConflictError when nothing waits
 */
export function rejectAction(db: Database, id: string, by: DecidedBy): Promise<ActionRow> {
  return quickTransaction(db, async (connection, { last }) => {
    const [rejected] = await query<ActionRow>(
      connection,
      `UPDATE aol_actions SET status = 'CANCELLED', finished_at = clock_timestamp(), updated_at = clock_timestamp()
       WHERE id = $1 AND status = 'AWAITING_APPROVAL' RETURNING *`,
      [id],
    );
    if (!rejected) throw refusal(await findAction(connection, id), null, 'rejected');
    const logged = appendLog(connection, {
      lane: rejected.lane,
      actionId: id,
      event: 'REJECTED',
      level: 'WARNING',
      actor: by.actor,
      message: by.reason ?? 'rejected',
      detail: { reason: by.reason ?? null },
    });
    await last(logged);
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
       SELECT id FROM aol_actions WHERE status = 'AWAITING_APPROVAL' AND approval_expires_at <= now()
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
 * Queues, once, a REAL action that may perform exactly the artifact of a proof. A second call answers the same action. To promote is
 * to approve, where one person is enough; where more are needed it counts as one of them, and where the approver must differ from
 * whoever asked it counts as none. What needs others asks them at once, whatever its time is.
 *
 * @param by with `runAt` (ISO 8601) it is not performed before that time
 * @throws NotFoundError
 * @throws StateConflictError when the action is no finished proof, its artifact is another one, or it was promoted for another time
 */
export function promoteAction(
  db: Database,
  id: string,
  sha256: string,
  by: DecidedBy & { readonly runAt?: string | undefined },
): Promise<{ readonly created: boolean; readonly row: ActionRow }> {
  return transaction(db, async (connection) => {
    const proof = await findAction(connection, id);
    const isProven = proof.mode === 'PROOF' && proof.status === 'SUCCESS' && proof.artifact_sha256 === sha256;
    if (!isProven) throw refusal(proof, sha256, 'promoted');
    const [promoted] = await query<ActionRow>(
      connection,
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, promoted_from, priority, run_at,
         due_at, max_attempts, artifact_sha256, artifact_uri, approval_needed, approval_sha256, approval_by, approval_at, created_by)
       SELECT $2, lane, type, payload, $3, $4, 'REAL', id, priority,
         CASE WHEN is_enough THEN greatest(now(), $7::timestamptz) ELSE now() END, coalesce($7::timestamptz, due_at), max_attempts,
         artifact_sha256, artifact_uri, NOT is_enough,
         CASE WHEN is_enough THEN $5 END, CASE WHEN is_enough THEN $6 END, CASE WHEN is_enough THEN clock_timestamp() END, $6
       FROM aol_actions, LATERAL (
         SELECT approvals_needed = 1 AND NOT approver_must_differ AS is_enough FROM aol_lane_flags(lane)) AS promotion
       WHERE id = $1
       ON CONFLICT DO NOTHING RETURNING *`,
      [
        id,
        uuidv7(),
        `promote:${id}`,
        sha256Hex(canonicalJson({ promote: id, sha256 })),
        sha256,
        by.actor,
        by.runAt ?? null,
      ],
    );
    if (!promoted) {
      const [existing] = await query<ActionRow>(connection, 'SELECT * FROM aol_actions WHERE promoted_from = $1', [id]);
      if (!existing) throw new StateConflictError('its key is used by another action', proof.status);
      if (by.runAt !== undefined && existing.due_at.getTime() !== Date.parse(by.runAt)) {
        const time = existing.due_at.toISOString();
        throw new StateConflictError(`it was promoted already, for ${time}: move ${existing.id} instead`, proof.status);
      }
      return { created: false, row: existing };
    }
    await appendLog(connection, {
      lane: promoted.lane,
      actionId: promoted.id,
      event: 'PROMOTED',
      level: 'WARNING',
      actor: by.actor,
      message: `promoted from ${id}: may perform ${sha256}${by.reason ? `: ${by.reason}` : ''}`,
      detail: { promotedFrom: id, sha256, reason: by.reason ?? null, ...(by.runAt && { runAt: by.runAt }) },
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
