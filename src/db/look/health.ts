/** Whether PostgreSQL can be used. */

import type { Dependency } from '../../contracts/http/status.ts';
import { errorText, UnavailableError } from '../../domain/errors.ts';
import { type Database, query, withConnection } from '../pool.ts';

/** Never throws; answers within the limit. A server that takes no writes cannot be used, and connections to it are closed. */
export async function postgresHealth(db: Database, timeoutMs = 1_000): Promise<Dependency> {
  const startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    const version = await Promise.race([readVersion(db), late]);
    return { ok: true, detail: `PostgreSQL ${version}`, latencyMs: Math.round(performance.now() - startedAt) };
  } catch (error) {
    return { ok: false, detail: errorText(error, 300), latencyMs: null };
  } finally {
    clearTimeout(timer);
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
