/**
 * The rows of `aol_execution_logs` as a stream that misses none. Ids are drawn before rows are committed, so a row may appear
 * below one that is already there. Therefore nothing is read beyond a *horizon*: the highest id below which every row is
 * either committed or will never be.
 *
 * A transaction that writes the log locks the table (in the mode of every INSERT) before it draws an id, and keeps the lock
 * until after its rows are visible. So once all who held that lock are gone, what was drawn before is decided.
 */

import type { LogEntry } from '../../contracts/http/log.ts';
import { type Queryable, query } from '../pool.ts';
import { type LogRow, toLogEntry } from './logs.ts';

/** One look: the last id that was drawn, and who was writing after that was read. */
export interface LogWriters {
  readonly lastId: number;
  /** Virtual transaction ids. */
  readonly writers: readonly string[];
}

/** The writers are read after the id, because their condition names it. */
export async function readLogWriters(db: Queryable): Promise<LogWriters> {
  const [row] = await query<{ last_id: number; writers: string[] }>(
    db,
    `WITH drawn AS MATERIALIZED (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last_id FROM aol_execution_logs_id_seq)
     SELECT last_id, array(SELECT virtualtransaction FROM pg_locks
       WHERE locktype = 'relation' AND relation = 'aol_execution_logs'::regclass AND mode = 'RowExclusiveLock' AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND drawn.last_id IS NOT NULL) AS writers
     FROM drawn`,
  );
  if (!row) throw new Error('a sequence has no row');
  return { lastId: row.last_id, writers: row.writers };
}

/** Finds the horizon from one look to the next. */
export class Horizon {
  #id: number | undefined;
  #waitingFor: LogWriters | undefined;

  /** Undefined until the first time that everybody who wrote is gone. */
  get id(): number | undefined {
    return this.#id;
  }

  /** Whether somebody was writing at the last look, so that the next one is worth making soon. */
  get isBehind(): boolean {
    return this.#waitingFor !== undefined;
  }

  see(now: LogWriters): void {
    const asked = this.#waitingFor;
    if (now.writers.length === 0) {
      this.#advance(now.lastId);
      this.#waitingFor = undefined;
    } else if (asked === undefined || asked.writers.every((writer) => !now.writers.includes(writer))) {
      if (asked !== undefined) this.#advance(asked.lastId);
      this.#waitingFor = now;
    }
  }

  #advance(id: number): void {
    this.#id = Math.max(this.#id ?? 0, id);
  }
}

/**
 * When it returns, every row that was committed before is on the server's disk. Some commits do not wait for it (docs/adr/0009): a crash
 * of the server takes those back, and draws their ids again. So whoever hands out a place in the log asks for this first.
 */
export async function waitForDisk(db: Queryable): Promise<void> {
  // A transaction that has written anything waits at its end until the disk has all that was written before.
  await query(
    db,
    `SELECT set_config('synchronous_commit', 'on', true),
       CASE WHEN pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn() THEN pg_logical_emit_message(true, 'aol', '') END`,
  );
}

/** Rows in the order of their ids, after one and up to the horizon. */
export async function readEvents(
  db: Queryable,
  range: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<LogEntry[]> {
  const rows = await query<LogRow>(
    db,
    'SELECT * FROM aol_execution_logs WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3',
    [range.after, range.upTo, range.limit],
  );
  return rows.map(toLogEntry);
}

/** The highest id of a row that was pruned: whoever has read only less may have missed some. */
export async function highestPrunedLog(db: Queryable): Promise<number> {
  const [row] = await query<{ id: number }>(
    db,
    'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS id FROM aol_pruned_log_id',
  );
  return row?.id ?? 0;
}
