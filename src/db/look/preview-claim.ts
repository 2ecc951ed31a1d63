/** What a lane's next tick would claim, in its order. It looks and takes nothing; taking stands in `src/db/sql/claim.sql`. */

import { ALL_LANES, flagsInForce, laneMode } from '../../domain/flags.ts';
import { SUSPECT_DEATHS } from '../../domain/limits.ts';
import type { ActionRow } from '../action-row.ts';
import { readFlagRows, requireLane } from '../decide/flags.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { countWorkers } from './workers.ts';

export interface NextRows {
  readonly rows: ActionRow[];
  /** Why these, or why none. */
  readonly why: string;
}

/**
 * @throws NotFoundError when the lane does not exist
 */
export function nextActions(db: Database, lane: string): Promise<NextRows> {
  return transaction(db, (connection) => look(connection, lane), 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
}

async function look(db: Queryable, lane: string): Promise<NextRows> {
  await requireLane(db, lane);
  const flagRows = await readFlagRows(db, lane);
  const flags = flagsInForce(lane, flagRows);
  const source = (name: 'paused' | 'killed') =>
    flagRows.some((row) => row.lane === ALL_LANES && row.name === name && row.value === true)
      ? 'all lanes are'
      : 'the lane is';
  if (flags.killed) return none(`${source('killed')} killed: nothing is claimed until start`);
  if (flags.paused) return none(`${source('paused')} paused: nothing is claimed until resume`);
  const workers = await countWorkers(db);
  if (workers.count === 0) return none('no worker is running');
  const running = await countRunning(db, lane);
  const room = Math.min(flags.max_actions_per_tick, flags.max_running - running);
  if (room <= 0) return none(`${running} actions run, and max_running allows ${flags.max_running}`);
  const { mode, why } = laneMode(workers.real === 0, flags);
  const modes = mode === 'REAL' ? ['PROOF', 'REAL'] : ['PROOF'];
  const rows = await firstDue(db, lane, modes, room);
  if (rows.length > 0) return { rows, why: `in the order of priority, time and id; at most ${room} now` };
  return none(await whyNothing(db, lane, modes, why));
}

function none(why: string): NextRows {
  return { rows: [], why };
}

async function countRunning(db: Queryable, lane: string): Promise<number> {
  const [row] = await query<{ running: number }>(db, 'SELECT count(*) AS running FROM aol_held WHERE lane = $1', [
    lane,
  ]);
  return row?.running ?? 0;
}

/** By the rules of `aol_claim`: the oldest has a slot of its own, and what died twice with its worker goes alone. */
function firstDue(db: Queryable, lane: string, modes: readonly string[], room: number): Promise<ActionRow[]> {
  return query<ActionRow & Record<string, unknown>>(
    db,
    `WITH oldest AS (
       SELECT a.* FROM aol_actions a WHERE a.run_at <= clock_timestamp() AND a.id = (
         SELECT o.id FROM unnest($2::text[]) AS modes (mode) CROSS JOIN LATERAL aol_oldest_queued($1, modes.mode) AS o
         ORDER BY o.run_at, o.id LIMIT 1)),
     first AS (
       SELECT due.* FROM unnest($2::text[]) AS modes (mode) CROSS JOIN LATERAL (
         SELECT a.* FROM aol_claimable a WHERE a.lane = $1 AND a.mode = modes.mode AND a.run_at <= now()
         ORDER BY a.priority DESC, a.run_at, a.id LIMIT $3) AS due),
     ranked AS (
       SELECT due.*, row_number() OVER (ORDER BY (due.id = (SELECT id FROM oldest) AND $3 > 1) DESC,
         due.priority DESC, due.run_at, due.id) AS rank
       FROM (SELECT * FROM first UNION SELECT * FROM oldest) AS due)
     SELECT a.* FROM ranked JOIN aol_actions a USING (id) WHERE rank <= $3
       AND CASE WHEN (SELECT claim_count FROM ranked WHERE rank = 1) >= ${SUSPECT_DEATHS} THEN rank = 1
         ELSE ranked.claim_count < ${SUSPECT_DEATHS} END
     ORDER BY rank`,
    [lane, modes, room],
  );
}

async function whyNothing(db: Queryable, lane: string, modes: readonly string[], mode: string): Promise<string> {
  const [row] = await query<{ next_at: Date | null; real_waits: boolean }>(
    db,
    `SELECT (SELECT min(oldest.run_at) FROM unnest($2::text[]) AS modes (mode)
         CROSS JOIN LATERAL aol_oldest_queued($1, modes.mode) AS oldest) AS next_at,
       NOT 'REAL' = ANY ($2::text[])
         AND (SELECT run_at <= clock_timestamp() FROM aol_oldest_queued($1, 'REAL')) IS TRUE AS real_waits`,
    [lane, modes],
  );
  const waits = 'REAL actions wait until their lane is REAL';
  if (row?.next_at) {
    return `nothing is due before ${row.next_at.toISOString()}${row.real_waits ? `; ${waits}: ${mode}` : ''}`;
  }
  return row?.real_waits ? `${waits}, and nothing else is queued: ${mode}` : 'nothing is queued';
}
