/** Whether something waits in a lane that only an effect's end can let go. */

import { ALL_LANES, FLAGS } from '../../domain/flags.ts';
import { type Queryable, query } from '../pool.ts';

/**
 * Whether something is due although the tick interval has passed since the last claim: then it waited for room, because an
 * orchestrator that has room looks by itself.
 */
export async function waitsForRoom(db: Queryable, lane: string): Promise<boolean> {
  const [row] = await query<{ answer: boolean }>(
    db,
    `SELECT EXISTS (SELECT FROM unnest('{PROOF,REAL}'::text[]) AS modes (mode)
         CROSS JOIN LATERAL aol_oldest_queued($1, modes.mode) AS oldest WHERE oldest.run_at <= clock_timestamp())
       AND clock_timestamp() >= (
         SELECT started_at FROM aol_tick_ledger WHERE lane = $1 AND claimed > 0 ORDER BY number DESC LIMIT 1)
         + interval '1 millisecond' * coalesce((SELECT value::integer FROM aol_control_flags
           WHERE name = 'tick_interval_ms' AND lane IN ($1, '${ALL_LANES}') ORDER BY lane = '${ALL_LANES}' LIMIT 1), $2) AS answer`,
    [lane, FLAGS.tick_interval_ms.default],
  );
  return row?.answer ?? false;
}
