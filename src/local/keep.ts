import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../domain/errors.ts';
import { describeExit, type LocalServer } from './server.ts';

const firstRestartDelayMs = 500;
const longestRestartDelayMs = 15_000;
/** After that long a run, the next end counts as the first again. */
const goodRunMs = 60_000;

/** Something that is kept running until it is stopped. */
export interface Kept<T extends LocalServer> {
  /** The first one; what replaces it listens at the same place. */
  readonly first: T;
  /** Resolves when it is gone and will not come back. */
  stop(): Promise<void>;
  /** Ends it by force at once. */
  kill(): void;
}

export interface KeepOptions<T extends LocalServer> {
  readonly name: string;
  readonly start: (signal: AbortSignal) => Promise<T>;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Starts something, and starts it again whenever it ends unasked, after a delay that grows from half a second to 15 s.
 *
 * @throws what the first start throws
 */
export async function keepRunning<T extends LocalServer>(options: KeepOptions<T>): Promise<Kept<T>> {
  const { name, start, log } = options;
  const stopping = new AbortController();
  const first = await start(options.signal);
  let current: T | undefined = first;

  const watch = async () => {
    let delayMs = firstRestartDelayMs;
    while (!stopping.signal.aborted) {
      const startedMs = performance.now();
      if (current !== undefined) {
        const exit = await current.exited;
        current = undefined;
        if (stopping.signal.aborted) {
          return;
        }
        delayMs = performance.now() - startedMs > goodRunMs ? firstRestartDelayMs : delayMs;
        log(`${name} ended unexpectedly (${describeExit(exit)}); starting it again in ${delayMs / 1000} s`);
      }
      await sleep(delayMs, undefined, { signal: stopping.signal });
      delayMs = Math.min(delayMs * 2, longestRestartDelayMs);
      try {
        current = await start(stopping.signal);
        log(`${name} runs again`);
      } catch (thrown) {
        if (!stopping.signal.aborted) {
          log(`${name} cannot be started: ${errorText(thrown)}; next try in ${delayMs / 1000} s`);
        }
      }
    }
  };
  const watched = watch().catch((thrown: unknown) => {
    if (!stopping.signal.aborted) {
      log(`${name} is no longer watched: ${errorText(thrown)}`);
    }
  });

  return {
    first,
    stop: async () => {
      stopping.abort();
      await current?.stop();
      await watched;
      // A start that was under way when it was asked to stop.
      await current?.stop();
    },
    kill: () => {
      stopping.abort();
      current?.kill();
    },
  };
}
