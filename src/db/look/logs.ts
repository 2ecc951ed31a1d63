/** `aol_execution_logs`: appending, and the rows of one action. All rows are listed by `log-list.ts`. */

import type { LogEntry } from '../../contracts/http/log.ts';
import type { LogEvent, LogLevel } from '../../domain/events.ts';
import { type Queryable, query } from '../pool.ts';

export interface NewLogEntry {
  readonly lane: string;
  readonly actionId?: string;
  readonly tickId?: string;
  readonly attempt?: number;
  readonly event: LogEvent;
  readonly level?: LogLevel;
  readonly actor: string;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Appends one row, in the caller's transaction. */
export async function appendLog(db: Queryable, entry: NewLogEntry): Promise<void> {
  await query(
    db,
    `INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, level, actor, message, detail)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      entry.lane,
      entry.actionId ?? null,
      entry.tickId ?? null,
      entry.attempt ?? null,
      entry.event,
      entry.level ?? 'INFO',
      entry.actor,
      entry.message,
      entry.detail ? JSON.stringify(entry.detail) : null,
    ],
  );
}

export interface LogRow {
  id: number;
  at: Date;
  lane: string;
  action_id: string | null;
  tick_id: string | null;
  attempt: number | null;
  event: LogEvent;
  level: LogLevel;
  actor: string;
  message: string;
  detail: Record<string, unknown> | null;
  artifact_sha256: string | null;
  duration_ms: number | null;
}

export function toLogEntry(row: LogRow): LogEntry {
  return {
    id: row.id,
    at: row.at.toISOString(),
    lane: row.lane,
    actionId: row.action_id,
    tickId: row.tick_id,
    attempt: row.attempt,
    event: row.event,
    level: row.level,
    actor: row.actor,
    message: row.message,
    detail: row.detail,
    artifactSha256: row.artifact_sha256,
    durationMs: row.duration_ms,
  };
}

/** An action's rows in the order of what happened, after a row's id. */
export async function logsOfAction(
  db: Queryable,
  actionId: string,
  page: { readonly afterId: number; readonly limit: number },
): Promise<{ readonly items: LogEntry[]; readonly total: number }> {
  const items = await query<LogRow>(
    db,
    'SELECT * FROM aol_execution_logs WHERE action_id = $1 AND id > $2 ORDER BY id LIMIT $3',
    [actionId, page.afterId, page.limit],
  );
  const [count] = await query<{ total: number }>(
    db,
    'SELECT count(*) AS total FROM aol_execution_logs WHERE action_id = $1',
    [actionId],
  );
  return { items: items.map(toLogEntry), total: count?.total ?? 0 };
}
