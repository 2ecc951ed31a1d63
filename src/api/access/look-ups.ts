/** Looks tokens and sessions up in the database, many at once: a flood of wrong ones costs few statements. */

import { gather } from '../../db/batcher.ts';
import { findLiveSessions, type LiveSession } from '../../db/decide/sessions.ts';
import { findLiveTokens, type LiveToken } from '../../db/decide/tokens.ts';
import type { Database } from '../../db/pool.ts';

/** A working day. */
export const SESSION_MS = 12 * 3_600_000;
/** A page that is open asks again and again; this begins when the last one was closed. */
export const IDLE_SESSION_MS = 3_600_000;
const MOST_AT_ONCE = 500;

export class LookUps {
  readonly database: Database;
  readonly tokenBySha256: (sha256: Buffer) => Promise<LiveToken | undefined>;
  readonly tokenById: (id: string) => Promise<LiveToken | undefined>;
  readonly session: (sha256: Buffer) => Promise<LiveSession | undefined>;

  constructor(database: Database) {
    this.database = database;
    this.tokenBySha256 = together(async (sha256s: readonly Buffer[]) => {
      const found = await findLiveTokens(database, { sha256s });
      return sha256s.map((sha256) => found.find((token) => token.sha256.equals(sha256)));
    });
    this.tokenById = together(async (ids: readonly string[]) => {
      const found = await findLiveTokens(database, { ids });
      return ids.map((id) => found.find((token) => token.id === id));
    });
    this.session = together(async (sha256s: readonly Buffer[]) => {
      const found = await findLiveSessions(database, sha256s, IDLE_SESSION_MS);
      return sha256s.map((sha256) => found.find((session) => session.sha256.equals(sha256)));
    });
  }
}

function together<Key, Found>(
  findAll: (keys: readonly Key[]) => Promise<readonly (Found | undefined)[]>,
): (key: Key) => Promise<Found | undefined> {
  const find = gather(async (keys: readonly Key[]) => (await findAll(keys)).map((found) => ({ found })), {
    mostAtOnce: MOST_AT_ONCE,
    isForAll: () => true,
  });
  return async (key) => (await find(key)).found;
}
