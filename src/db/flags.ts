/** `aol_control_flags`: reading what is in force, and pressing pause, resume, kill and start. */

import { NotFoundError } from '../domain/errors.ts';
import { ALL_LANES, type FlagName, type FlagRow, type FlagValue } from '../domain/flags.ts';
import { appendLog } from './logs.ts';
import { type Database, type Queryable, query, transaction } from './pool.ts';

/** All flag rows of a lane and of `*`, for {@link flagsInForce}. */
export async function readFlagRows(db: Queryable, lane?: string): Promise<FlagRow[]> {
  return query<{ lane: string; name: FlagName; value: FlagValue }>(
    db,
    `SELECT lane, name, value FROM aol_control_flags WHERE $1::text IS NULL OR lane IN ($1, '${ALL_LANES}')`,
    [lane ?? null],
  );
}

export interface FlagChange {
  readonly lane: string;
  readonly name: FlagName;
  readonly value: FlagValue;
}

/**
 * Sets flags of one lane (or `*`) and writes the audit row of each that changed. Answers the names that changed.
 *
 * @throws NotFoundError when the lane does not exist
 */
export async function setFlags(
  db: Queryable,
  lane: string,
  values: Partial<Record<FlagName, FlagValue>>,
  by: { readonly actor: string; readonly reason?: string | undefined },
): Promise<FlagName[]> {
  await requireLane(db, lane);
  const changed: FlagName[] = [];
  for (const [name, value] of Object.entries(values)) {
    const rows = await query<{ name: FlagName; version: number }>(
      db,
      `INSERT INTO aol_control_flags AS f (lane, name, value, updated_by, reason) VALUES ($1, $2, $3::jsonb, $4, $5)
       ON CONFLICT (lane, name) DO UPDATE SET value = excluded.value, version = f.version + 1,
         updated_by = excluded.updated_by, reason = excluded.reason, updated_at = clock_timestamp()
         WHERE f.value IS DISTINCT FROM excluded.value
       RETURNING name, version`,
      [lane, name, JSON.stringify(value), by.actor, by.reason ?? null],
    );
    for (const row of rows) {
      changed.push(row.name);
      await appendLog(db, {
        lane,
        event: 'FLAG_CHANGED',
        level: 'WARNING',
        actor: by.actor,
        message: `${name} = ${JSON.stringify(value)}${by.reason ? `: ${by.reason}` : ''}`,
        detail: { name, value, version: row.version, reason: by.reason ?? null },
      });
    }
  }
  return changed;
}

/**
 * Sets `paused` and `killed` of a lane or of all. When it returns, the flags are committed and no claim that had read
 * the older ones is still open: a claim holds its lane's lease row, and reads the flags only after it has locked it.
 */
export async function pressControl(
  db: Database,
  lane: string,
  values: { readonly paused?: boolean; readonly killed?: boolean },
  by: { readonly actor: string; readonly reason?: string | undefined },
): Promise<{ readonly paused: boolean; readonly killed: boolean; readonly changed: boolean }> {
  const changed = await transaction(db, (connection) => setFlags(connection, lane, values, by));
  await waitForOpenClaims(db, lane);
  const rows = await query<{ name: string; value: boolean }>(
    db,
    `SELECT name, value FROM aol_control_flags WHERE lane = $1 AND name IN ('paused', 'killed')`,
    [lane],
  );
  const isOn = (name: string) => rows.some((row) => row.name === name && row.value);
  return { paused: isOn('paused'), killed: isOn('killed'), changed: changed.length > 0 };
}

/** Claims last milliseconds; one whose worker froze inside is ended by its idle-in-transaction limit. */
async function waitForOpenClaims(db: Database, lane: string): Promise<void> {
  await transaction(db, (connection) =>
    query(connection, `SELECT FROM aol_lease WHERE $1 IN (lane, '${ALL_LANES}') ORDER BY lane FOR SHARE`, [lane]),
  );
}

/** Lanes other than `*` whose own flag is on, so that a resume or start of all can say who stays stopped. */
export async function lanesWithFlag(db: Queryable, name: 'paused' | 'killed'): Promise<string[]> {
  const rows = await query<{ lane: string }>(
    db,
    `SELECT lane FROM aol_control_flags WHERE name = $1 AND value = 'true' AND lane <> '${ALL_LANES}' ORDER BY lane`,
    [name],
  );
  return rows.map((row) => row.lane);
}

/** @throws NotFoundError when the lane does not exist */
export async function requireLane(db: Queryable, lane: string): Promise<void> {
  if (lane === ALL_LANES) return;
  const rows = await query(db, 'SELECT FROM aol_lease WHERE lane = $1', [lane]);
  if (rows.length === 0) throw new NotFoundError(`there is no lane ${lane}`);
}

/** The names of all lanes. */
export async function listLanes(db: Queryable): Promise<string[]> {
  const rows = await query<{ lane: string }>(db, 'SELECT lane FROM aol_lease ORDER BY lane');
  return rows.map((row) => row.lane);
}

/** Creates a lane; answers false when it was there. */
export async function createLane(db: Queryable, lane: string, actor: string): Promise<boolean> {
  const rows = await query<{ created: boolean }>(db, 'SELECT aol_create_lane($1, $2) AS created', [lane, actor]);
  return rows[0]?.created ?? false;
}
