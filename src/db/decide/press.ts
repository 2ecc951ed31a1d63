/** Pressing pause, resume, kill and start. Those that are pressed at the same time are one transaction, so that a storm of them is short. */

import { NotFoundError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { gather } from '../batcher.ts';
import { type Database, type Queryable, query, withConnection } from '../pool.ts';
import { listLanes, openClaims } from './flags.ts';

export interface Press {
  readonly lane: string;
  readonly flag: 'paused' | 'killed';
  readonly value: boolean;
  readonly actor: string;
  readonly reason?: string | undefined;
}

export interface Pressed {
  readonly paused: boolean;
  readonly killed: boolean;
  readonly changed: boolean;
  /** Whose flag it was: the lane, or all lanes that there are. */
  readonly lanes: readonly string[];
  /** Whose own flag of this name is on besides: after a press for all, single lanes; after one for a lane, `*`. */
  readonly stillOn: readonly string[];
}

/** So many are answered one after the other, before anything else is read. */
const MOST_AT_ONCE = 100;

/**
 * Answers a function that presses as {@link pressControl} does, together with those that are pressed meanwhile. These have no
 * order of their own: of a stop and its end the stop comes last.
 */
export function createPress(db: Database): (press: Press) => Promise<Pressed> {
  const pressOne = gather((presses: readonly Press[]) => pressTogether(db, presses), {
    mostAtOnce: MOST_AT_ONCE,
    isForAll: () => true,
  });
  return async (press) => {
    const answer = await pressOne(press);
    if (answer instanceof NotFoundError) throw answer;
    return answer;
  };
}

/**
 * Sets `paused` and `killed` of a lane or of all. When it returns, the flags are committed and no claim that had read
 * the older ones, and no gate, is still open: both hold their lane's lease row, and read the flags only after locking it.
 *
 * @throws NotFoundError when the lane does not exist
 */
export async function pressControl(
  db: Database,
  lane: string,
  values: { readonly paused?: boolean; readonly killed?: boolean },
  by: { readonly actor: string; readonly reason?: string | undefined },
): Promise<Pressed> {
  const presses = (['paused', 'killed'] as const).flatMap((flag): Press[] => {
    const value = values[flag];
    return value === undefined ? [] : [{ lane, flag, value, ...by }];
  });
  const answers = await pressTogether(db, presses);
  const pressed = answers.map((answer) => {
    if (answer instanceof NotFoundError) throw answer;
    return answer;
  });
  const [first] = pressed;
  if (!first) throw new Error('nothing was pressed');
  return { ...first, changed: pressed.some(({ changed }) => changed) };
}

async function pressTogether(db: Database, presses: readonly Press[]): Promise<(Pressed | NotFoundError)[]> {
  const pressedLanes = [...new Set(presses.map(({ lane }) => lane))];
  // One after the other, and in one packet: each is committed before the next begins.
  const [released, stopped, , lanes, on] = await withConnection(db, (connection) =>
    Promise.all([
      setAll(connection, presses, false),
      setAll(connection, presses, true),
      query(connection, openClaims, [pressedLanes]),
      listLanes(connection),
      query<{ lane: string; name: string }>(
        connection,
        `SELECT lane, name FROM aol_control_flags WHERE name IN ('paused', 'killed') AND value = 'true' ORDER BY lane`,
      ),
    ]),
  );
  const changes = new Set([...released, ...stopped]);
  const lanesWith = (flag: string) => on.filter(({ name }) => name === flag).map(({ lane }) => lane);
  const [paused, killed] = [lanesWith('paused'), lanesWith('killed')];
  return presses.map((press) => {
    const { lane, flag } = press;
    const isForAll = lane === ALL_LANES;
    if (!isForAll && !lanes.includes(lane)) return new NotFoundError(`there is no lane ${lane}`);
    return {
      paused: paused.includes(lane),
      killed: killed.includes(lane),
      changed: changes.has(press),
      lanes: isForAll ? lanes : [lane],
      stillOn: (flag === 'paused' ? paused : killed).filter((other) => (other === ALL_LANES) !== isForAll),
    };
  });
}

/** Sets what is pressed to a value, with its audit row, and answers the presses that changed something: the first of each kind. */
async function setAll(db: Queryable, presses: readonly Press[], value: boolean): Promise<Press[]> {
  const firsts = new Map<string, Press>();
  const kind = ({ flag, lane }: Pick<Press, 'flag' | 'lane'>) => `${flag} ${lane}`;
  for (const press of presses) {
    if (press.value === value && !firsts.has(kind(press))) firsts.set(kind(press), press);
  }
  if (firsts.size === 0) return [];
  const wanted = [...firsts.values()].map(({ lane, flag, actor, reason = null }) => ({ lane, flag, actor, reason }));
  const changed = await query<Pick<Press, 'lane' | 'flag'>>(db, SET_ALL, [JSON.stringify(wanted), String(value)]);
  return changed.flatMap((row) => firsts.get(kind(row)) ?? []);
}

/** In the order in which every transaction locks flags: by name, then lane. */
const SET_ALL = `
  WITH pressed AS (
    INSERT INTO aol_control_flags AS f (lane, name, value, updated_by, reason)
    SELECT w.lane, w.flag, $2::jsonb, w.actor, w.reason
    FROM jsonb_to_recordset($1::jsonb) AS w (lane text, flag text, actor text, reason text)
    WHERE w.lane = '${ALL_LANES}' OR EXISTS (SELECT FROM aol_lease l WHERE l.lane = w.lane)
    ORDER BY w.flag, w.lane
    ON CONFLICT (lane, name) DO UPDATE SET value = excluded.value, version = f.version + 1,
      updated_by = excluded.updated_by, reason = excluded.reason, updated_at = clock_timestamp()
      WHERE f.value IS DISTINCT FROM excluded.value
    RETURNING lane, name, value, version, updated_by, reason),
  logged AS (
    INSERT INTO aol_execution_logs (lane, event, level, actor, message, detail)
    SELECT lane, 'FLAG_CHANGED', 'WARNING', updated_by, name || ' = ' || value || coalesce(': ' || nullif(reason, ''), ''),
      jsonb_build_object('name', name, 'value', value, 'version', version, 'reason', reason) FROM pressed)
  SELECT lane, name AS flag FROM pressed`;
