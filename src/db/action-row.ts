/** A row of `aol_actions`, and how it becomes the action of the HTTP contract. */

import type { Action, ChangesRequested } from '../contracts/http/action.ts';
import type { JsonObject } from '../contracts/http/json.ts';
import { SUMMARY_FIELDS, SUMMARY_SOURCE_LENGTH } from '../contracts/payloads/summary.ts';
import { laneMode } from '../domain/flags.ts';
import type { ActionMode, ActionStatus, DlqReason } from '../domain/states.ts';

export interface ActionRow {
  id: string;
  lane: string;
  type: string;
  payload: JsonObject;
  idempotency_key: string;
  request_hash: string;
  status: ActionStatus;
  mode: ActionMode;
  promoted_from: string | null;
  /** The action in whose place it was queued, and the one that was queued in its place. */
  revises: string | null;
  revised_by: string | null;
  priority: number;
  /** When it is claimed next: to be shown to a person, or to be performed. */
  run_at: Date;
  /** When its effect may begin. */
  due_at: Date;
  attempts: number;
  attempts_before: number;
  max_attempts: number;
  claim_tick_id: string | null;
  claim_lease_token: number | null;
  claim_until: Date | null;
  claim_count: number;
  claim_worker: string | null;
  dlq_reason: DlqReason | null;
  artifact_sha256: string | null;
  artifact_uri: string | null;
  approval_needed: boolean;
  approval_by: string | null;
  approval_at: Date | null;
  approval_sha256: string | null;
  approval_expires_at: Date | null;
  changes_requested: ChangesRequested | null;
  receipt: Record<string, unknown> | null;
  last_error: string | null;
  cancel_requested: boolean;
  /** The account that it waits for. */
  held_by: string | null;
  workflow_id: string | null;
  run_id: string | null;
  created_by: string;
  created_at: Date;
  updated_at: Date;
  finished_at: Date | null;
}

const cutText = (value: string) => `to_jsonb(left(${value} #>> '{}', ${SUMMARY_SOURCE_LENGTH}))`;

/** What a summary is made of: short values as they are, long texts cut, of a long object its simple fields, and no other long values. */
export const SHORT_PAYLOAD = `(
  SELECT coalesce(jsonb_object_agg(key, CASE
    WHEN jsonb_typeof(value) = 'string' THEN ${cutText('value')}
    WHEN pg_column_size(value) <= ${SUMMARY_SOURCE_LENGTH} THEN value
    WHEN jsonb_typeof(value) = 'object' THEN (
      SELECT coalesce(jsonb_object_agg(name, CASE WHEN jsonb_typeof(part) = 'string' THEN ${cutText('part')} ELSE part END), '{}')
      FROM (SELECT * FROM jsonb_each(value) AS each (name, part) LIMIT ${SUMMARY_FIELDS}) AS parts
      WHERE jsonb_typeof(part) IN ('string', 'number', 'boolean') AND length(name) <= ${SUMMARY_SOURCE_LENGTH})
    ELSE '"…"' END), '{}')
  FROM (SELECT key, value FROM jsonb_each(payload) LIMIT ${SUMMARY_FIELDS}) AS field) AS payload`;

/** All columns of a row, with what a summary needs of its payload, which may have 64 KiB. */
export const SUMMARY_COLUMNS = `${SHORT_PAYLOAD}, ${Object.keys({
  id: true,
  lane: true,
  type: true,
  idempotency_key: true,
  request_hash: true,
  status: true,
  mode: true,
  promoted_from: true,
  revises: true,
  revised_by: true,
  priority: true,
  run_at: true,
  due_at: true,
  attempts: true,
  attempts_before: true,
  max_attempts: true,
  claim_tick_id: true,
  claim_lease_token: true,
  claim_until: true,
  claim_count: true,
  claim_worker: true,
  dlq_reason: true,
  artifact_sha256: true,
  artifact_uri: true,
  approval_needed: true,
  approval_by: true,
  approval_at: true,
  approval_sha256: true,
  approval_expires_at: true,
  changes_requested: true,
  receipt: true,
  last_error: true,
  cancel_requested: true,
  held_by: true,
  workflow_id: true,
  run_id: true,
  created_by: true,
  created_at: true,
  updated_at: true,
  finished_at: true,
} satisfies Record<Exclude<keyof ActionRow, 'payload'>, true>).join(', ')}`;

/** Builds the address of a workflow in Temporal's web page, or null when there is none to link to. Without a run: the last one. */
export type TemporalLink = (workflowId: string, runId: string | null) => string | null;

