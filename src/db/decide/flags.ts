/** `aol_control_flags`: reading what is in force, and changing it. Pressing pause, resume, kill and start: `press.ts`. */

import type { FlagState, FlagsOfLane, FlagValues } from '../../contracts/http/flags.ts';
import { ForbiddenError, NotFoundError, VersionConflictError } from '../../domain/errors.ts';
import {
  ALL_LANES,
  FLAG_NAMES,
  FLAGS,
  type FlagName,
  type FlagRow,
  type FlagValue,
  flagsInForce,
  needsAdmin,
} from '../../domain/flags.ts';
import { appendLog } from '../look/logs.ts';
import { type Database, prepared, type Queryable, query, transaction } from '../pool.ts';

/** All flag rows of a lane and of `*`, with their values of now, for {@link flagsInForce}. */
export async function readFlagRows(db: Queryable, lane?: string): Promise<FlagRow[]> {
  return prepared<FlagRow & Record<string, unknown>>(
    db,
    'aol_flags',
    `SELECT f.lane, f.name, aol_flag_value(f) AS value, f.expires_at AS "expiresAt" FROM aol_control_flags f
     WHERE $1::text IS NULL OR f.lane IN ($1, '${ALL_LANES}')`,
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
 * @param forMs after how many milliseconds `proof_only: false` locks itself again
 * @throws NotFoundError when the lane does not exist
 */
export async function setFlags(
  db: Queryable,
  lane: string,
  values: Partial<Record<FlagName, FlagValue>>,
  by: { readonly actor: string; readonly reason?: string | undefined },
  forMs?: number,
): Promise<FlagName[]> {
  await requireLane(db, lane);
  const changed: FlagName[] = [];
  for (const [name, value] of Object.entries(values)) {
    const rows = await query<{ name: FlagName; version: number; expires_at: Date | null }>(
      db,
      `INSERT INTO aol_control_flags AS f (lane, name, value, updated_by, reason, expires_at)
       VALUES ($1, $2, $3::jsonb, $4, $5, clock_timestamp() + $6::float8 * interval '1 millisecond')
       ON CONFLICT (lane, name) DO UPDATE SET value = excluded.value, version = f.version + 1, expires_at = excluded.expires_at,
         updated_by = excluded.updated_by, reason = excluded.reason, updated_at = clock_timestamp()
         WHERE (f.value, f.expires_at) IS DISTINCT FROM (excluded.value, excluded.expires_at)
       RETURNING name, version, expires_at`,
      [lane, name, JSON.stringify(value), by.actor, by.reason ?? null, forMs ?? null],
    );
    for (const row of rows) {
      changed.push(row.name);
      await appendLog(db, {
        lane,
        event: 'FLAG_CHANGED',
        level: 'WARNING',
        actor: by.actor,
        message: `${name} = ${JSON.stringify(value)}${untilWords(row.expires_at)}${by.reason ? `: ${by.reason}` : ''}`,
        detail: {
          name,
          value,
          version: row.version,
          reason: by.reason ?? null,
          ...(row.expires_at && { expiresAt: row.expires_at }),
        },
      });
    }
  }
  return changed;
}

function untilWords(end: Date | null): string {
  return end === null ? '' : ` until ${end.toISOString()}`;
}

/** Locks REAL where its time ran out, and writes the audit row. It counts as locked from that time on, whenever this is called. */
export async function lockWhatRanOut(db: Queryable): Promise<void> {
  await query(
    db,
    `WITH over AS (
       SELECT lane, name FROM aol_control_flags WHERE expires_at <= clock_timestamp() FOR UPDATE SKIP LOCKED),
     locked AS (
       UPDATE aol_control_flags f SET value = 'true', expires_at = NULL, version = version + 1, updated_by = 'engine',
         reason = 'the time of its unlocking ran out', updated_at = clock_timestamp()
       FROM over WHERE (f.lane, f.name) = (over.lane, over.name) RETURNING f.lane, f.name, f.value, f.version, f.reason)
     INSERT INTO aol_execution_logs (lane, event, level, actor, message, detail)
     SELECT lane, 'FLAG_CHANGED', 'WARNING', 'engine', 'proof_only = true: ' || reason,
       jsonb_build_object('name', name, 'value', value, 'version', version, 'reason', reason) FROM locked`,
  );
}

/**
 * Waits for the claims and gates that are open in some lanes. Claims last milliseconds; one whose worker froze inside is ended
 * by its idle-in-transaction limit.
 */
export const openClaims = `SELECT FROM aol_lease WHERE lane = ANY ($1::text[]) OR '${ALL_LANES}' = ANY ($1::text[])
  ORDER BY lane FOR UPDATE`;

interface FlagDetailRow extends FlagRow {
  readonly version: number;
  readonly updated_by: string;
  readonly reason: string | null;
  readonly updated_at: Date;
  readonly expires_at: Date | null;
}

/**
 * The flags in force in a lane (or `*`): each with where its value comes from and who set it.
 *
 * @throws NotFoundError when the lane does not exist
 */
export async function readFlagsOf(db: Queryable, lane: string): Promise<FlagsOfLane> {
  await requireLane(db, lane);
  const rows = await readDetails(db, `FROM aol_control_flags f WHERE lane IN ($1, '${ALL_LANES}')`, [lane]);
  const state = (name: FlagName) => flagState(lane, name, rows);
  return {
    lane,
    flags: {
      paused: state('paused'),
      killed: state('killed'),
      proof_only: state('proof_only'),
      max_actions_per_tick: state('max_actions_per_tick'),
      tick_interval_ms: state('tick_interval_ms'),
      max_tick_ms: state('max_tick_ms'),
      max_running: state('max_running'),
      approval_policy: state('approval_policy'),
      approver_must_differ: state('approver_must_differ'),
      approvals_needed: state('approvals_needed'),
    },
  };
}

function flagState(lane: string, name: FlagName, rows: readonly FlagDetailRow[]): FlagState {
  const own = rows.find((row) => row.lane === lane && row.name === name);
  const ofAll = rows.find((row) => row.lane === ALL_LANES && row.name === name);
  const isOverruled = (name === 'paused' || name === 'killed') && own?.value === false && ofAll?.value === true;
  const source = isOverruled ? ofAll : (own ?? ofAll);
  return {
    value: flagsInForce(lane, rows)[name],
    version: own?.version ?? 0,
    inherited: source !== own || own === undefined,
    expiresAt: source?.expires_at?.toISOString() ?? null,
    updatedBy: source?.updated_by ?? null,
    reason: source?.reason ?? null,
    updatedAt: source?.updated_at.toISOString() ?? null,
  };
}

/**
 * Changes flags of a lane (or `*`) by compare-and-set. The roles' rule is applied to the values that it replaces, which stay
 * locked until it has committed. When it returns, no claim that had read the older flags is still open.
 *
 * @param patch with a version it holds one flag, whose own row must have that version, 0 for none
 * @throws NotFoundError when the lane does not exist
 * @throws ForbiddenError when it needs an admin
 * @throws VersionConflictError when the flag has another version
 */
export async function patchFlags(
  db: Database,
  lane: string,
  patch: { readonly flags: FlagValues; readonly version?: number | undefined; readonly forMs?: number | undefined },
  by: { readonly actor: string; readonly reason?: string | undefined; readonly mayLoosen: boolean },
): Promise<FlagsOfLane & { readonly changed: FlagName[] }> {
  const answer = await transaction(db, async (connection) => {
    await requireLane(connection, lane);
    const values: Partial<Record<FlagName, FlagValue>> = {};
    const rows = await lockFlags(connection, lane, patch.flags);
    for (const name of FLAG_NAMES) {
      const after = patch.flags[name];
      if (after === undefined) continue;
      const own = rows.find((row) => row.lane === lane && row.name === name);
      const before = own?.value ?? rows.find((row) => row.name === name)?.value ?? FLAGS[name].default;
      if (!by.mayLoosen && needsAdmin(name, before, after)) {
        throw new ForbiddenError(`${name} ${String(before)} to ${String(after)} loosens it: this needs the role admin`);
      }
      const version = own?.version ?? 0;
      if (patch.version !== undefined && patch.version !== version) {
        throw new VersionConflictError(`${name} of ${lane} has the version ${version}, not ${patch.version}`, version);
      }
      values[name] = after;
    }
    const changed = await setFlags(connection, lane, values, by, patch.forMs);
    return { ...(await readFlagsOf(connection, lane)), changed };
  });
  await query(db, openClaims, [[lane]]);
  return answer;
}

/**
 * Locks first and reads in a second statement, which sees what was committed while it waited, also a row that is new. The
 * rows of `*` are always there, so of two that would insert the same row of a lane, one waits here.
 */
async function lockFlags(db: Queryable, lane: string, flags: FlagValues): Promise<FlagDetailRow[]> {
  const values = [lane, Object.keys(flags)];
  const those = `FROM aol_control_flags f WHERE lane IN ($1, '${ALL_LANES}') AND name = ANY ($2::text[]) ORDER BY name, lane`;
  await query(db, `SELECT ${those} FOR UPDATE`, values);
  return readDetails(db, those, values);
}

function readDetails(db: Queryable, those: string, values: readonly unknown[]): Promise<FlagDetailRow[]> {
  return query<FlagDetailRow & Record<string, unknown>>(
    db,
    `SELECT lane, name, aol_flag_value(f) AS value, version, updated_by, reason, updated_at, expires_at ${those}`,
    values,
  );
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
