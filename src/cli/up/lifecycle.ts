/** How a server process lives: it says that it is ready, and stops when it is told to. */

import { listenForStop, StopAsked } from './process-tree.ts';

const FORCED_EXIT_CODE = 130;

/**
 * Resolves, with the reason, at the first request to stop: Ctrl+C, SIGTERM, or the end of the parent process that started
 * this one with a channel. A second request ends the process at once.
 */
export function untilStopped(): Promise<string> {
  const { asked } = listenForStop(() => process.exit(FORCED_EXIT_CODE));
  return new Promise((resolve) => {
    asked.addEventListener('abort', () => resolve(asked.reason instanceof StopAsked ? asked.reason.signal : 'asked'));
  });
}

/** Tells the parent process, if it listens. */
export function sayReady(): void {
  if (process.connected) process.send?.({ type: 'ready' });
}
