/** Watches the kill flags while effects run, for when Temporal is away: they are rows, and every worker can read rows. */

import { readFlagRows } from '../db/decide/flags.ts';
import type { Database } from '../db/pool.ts';
import { UnavailableError } from '../domain/errors.ts';
import { flagsInForce } from '../domain/flags.ts';

const WATCH_INTERVAL_MS = 250;
/** With what a connection takes to carry the first byte this stays below the second of promise 7. */
const LOOK_LIMIT_MS = 500;

export interface FlagWatch {
  /** Runs `work` with a signal that is aborted within about 250 ms of a kill of its lane. */
  during<Result>(lane: string, work: (killed: AbortSignal) => Promise<Result>): Promise<Result>;
  /**
   * Resolves when the flags were looked at within the last 500 ms: asked before the first byte of an effect leaves, so that a process
   * that stood still since its gate sends nothing after a kill.
   *
   * @param lookedAtMs when whoever asks has looked itself, by `performance.now()`
   * @throws UnavailableError when they cannot be read: then nothing is sent
   */
  lookedAtRecently(lookedAtMs: number): Promise<void>;
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
  let looking: Promise<void> | undefined;
  let lastLookAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const lookOnce = async () => {
    const startedAtMs = performance.now();
    try {
      const rows = await readFlagRows(db);
      for (const [controller, lane] of running) {
        if (controller.signal.aborted || !flagsInForce(lane, rows).killed) continue;
        controller.abort(new KilledError(lane));
        onKill(lane);
      }
      lastLookAtMs = startedAtMs;
    } catch {
      // Flags that cannot be read hold the gate shut; what runs already is not made unknown by that.
    } finally {
      looking = undefined;
    }
  };
  const look = () => {
    looking ??= lookOnce();
    return looking;
  };
  const isRecent = (lookedAtMs: number) => performance.now() - Math.max(lookedAtMs, lastLookAtMs) <= LOOK_LIMIT_MS;

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
    async lookedAtRecently(lookedAtMs) {
      if (isRecent(lookedAtMs)) return;
      // One that is under way may have begun too long ago.
      await look();
      if (isRecent(lookedAtMs)) return;
      await look();
      if (!isRecent(lookedAtMs)) throw new UnavailableError('postgres', 'the flags could not be read before sending');
    },
  };
}
