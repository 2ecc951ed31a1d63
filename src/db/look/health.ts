/** Whether PostgreSQL can be used. */

import type { Dependency } from '../../contracts/http/status.ts';
import { errorText } from '../../domain/errors.ts';
import { type Queryable, query } from '../pool.ts';

/** Never throws; answers within the limit. */
export async function postgresHealth(db: Queryable, timeoutMs = 1_000): Promise<Dependency> {
  const startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    const asked = query<{ version: string }>(
      db,
      "SELECT current_setting('server_version') AS version, (SELECT count(*) FROM aol_lease WHERE false)",
    );
    const [row] = await Promise.race([asked, late]);
    return {
      ok: true,
      detail: `PostgreSQL ${row?.version ?? ''}`,
      latencyMs: Math.round(performance.now() - startedAt),
    };
  } catch (error) {
    return { ok: false, detail: errorText(error, 300), latencyMs: null };
  } finally {
    clearTimeout(timer);
  }
}
