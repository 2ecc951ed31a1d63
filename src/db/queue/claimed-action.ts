/** An action that a tick holds, and taking it in hand again. */

import type { JsonObject } from '../../contracts/http/json.ts';
import { CLAIM_TTL_MS, MAX_DEATHS, SUSPECT_DEATHS } from '../../domain/limits.ts';
import type { ActionMode } from '../../domain/states.ts';
import { type Database, query } from '../pool.ts';

/** What proving or performing needs to know of an action. */
export interface ClaimedAction {
  readonly id: string;
  readonly mode: ActionMode;
  readonly type: string;
  readonly payload: JsonObject;
  readonly promotedFrom: string | null;
  /** The artifact that a person allowed, and no other; null where nobody was asked. */
  readonly approvalSha256: string | null;
  readonly artifactUri: string | null;
  /** The last attempt's number over the action's whole life; a proof's present one. */
  readonly attemptNumber: number;
  /** The same within this round. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** How often a worker died while it had this action in hand. */
  readonly claimCount: number;
}

/** The columns of a {@link ClaimedAction}. */
export const CLAIMED_ACTION = `id, mode, type, payload, promoted_from AS "promotedFrom",
  approval_sha256 AS "approvalSha256", artifact_uri AS "artifactUri", attempts_before + attempts AS "attemptNumber",
  attempts AS attempt, max_attempts AS "maxAttempts", claim_count AS "claimCount"`;

/** A tick that this worker goes on with. */
export interface TickInHand {
  readonly tickId: string;
  readonly token: number;
  /** How this process appears in `pg_stat_activity`: while it is there, what it has in hand has not died. */
  readonly worker: string;
}

/**
 * Takes what a tick still holds in hand, or those of it that are named. What the worker before died with is counted here, and
 * after three deaths before anything was sent dead-lettered. What died twice is in hand only when it is named: it goes alone.
 */
export async function takeUp(db: Database, tick: TickInHand, only?: readonly string[]): Promise<ClaimedAction[]> {
  return query<ClaimedAction & Record<string, unknown>>(
    db,
    `SELECT ${CLAIMED_ACTION} FROM aol_take_up($1, $2, $3, $4, $5, $6)`,
    [tick.tickId, tick.token, tick.worker, only ?? null, SUSPECT_DEATHS, MAX_DEATHS],
  );
}

/** A claim holds while its worker says so: what waits long for its turn is not taken back. */
export async function renewClaims(db: Database, worker: string, actionIds: readonly string[]): Promise<void> {
  await query(
    db,
    `UPDATE aol_actions SET claim_until = clock_timestamp() + $3 * interval '1 millisecond'
     WHERE id = ANY ($1::uuid[]) AND claim_worker = $2 AND status = 'RUNNING'`,
    [actionIds, worker, CLAIM_TTL_MS],
  );
}

/** Whether it has to go alone. */
export function isSuspect({ claimCount }: Pick<ClaimedAction, 'claimCount'>): boolean {
  return claimCount >= SUSPECT_DEATHS;
}
