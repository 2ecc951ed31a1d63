/** `aol_sessions`: who is signed in to the dashboard, of whose cookie only the SHA-256 is kept. */

import { v7 as uuidv7 } from 'uuid';
import { type Queryable, query } from '../pool.ts';

/** What a session was begun with: a token of the table, or one of the environment, by its SHA-256. */
export type SessionToken = { readonly tokenId: string } | { readonly environmentSha256: Buffer };

export interface LiveSession {
  readonly sha256: Buffer;
  readonly token: SessionToken;
}

/** Keeps a new session, and forgets those whose time was over a day ago. */
export async function createSession(
  db: Queryable,
  session: { readonly sha256: Buffer; readonly token: SessionToken; readonly lastsMs: number },
): Promise<void> {
  const { sha256, token, lastsMs } = session;
  await query(db, "DELETE FROM aol_sessions WHERE expires_at < now() - interval '1 day'");
  await query(
    db,
    `INSERT INTO aol_sessions (id, sha256, token_id, environment_sha256, expires_at)
     VALUES ($1, $2, $3, $4, now() + $5::float8 * interval '1 millisecond')`,
    [
      uuidv7(),
      sha256,
      'tokenId' in token ? token.tokenId : null,
      'environmentSha256' in token ? token.environmentSha256 : null,
      lastsMs,
    ],
  );
}

interface SessionRow {
  id: string;
  sha256: Buffer;
  token_id: string | null;
  environment_sha256: Buffer | null;
  noted: boolean;
}

/** Of many SHA-256 at once: those whose session is not ended, too old or idle for too long. Their use is noted, to the minute. */
export async function findLiveSessions(
  db: Queryable,
  sha256s: readonly Buffer[],
  idleMs: number,
): Promise<LiveSession[]> {
  const rows = await query<SessionRow & Record<string, unknown>>(
    db,
    `SELECT id, sha256, token_id, environment_sha256, last_used_at > clock_timestamp() - interval '1 minute' AS noted
     FROM aol_sessions WHERE sha256 = ANY ($1::bytea[]) AND ended_at IS NULL AND expires_at > clock_timestamp()
       AND last_used_at > clock_timestamp() - $2::float8 * interval '1 millisecond'`,
    [[...sha256s], idleMs],
  );
  const unnoted = rows.filter(({ noted }) => !noted).map(({ id }) => id);
  if (unnoted.length > 0) {
    await query(db, 'UPDATE aol_sessions SET last_used_at = clock_timestamp() WHERE id = ANY ($1::uuid[])', [unnoted]);
  }
  return rows.flatMap(({ sha256, token_id: tokenId, environment_sha256: environmentSha256 }): LiveSession[] => {
    if (tokenId !== null) return [{ sha256, token: { tokenId } }];
    return environmentSha256 ? [{ sha256, token: { environmentSha256 } }] : [];
  });
}

/** Ends a session at once, everywhere; again, or one that is not there, changes nothing. */
export async function endSession(db: Queryable, sha256: Buffer): Promise<void> {
  await query(db, 'UPDATE aol_sessions SET ended_at = clock_timestamp() WHERE sha256 = $1 AND ended_at IS NULL', [
    sha256,
  ]);
}
