/** Enqueues that come at the same time, made together: a storm costs one commit for many, and leaves the connections to reads. */

import type { EnqueueRequest } from '../../contracts/http/action.ts';
import { InvalidRequestError, UnavailableError } from '../../domain/errors.ts';
import { gather } from '../batcher.ts';
import type { Queryable } from '../pool.ts';
import { type EnqueueResult, enqueue } from './enqueue.ts';

const MOST_AT_ONCE = 16;
/** As long as a caller waits for a connection of the API. */
const MOST_WAIT_MS = 700;

export type EnqueueOne = (request: EnqueueRequest, actor: string) => Promise<EnqueueResult>;

/**
 * Answers a function that queues one request as `enqueue` does: when it returns, the row is committed.
 * It rejects as `enqueue` does, and with UnavailableError when its turn does not come in time.
 */
export function createEnqueue(db: Queryable): EnqueueOne {
  // A row says who queued it, so each caller's are a statement of their own. Callers are the tokens that there are.
  const byActor = new Map<string, (request: EnqueueRequest) => Promise<EnqueueResult>>();
  const ofActor = (actor: string) =>
    gather<EnqueueRequest, EnqueueResult>((requests) => enqueue(db, requests, actor), {
      mostAtOnce: MOST_AT_ONCE,
      // Only what the database refuses as a value was surely not queued, and may be asked for again.
      isForAll: (error) => !(error instanceof InvalidRequestError),
      wait: {
        limitMs: MOST_WAIT_MS,
        error: () => new UnavailableError('postgres', `PostgreSQL is too slow: ${MOST_WAIT_MS} ms went by`),
      },
    });
  return (request, actor) => {
    const enqueueOne = byActor.get(actor) ?? ofActor(actor);
    byActor.set(actor, enqueueOne);
    return enqueueOne(request);
  };
}
