/** The workers of one connection, which live and end together. */

import { setTimeout as delay } from 'node:timers/promises';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';

export interface WorkerGroup {
  /** Resolves when all have ended after {@link shutdown}. One that fails takes the others with it, and rejects it. */
  readonly running: Promise<void>;
  /** Takes no new work. */
  shutdown(): void;
  /** Resolves when nothing is at work any more, or after the grace. Polls may hang on for longer on a silent connection. */
  drained(): Promise<void>;
}

/** Longer than the longest attempt, so that a stop never cuts one off. */
const SHUTDOWN_GRACE_MS = 25_000;
const DRAIN_POLL_MS = 50;

/** Makes the workers and runs them. The connection is theirs: it is closed when the last one has ended. */
export async function startGroup(
  connection: NativeConnection,
  each: readonly Omit<WorkerOptions, 'connection' | 'shutdownGraceTime'>[],
): Promise<WorkerGroup> {
  const workers: Worker[] = [];
  try {
    for (const options of each) {
      workers.push(await Worker.create({ ...options, connection, shutdownGraceTime: SHUTDOWN_GRACE_MS }));
    }
  } catch (error) {
    // One that was made holds the connection until it has run.
    run(connection, workers).shutdown();
    throw error;
  }
  return run(connection, workers);
}

function run(connection: NativeConnection, workers: readonly Worker[]): WorkerGroup {
  const shutdown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) => worker.run());
  const running = Promise.all(runs)
    .then(() => undefined)
    .finally(shutdown);
  running.catch(() => undefined);
  void Promise.allSettled(runs)
    .then(() => connection.close())
    .catch(() => undefined);
  return {
    running,
    shutdown,
    async drained() {
      const giveUpAtMs = performance.now() + SHUTDOWN_GRACE_MS;
      const isAtWork = () => workers.some((worker) => worker.getStatus().numInFlightActivities > 0);
      while (isAtWork() && performance.now() < giveUpAtMs) await delay(DRAIN_POLL_MS);
    },
  };
}
