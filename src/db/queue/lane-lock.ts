/** One at a time in a lane, or with an account, over all workers: a lock that ends with its connection, so also with its process. */

import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { databaseError } from '../errors.ts';

const POLL_INTERVAL_MS = 100;
const CALL_LIMIT_MS = 3_000;
/** Keep these advisory locks apart from each other and from others: `lane` and `acco` in ASCII. */
const LANES = 0x6c616e65;
const ACCOUNTS = 0x6163636f;

/**
 * Runs `work` when nobody else has the lane's lock. It holds a connection of its own, none of a pool: `work` may need those.
 *
 * @param signal ends the wait, by throwing what it was aborted with
 * @throws UnavailableError
 */
export function withLaneLock<Result>(
  databaseUrl: string,
  lane: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  return withLock(databaseUrl, { space: LANES, name: lane }, signal, work);
}

/** The same for an account: who has it may log in, and nobody else. */
export function withAccountLock<Result>(
  databaseUrl: string,
  account: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  return withLock(databaseUrl, { space: ACCOUNTS, name: account }, signal, work);
}

async function withLock<Result>(
  databaseUrl: string,
  lock: { readonly space: number; readonly name: string },
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'aol-lane-lock',
    connectionTimeoutMillis: CALL_LIMIT_MS,
    query_timeout: CALL_LIMIT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    for (;;) {
      signal.throwIfAborted();
      const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1, hashtext($2)) AS mine', [
        lock.space,
        lock.name,
      ]);
      if (rows[0]?.mine) break;
      await delay(POLL_INTERVAL_MS, undefined, { signal });
    }
  } catch (error) {
    await client.end().catch(() => undefined);
    throw databaseError(error);
  }
  try {
    return await work();
  } finally {
    await client.end().catch(() => undefined);
  }
}
