/** A row of `aol_actions`, and how it becomes the action of the HTTP contract. */

import type { Action } from '../contracts/http/action.ts';
import type { JsonObject } from '../contracts/http/json.ts';
import { SUMMARY_SOURCE_LENGTH } from '../contracts/payloads/summary.ts';
import { laneMode } from '../domain/flags.ts';
import type { ActionMode, ActionStatus, DlqReason } from '../domain/states.ts';

/** More fields than the payload of any type has. */
const SUMMARY_FIELDS = 50;

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
  priority: number;
  run_at: Date;
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

/** What a summary is made of: short values as they are, long texts cut, and no other long values. */
const SHORT_PAYLOAD = `(
  SELECT coalesce(jsonb_object_agg(key, CASE
    WHEN jsonb_typeof(value) = 'string' THEN to_jsonb(left(value #>> '{}', ${SUMMARY_SOURCE_LENGTH}))
    WHEN pg_column_size(value) <= ${SUMMARY_SOURCE_LENGTH} THEN value
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

export function toAction(row: ActionRow, link: TemporalLink = () => null): Action {
  return {
    id: row.id,
    lane: row.lane,
    type: row.type,
    payload: row.payload,
    idempotencyKey: row.idempotency_key,
    status: row.status,
    mode: row.mode,
    promotedFrom: row.promoted_from,
    priority: row.priority,
    runAt: timeText(row.run_at),
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
    },
    receipt: row.receipt,
    lastError: row.last_error,
    cancelRequested: row.cancel_requested,
    waiting: null,
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
    return `${row.last_error ?? 'its account can do nothing now'} (account ${row.held_by}; it looks again at ${row.run_at.toISOString()})`;
  }
  if (row.run_at > now) return `it is due at ${row.run_at.toISOString()}`;
  if (row.mode === 'REAL') {
    const { mode, why } = laneMode(workerProofMode, lane);
    if (mode === 'PROOF') return `a REAL action waits until its lane is REAL: ${why}`;
  }
  return null;
}
