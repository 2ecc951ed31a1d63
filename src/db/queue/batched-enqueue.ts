/** Enqueues that come at the same time, made together: a storm costs one commit for many, and leaves the connections to reads. */

import type { EnqueueRequest } from '../../contracts/http/action.ts';
import { InvalidRequestError, TooManyAtOnceError, UnavailableError } from '../../domain/errors.ts';
import { gather } from '../batcher.ts';
import type { Queryable } from '../pool.ts';
import { type AskedAction, type EnqueueResult, enqueueEach } from './enqueue.ts';

const MOST_AT_ONCE = 16;
/** As long as a caller waits for a connection of the API. */
const STANDSTILL_MS = 700;
const MOST_WAIT_MS = 5_000;

export type EnqueueOne = (request: EnqueueRequest, actor: string) => Promise<EnqueueResult>;

/**
 * Answers a function that queues one request as `enqueue` does: when it returns, the row is committed.
 * It rejects as `enqueue` does; with UnavailableError when PostgreSQL stands still, and with TooManyAtOnceError when its turn
 * does not come in time though it does not.
 */
export function createEnqueue(db: Queryable): EnqueueOne {
  const one = gather<AskedAction, EnqueueResult>((asked) => enqueueEach(db, asked), {
    mostAtOnce: MOST_AT_ONCE,
    // Only what the database refuses as a value was surely not queued, and may be asked for again.
    isForAll: (error) => !(error instanceof InvalidRequestError),
    wait: {
      standstillMs: STANDSTILL_MS,
      standstill: () => new UnavailableError('postgres', `PostgreSQL is too slow: ${STANDSTILL_MS} ms went by`),
      mostMs: MOST_WAIT_MS,
      tooMany: () => new TooManyAtOnceError('postgres', 'too many enqueues at once; try again'),
    },
  });
  return (request, actor) => one({ request, actor });
}
