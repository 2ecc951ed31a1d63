/** Whether PostgreSQL can be used. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Dependency } from '../../contracts/http/status.ts';
import { errorText, UnavailableError } from '../../domain/errors.ts';
import { type Database, query, withConnection } from '../pool.ts';

/**
 * Never throws; answers within the limit. A server that takes no writes cannot be used, and connections to it are closed.
 *
 * @param timeoutMs a turn of the event loop in which this process did other work counts {@link LONGEST_TURN_MS} of it: PostgreSQL is not
 *   away because this process was too busy to read its answer
 */
export async function postgresHealth(db: Database, timeoutMs = 1_000): Promise<Dependency> {
  const startedAt = performance.now();
  const answered = new AbortController();
  try {
    const version = await Promise.race([readVersion(db), late(timeoutMs, answered.signal)]);
    return { ok: true, detail: `PostgreSQL ${version}`, latencyMs: Math.round(performance.now() - startedAt) };
  } catch (error) {
    return { ok: false, detail: errorText(error, 300), latencyMs: null };
  } finally {
    answered.abort();
  }
}

const LONGEST_TURN_MS = 50;

async function late(timeoutMs: number, signal: AbortSignal): Promise<never> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += LONGEST_TURN_MS) {
    await delay(LONGEST_TURN_MS, undefined, { signal });
  }
  throw new Error(`no answer within ${timeoutMs} ms`);
}

/** @throws UnavailableError when it is read-only, or the schema is not there */
function readVersion(db: Database): Promise<string> {
  return withConnection(db, async (connection, spoil) => {
    const [row] = await query<{ version: string; read_only: boolean }>(
      connection,
      `SELECT current_setting('server_version') AS version, current_setting('transaction_read_only') = 'on' AS read_only,
         (SELECT count(*) FROM aol_lease WHERE false)`,
    );
    if (!row?.read_only) return row?.version ?? '';
    const error = new UnavailableError('postgres', READ_ONLY);
    spoil(error);
    throw error;
  });
}

export const READ_ONLY = 'PostgreSQL is read-only: a standby, or a primary that was demoted';
