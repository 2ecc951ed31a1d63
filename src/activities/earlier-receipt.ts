/** The receipt of an action that has to be done before another. */

import type { JsonValue } from '../contracts/http/json.ts';
import { statusMeaning } from '../contracts/words.ts';
import type { Database } from '../db/pool.ts';
import { type EarlierAction, readEarlier } from '../db/queue/earlier.ts';
import type { ActionStatus } from '../domain/states.ts';

export type EarlierReceipt =
  | { readonly kind: 'there'; readonly receipt: JsonValue }
  /** Until that action has ended; no attempt is used. */
  | { readonly kind: 'waits'; readonly reason: string; readonly status: ActionStatus }
  | { readonly kind: 'never'; readonly reason: string };

/** The supervisor makes due what waits for an action that has ended; this is for one whose row is gone. */
export const EARLIER_LOOK_MS = 3_600_000;

/**
 * What an earlier action of the same lane and type left. One that failed may be replayed, and one that may have been sent is for a
 * person to resolve: both are waited for. Only what was cancelled ends what comes after it.
 */
export async function earlierReceipt(
  db: Database,
  { lane, type }: { readonly lane: string; readonly type: string },
  id: string,
): Promise<EarlierReceipt> {
  const earlier = await readEarlier(db, id);
  if (earlier?.lane !== lane || earlier.type !== type) {
    return { kind: 'never', reason: `there is no action ${id} in its lane (any more)` };
  }
  const reason = `action ${earlier.id} comes before it, and ${meaningOf(earlier)}`;
  if (earlier.status === 'CANCELLED') return { kind: 'never', reason };
  if (earlier.status !== 'SUCCESS' || earlier.mode !== 'REAL') {
    return { kind: 'waits', reason, status: earlier.status };
  }
  return { kind: 'there', receipt: earlier.receipt };
}

function meaningOf({ status, mode }: EarlierAction): string {
  const isProof = status === 'SUCCESS' && mode === 'PROOF';
  return isProof ? 'is a proof: promote it' : statusMeaning(status, mode);
}
