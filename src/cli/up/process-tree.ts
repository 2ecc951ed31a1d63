import process from 'node:process';

/** Signals that come together count as one: npm and `bin/aol.mjs` pass on a Ctrl+C that the terminal has sent to us already. */
const sameSignalMs = 500;
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type StopSignal = (typeof stopSignals)[number];

/** Why a start was given up: somebody asked. */
export class StopAsked extends Error {
  readonly signal: StopSignal;

  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`);
    this.name = 'StopAsked';
    this.signal = signal;
  }
}

export interface StopRequests {
  /** Aborted, with a {@link StopAsked}, by the first request. */
  readonly asked: AbortSignal;
  /** Stop listening. */
  close(): void;
}

/**
 * Listens for requests to stop: Ctrl+C, SIGTERM, a closed terminal, or, where we were started with an IPC channel, the
 * end of our parent.
 *
 * @param again called when it is asked a second time: stop at once
 */
export function listenForStop(again: () => void): StopRequests {
  const controller = new AbortController();
  let firstMs: number | undefined;
  const onSignal = (signal: StopSignal) => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      controller.abort(new StopAsked(signal));
    } else if (performance.now() - firstMs > sameSignalMs) {
      again();
    }
  };
  const onDisconnect = () => onSignal('SIGTERM');
  for (const signal of stopSignals) {
    process.on(signal, onSignal);
  }
  process.on('disconnect', onDisconnect);
  process.channel?.unref();
  return {
    asked: controller.signal,
    close: () => {
      for (const signal of stopSignals) {
        process.off(signal, onSignal);
      }
      process.off('disconnect', onDisconnect);
    },
  };
}

/** The exit status of a process that a signal ended. */
export function exitStatus(signal: StopSignal): number {
  return { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal];
}
