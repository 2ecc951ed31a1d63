/** How far types of actions may go by themselves: what is set, and setting it. */

import type { Autonomy, AutonomyPut } from '../../contracts/http/autonomy.ts';
import { type AutonomyLevel, isLooser } from '../../domain/autonomy.ts';
import { ForbiddenError, UnavailableError, UnprocessableError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';

interface AutonomyRow extends Record<string, unknown> {
  readonly lane: string;
  readonly type: string;
  readonly level: AutonomyLevel;
  readonly updated_by: string;
  readonly reason: string | null;
  readonly updated_at: Date;
}

/** What is set for a lane, and for all; without a lane everything. */
export async function listAutonomy(db: Queryable, lanes?: readonly string[]): Promise<Autonomy[]> {
  const rows = await query<AutonomyRow>(
    db,
    `SELECT * FROM aol_autonomy WHERE $1::text[] IS NULL OR lane = '${ALL_LANES}' OR lane = ANY ($1) ORDER BY lane, type`,
    [lanes ?? null],
  );
  return rows.map(toAutonomy);
}

/**
 * Sets a level. A waiting action heeds it at its gate.
 *
 * @throws UnprocessableError when there is no such lane
 * @throws ForbiddenError when it lets more go by itself than before, and the caller may not
 */
export function setAutonomy(
  db: Database,
  { lane, type, level, reason }: AutonomyPut,
  by: { readonly actor: string; readonly mayLoosen: boolean },
): Promise<Autonomy> {
  return transaction(db, async (connection) => {
    const [before] = await query<{ level: AutonomyLevel; exists: boolean }>(
      connection,
      `SELECT aol_autonomy_level($1, $2) AS level, $1 = '${ALL_LANES}' OR EXISTS (SELECT FROM aol_lease WHERE lane = $1) AS exists`,
      [lane, type],
    );
    if (!before?.exists) {
      const rule = 'must be a lane that exists';
      throw new UnprocessableError(`lane ${rule}`, [{ field: 'lane', rule }]);
    }
    if (isLooser(before.level, level) && !by.mayLoosen) {
      throw new ForbiddenError(`autonomy ${before.level} → ${level} lets more go by itself: that needs an admin`);
    }
    const [row] = await query<AutonomyRow>(
      connection,
      `INSERT INTO aol_autonomy (lane, type, level, updated_by, reason) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (lane, type) DO UPDATE SET level = excluded.level, updated_by = excluded.updated_by, reason = excluded.reason,
         updated_at = clock_timestamp()
       RETURNING *`,
      [lane, type, level, by.actor, reason ?? null],
    );
    if (!row) throw new UnavailableError('postgres', 'the level could not be written');
    await appendLog(connection, {
      lane,
      event: 'FLAG_CHANGED',
      level: 'WARNING',
      actor: by.actor,
      message: `autonomy of ${type} = ${level}${reason ? `: ${reason}` : ''}`,
      detail: { autonomy: level, type, reason: reason ?? null },
    });
    return toAutonomy(row);
  });
}

function toAutonomy({ lane, type, level, updated_by, reason, updated_at }: AutonomyRow): Autonomy {
  return { lane, type, level, updatedBy: updated_by, reason, updatedAt: updated_at.toISOString() };
}