/** What an action as people see it takes besides its row. */
export interface ActionView {
  readonly link: TemporalLink;
  /** How long a person has to approve what asks. */
  readonly approvalTtlMs: number;
}

export function toAction(row: ActionRow, { link, approvalTtlMs }: ActionView): Action {
  const runAt = dueTime(row);
  return {
    id: row.id,
    lane: row.lane,
    type: row.type,
    payload: row.payload,
    idempotencyKey: row.idempotency_key,
    status: row.status,
    mode: row.mode,
    promotedFrom: row.promoted_from,
    revises: row.revises,
    revisedBy: row.revised_by,
    priority: row.priority,
    runAt: timeText(runAt),
    attempts: row.attempts_before + row.attempts,
    maxAttempts: row.max_attempts,
    dlqReason: row.dlq_reason,
    artifactSha256: row.artifact_sha256,
    artifactUri: row.artifact_uri,
    approval: {
      needed: row.approval_needed,
      by: row.approval_by,
      at: row.approval_at?.toISOString() ?? null,
      sha256: row.approval_sha256,
      expires: row.approval_expires_at?.toISOString() ?? null,
      changesRequested: row.changes_requested,
    },
    approvalExpiresFirst: expiresAt(row, approvalTtlMs) < runAt.getTime(),
    receipt: row.receipt,
    lastError: row.last_error,
    cancelRequested: row.cancel_requested,
    waiting: null,
    heldBy: row.status === 'PENDING' && row.held_by !== null ? heldBy(row.held_by) : null,
    createdBy: row.created_by,
    createdAt: timeText(row.created_at),
    updatedAt: timeText(row.updated_at),
    finishedAt: row.finished_at?.toISOString() ?? null,
    temporal: {
      workflowId: row.workflow_id,
      runId: row.run_id,
      url: row.workflow_id ? link(row.workflow_id, row.run_id) : null,
    },
  };
}

/** The account, the budget, the level or the earlier action that an action waits for. */
function heldBy(key: string): { readonly scope: string; readonly name: string } {
  const at = key.indexOf(':');
  if (at < 0) return { scope: 'account', name: key };
  // Of an action it says besides in which status it was seen.
  return { scope: key.slice(0, at), name: key.slice(at + 1).split(' ')[0] ?? '' };
}

/** When it may be performed: at its time, or later where it waits for its next attempt or its account. */
function dueTime({ run_at, due_at }: ActionRow): Date {
  return run_at < due_at ? due_at : run_at;
}

/** When its approval runs out: of what asks, and of what is about to ask before its time. */
function expiresAt({ status, run_at, due_at, approval_expires_at }: ActionRow, approvalTtlMs: number): number {
  if (approval_expires_at) return approval_expires_at.getTime();
  return status === 'PENDING' && run_at < due_at ? Date.now() + approvalTtlMs : Number.POSITIVE_INFINITY;
}

let lastTime: { readonly time: Date; readonly text: string } | undefined;

/** Rows that were queued together share one time, and to write it out costs as much as all else here. */
function timeText(time: Date): string {
  if (lastTime?.time !== time) lastTime = { time, text: time.toISOString() };
  return lastTime.text;
}

/**
 * Why an action that nothing else explains still waits, in words; null when it does not wait.
 *
 * @param workerProofMode whether no worker runs with AOL_PROOF_MODE=0
 */
export function waitingReason(
  row: Pick<ActionRow, 'status' | 'mode' | 'run_at' | 'held_by' | 'last_error'>,
  lane: { readonly paused: boolean; readonly killed: boolean; readonly proof_only: boolean },
  workerProofMode: boolean,
  now: Date,
): string | null {
  if (row.status !== 'PENDING' && row.status !== 'RETRY') return null;
  if (lane.killed) return 'the lane is killed: it waits for start';
  if (lane.paused) return 'the lane is paused: it waits for resume';
  if (row.run_at > now && row.held_by !== null) {
    const { scope, name } = heldBy(row.held_by);
    const account = scope === 'account' ? `account ${name}; ` : '';
    return `${row.last_error ?? 'it is held'} (${account}it looks again at ${row.run_at.toISOString()})`;
  }
  if (row.run_at > now) return `it is due at ${row.run_at.toISOString()}`;
  if (row.mode === 'REAL') {
    const { mode, why } = laneMode(workerProofMode, lane);
    if (mode === 'PROOF') return `a REAL action waits until its lane is REAL: ${why}`;
  }
  return null;
}
