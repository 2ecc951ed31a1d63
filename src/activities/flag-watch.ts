/** Watches the kill flags while effects run, for when Temporal is away: they are rows, and every worker can read rows. */

import { readFlagRows } from '../db/decide/flags.ts';
import type { Database } from '../db/pool.ts';
import { flagsInForce } from '../domain/flags.ts';

const WATCH_INTERVAL_MS = 250;

export interface FlagWatch {
  /** Runs `work` with a signal that is aborted within about 250 ms of a kill of its lane. */
  during<Result>(lane: string, work: (killed: AbortSignal) => Promise<Result>): Promise<Result>;
}

/** Why an effect was aborted. */
export class KilledError extends Error {
  constructor(lane: string) {
    super(`lane ${lane} was killed`);
    this.name = 'KilledError';
  }
}

/**
 * One watch per worker: one query for all lanes at work, and none while nothing runs.
 *
 * @param onKill told once for each effect that is aborted
 */
export function createFlagWatch(db: Database, onKill: (lane: string) => void = () => undefined): FlagWatch {
  const running = new Map<AbortController, string>();
  let looking = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      const rows = await readFlagRows(db);
      for (const [controller, lane] of running) {
        if (controller.signal.aborted || !flagsInForce(lane, rows).killed) continue;
        controller.abort(new KilledError(lane));
        onKill(lane);
      }
    } catch {
      // Flags that cannot be read hold the gate shut; what runs already is not made unknown by that.
    } finally {
      looking = false;
    }
  };

  return {
    async during(lane, work) {
      const controller = new AbortController();
      running.set(controller, lane);
      timer ??= setInterval(look, WATCH_INTERVAL_MS);
      try {
        return await work(controller.signal);
      } finally {
        running.delete(controller);
        if (running.size === 0) {
          clearInterval(timer);
          timer = undefined;
        }
      }
    },
  };
}
