/**
 * Notices a connection to Temporal that went silent without being closed. The SDK's native client does so after 45 s (it pings
 * each 30 s and waits 15 s, and has no setting for it); until then a worker's polls hang on it and nothing is done.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import { UnavailableError } from '../domain/errors.ts';

export type Connect = () => Promise<NativeConnection>;

const ASK_INTERVAL_MS = 500;
const ANSWER_LIMIT_MS = 1_000;
const FRESH_LIMIT_MS = 1_500;
const FIRST_LIMIT_MS = 5_000;
/** A busy server, or a process that was frozen, misses one. That a new connection answers has to be seen besides. */
const MISSED_ANSWERS = 2;

/**
 * Resolves, with a connection that answers, once the one in use has gone silent; with undefined when the signal aborts. Where a
 * new connection is silent too it is the server that is away: the old one is kept, and asked on.
 */
export async function replacementOf(
  connection: NativeConnection,
  connect: Connect,
  signal: AbortSignal,
): Promise<NativeConnection | undefined> {
  let missed = 0;
  while (!signal.aborted) {
    await delay(ASK_INTERVAL_MS, undefined, { signal, ref: false }).catch(() => undefined);
    missed = (await isSilent(connection)) ? missed + 1 : 0;
    if (missed < MISSED_ANSWERS || signal.aborted) continue;
    const fresh = await connectInTime(connect, FRESH_LIMIT_MS).catch(() => undefined);
    if (fresh && !signal.aborted) return fresh;
    await fresh?.close();
  }
  return undefined;
}

/** Refusals and resets are no silence: the native client sees those by itself, and connects again. */
async function isSilent(connection: NativeConnection): Promise<boolean> {
  // The native client's own limit ends the call; it comes later, because it ends it with one of several errors.
  const asked = connection.withDeadline(Date.now() + 2 * ANSWER_LIMIT_MS, () =>
    connection.workflowService.getSystemInfo({}),
  );
  const answered = asked.catch(() => undefined);
  return (await Promise.race([answered, after(ANSWER_LIMIT_MS)])) === OVERDUE;
}

/**
 * Connects, or gives up; by itself the native client may wait for ever for a server that accepts and says nothing.
 *
 * @throws UnavailableError
 */
export async function connectInTime(connect: Connect, limitMs = FIRST_LIMIT_MS): Promise<NativeConnection> {
  const connecting = connect();
  const first = await Promise.race([connecting, after(limitMs)]);
  if (first !== OVERDUE) return first;
  connecting.then((late) => late.close()).catch(() => undefined);
  throw new UnavailableError('temporal', `Temporal did not answer within ${limitMs} ms`);
}

const OVERDUE = Symbol('overdue');

async function after(limitMs: number): Promise<typeof OVERDUE> {
  return delay(limitMs, OVERDUE, { ref: false });
}
