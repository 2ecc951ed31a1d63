/** How far types of actions may go by themselves: what is set, and setting it. */

import type { Autonomy, AutonomyPut } from '../../contracts/http/autonomy.ts';
import { type AutonomyLevel, firstLoosened, levelInForce } from '../../domain/autonomy.ts';
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

/** How far a type may go by itself in a lane, and whether one of it was ever sent there. Undefined: there is no such lane. */
export async function readTypeInLane(
  db: Queryable,
  lane: string,
  type: string,
): Promise<{ readonly level: AutonomyLevel; readonly wasSent: boolean } | undefined> {
  const [row] = await query<{ level: AutonomyLevel; was_sent: boolean }>(
    db,
    `SELECT aol_autonomy_level(lane, $2) AS level, EXISTS (
         SELECT FROM aol_actions a WHERE a.lane = l.lane AND a.type = $2 AND a.mode = 'REAL' AND a.status = 'SUCCESS') AS was_sent
     FROM aol_lease l WHERE l.lane = $1`,
    [lane, type],
  );
  return row && { level: row.level, wasSent: row.was_sent };
}

/**
 * Sets a level. A waiting action heeds it at its gate.
 *
 * @throws UnprocessableError when there is no such lane
 * @throws ForbiddenError when it lets more of any type go by itself in any lane than before, and the caller may not
 */
export function setAutonomy(
  db: Database,
  { lane, type, level, reason }: AutonomyPut,
  by: { readonly actor: string; readonly mayLoosen: boolean },
): Promise<Autonomy> {
  return transaction(db, async (connection) => {
    const [known] = await query<{ exists: boolean }>(
      connection,
      `SELECT $1 = '${ALL_LANES}' OR EXISTS (SELECT FROM aol_lease WHERE lane = $1) AS exists`,
      [lane],
    );
    if (!known?.exists) {
      const rule = 'must be a lane that exists';
      throw new UnprocessableError(`lane ${rule}`, [{ field: 'lane', rule }]);
    }
    const before = await lockedLevels(connection);
    const [row] = await query<AutonomyRow>(
      connection,
      `INSERT INTO aol_autonomy (lane, type, level, updated_by, reason) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (lane, type) DO UPDATE SET level = excluded.level, updated_by = excluded.updated_by, reason = excluded.reason,
         updated_at = clock_timestamp()
       RETURNING *`,
      [lane, type, level, by.actor, reason ?? null],
    );
    if (!row) throw new UnavailableError('postgres', 'the level could not be written');
    requireMayLoosen(before, await listAutonomy(connection), by);
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

/**
 * Takes a level back: what is set more widely holds again.
 *
 * @returns what holds now; null when nothing is set
 * @throws ForbiddenError when that lets more of any type go by itself in any lane, and the caller may not
 */
export function unsetAutonomy(
  db: Database,
  { lane, type, reason }: { readonly lane: string; readonly type: string; readonly reason?: string | undefined },
  by: { readonly actor: string; readonly mayLoosen: boolean },
): Promise<Autonomy | null> {
  return transaction(db, async (connection) => {
    const before = await lockedLevels(connection);
    const [gone] = await query<{ level: AutonomyLevel }>(
      connection,
      'DELETE FROM aol_autonomy WHERE lane = $1 AND type = $2 RETURNING level',
      [lane, type],
    );
    const after = await listAutonomy(connection);
    const inForce = levelInForce(after, lane, type) ?? null;
    if (!gone) return inForce;
    requireMayLoosen(before, after, by);
    const words = inForce ? `${inForce.level}, from ${inForce.type} in ${inForce.lane}` : 'nothing, the flags alone';
    await appendLog(connection, {
      lane,
      event: 'FLAG_CHANGED',
      level: 'WARNING',
      actor: by.actor,
      message: `autonomy of ${type} taken back; in force: ${words}${reason ? `: ${reason}` : ''}`,
      detail: { autonomy: null, type, from: gone.level, reason: reason ?? null },
    });
    return inForce;
  });
}

/** What waits because of a level that was changed is due at once. Answers its lanes. */
export async function releaseDrafts(
  db: Queryable,
  { lane, type }: { readonly lane: string; readonly type: string },
): Promise<string[]> {
  const rows = await query<{ lane: string }>(
    db,
    `WITH released AS (
       UPDATE aol_actions SET run_at = least(run_at, clock_timestamp()), held_by = NULL, updated_at = clock_timestamp()
       WHERE held_by LIKE 'autonomy:%' AND held_by IS NOT NULL AND status = 'PENDING'
         AND $1 IN (lane, '${ALL_LANES}') AND $2 IN (type, '*') RETURNING lane)
     SELECT DISTINCT lane FROM released`,
    [lane, type],
  );
  return rows.map((row) => row.lane);
}

/** What is set now. Nobody, the engine neither, sets or takes back a level until this transaction ends: a change is compared with it. */
async function lockedLevels(connection: Queryable): Promise<Autonomy[]> {
  await query(connection, 'LOCK TABLE aol_autonomy IN SHARE ROW EXCLUSIVE MODE');
  return listAutonomy(connection);
}

function requireMayLoosen(
  before: readonly Autonomy[],
  after: readonly Autonomy[],
  { mayLoosen }: { readonly mayLoosen: boolean },
): void {
  const looser = mayLoosen ? undefined : firstLoosened(before, after);
  if (!looser) return;
  const { lane, type, from, to } = looser;
  throw new ForbiddenError(
    `autonomy of ${type} in ${lane}: ${from} → ${to} lets more be sent without a person: this needs an admin`,
  );
}

function toAutonomy({ lane, type, level, updated_by, reason, updated_at }: AutonomyRow): Autonomy {
  return { lane, type, level, updatedBy: updated_by, reason, updatedAt: updated_at.toISOString() };
}
