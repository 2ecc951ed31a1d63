/** Whether PostgreSQL can be used. */

import type { Dependency } from '../../contracts/http/status.ts';
import { errorText, UnavailableError } from '../../domain/errors.ts';
import { startTurnLimit } from '../../domain/turn-limit.ts';
import { type Database, query, withConnection } from '../pool.ts';

/**
 * Never throws; answers within the limit. A server that takes no writes cannot be used, and connections to it are closed.
 *
 * @param timeoutMs by a limit that counts turns: PostgreSQL is not away because this process was too busy to read its answer
 */
export async function postgresHealth(db: Database, timeoutMs = 1_000): Promise<Dependency> {
  const startedAt = performance.now();
  const limit = startTurnLimit(timeoutMs, () => new Error(`no answer within ${timeoutMs} ms`));
  try {
    const version = await Promise.race([readVersion(db), limit.reached]);
    return { ok: true, detail: `PostgreSQL ${version}`, latencyMs: Math.round(performance.now() - startedAt) };
  } catch (error) {
    return { ok: false, detail: errorText(error, 300), latencyMs: null };
  } finally {
    limit.close();
  }
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
