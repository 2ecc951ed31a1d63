/** What has to be written although the database is away for a while. */

import { setTimeout as delay } from 'node:timers/promises';
import { UnavailableError } from '../domain/errors.ts';

const RETRY_MS = 200;
/** As long as a process may live without its database. */
const LIMIT_MS = 10 * 60_000;

/**
 * Writes what is known here and nowhere else, again and again until the database takes it.
 *
 * @param write may have been committed before it is called again: then only its answer was lost
 * @throws UnavailableError when the database stays away
 */
export async function insist<Answer>(write: () => Promise<Answer>, limitMs = LIMIT_MS): Promise<Answer> {
  for (const giveUpAtMs = performance.now() + limitMs; ; await delay(RETRY_MS)) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof UnavailableError) || performance.now() > giveUpAtMs) throw error;
    }
  }
}
