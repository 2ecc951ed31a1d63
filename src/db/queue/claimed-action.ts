/** Actions that a tick holds, and the transaction in which they are claimed and closed. */

import type { JsonObject } from '../../contracts/http/json.ts';
import { type Queryable, query } from '../pool.ts';

/**
 * Opens a transaction whose plans must not depend on statistics: after an ANALYZE of the empty table the planner would scan and
 * sort, and a plan that is kept would go on with that.
 */
export const BEGIN_BY_INDEX =
  'BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off';

/** An action that a tick holds, as far as proving it needs to know. */
export interface ClaimedAction {
  readonly id: string;
  readonly type: string;
  readonly payload: JsonObject;
  /** When it was first due; retries do not move it. */
  readonly dueAt: Date;
  /** The attempt's number over the action's whole life. */
  readonly attemptNumber: number;
  /** The attempt within this round, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** How often its claims began; more than once means that a worker died with it. */
  readonly claimCount: number;
}

/** The columns of a {@link ClaimedAction}. */
export const CLAIMED_ACTION = `id, type, payload, due_at AS "dueAt", attempts_before + attempts AS "attemptNumber",
  attempts AS attempt, max_attempts AS "maxAttempts", claim_count AS "claimCount"`;

/** The proofs that a tick still holds under this token, those that never crashed first. */
export async function claimedActions(db: Queryable, tickId: string, token: number): Promise<ClaimedAction[]> {
  return query<ClaimedAction & Record<string, unknown>>(
    db,
    `SELECT ${CLAIMED_ACTION}
     FROM aol_actions
     WHERE lane = (SELECT lane FROM aol_tick_ledger WHERE id = $1) AND status = 'RUNNING' AND claim_tick_id = $1
       AND claim_lease_token = $2 AND mode = 'PROOF'
     ORDER BY claim_count, priority DESC, run_at, id`,
    [tickId, token],
  );
}
