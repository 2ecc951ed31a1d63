/** A tick's second transaction: its proofs leave, and the row says what came of them. */

import type { TickSummary } from '../../contracts/engine/activities.ts';
import { LeaseLostError } from '../../domain/errors.ts';
import { type Database, query } from '../pool.ts';

interface OfProof {
  readonly id: string;
  readonly message: string;
  readonly durationMs: number;
}

/** How one proof ended. */
export type AttemptResult = OfProof &
  (
    | { readonly to: 'SUCCESS'; readonly artifactSha256: string; readonly artifactUri: string }
    | { readonly to: 'RETRY'; readonly delayMs: number }
    | { readonly to: 'DLQ'; readonly reason: 'rejected' | 'exhausted' | 'crashed' }
  );

/**
 * Writes how proofs ended, and closes the tick when nothing of it runs any more, in one transaction. Rows that this tick no longer
 * holds (another owner took the lane) are left alone. A second call with the same results changes nothing.
 *
 * @param isMore whether more was due when the tick was claimed: then it is not looked up again
 */
export async function closeAttempts(
  db: Database,
  tick: { readonly tickId: string; readonly token: number },
  results: readonly AttemptResult[],
  isMore = false,
): Promise<TickSummary> {
  const { tickId, token } = tick;
  const items = results.map(({ id, ...result }) => ({ actionId: id, tickId, token, ...result }));
  const [row] = await query<{ summary: (Omit<TickSummary, 'nextDueInMs'> & { dueInMs: number | null }) | null }>(
    db,
    'SELECT aol_close_proofs($1, $2, $3) AS summary',
    [tickId, JSON.stringify(items), isMore],
  );
  if (!row?.summary) throw new LeaseLostError(`there is no tick ${tickId}`);
  const { dueInMs, ...summary } = row.summary;
  return { ...summary, nextDueInMs: dueInMs === null ? null : Math.max(0, Math.ceil(dueInMs)) };
}
