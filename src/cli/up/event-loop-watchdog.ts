/**
 * Ends a process whose event loop stands still: an endless loop or a slow regular expression in a payload's rendering. A process that
 * is gone is known to have died with what it had in hand; one that hangs would be waited for.
 */

import process from 'node:process';
import { Worker } from 'node:worker_threads';

/** The loop is asked that often, and given up after so many misses in a row: a process that was frozen has missed one. */
const ASK_INTERVAL_MS = 1_000;
const MISSES = 15;

const WATCHDOG = `
  const { writeSync } = require('node:fs');
  const { parentPort, workerData } = require('node:worker_threads');
  const turns = new Int32Array(workerData.turns);
  let seen = -1;
  let misses = 0;
  setInterval(() => {
    const now = Atomics.load(turns, 0);
    misses = now === seen ? misses + 1 : 0;
    seen = now;
    if (misses < workerData.misses) return;
    writeSync(2, 'aol: the event loop stands still; this process ends\\n');
    process.kill(process.pid, 'SIGKILL');
  }, workerData.intervalMs);
  parentPort.postMessage('watching');
`;

/** Watches this process for as long as it runs; ends it after so many misses in a row. Resolves when it watches. */
export function watchEventLoop({ intervalMs = ASK_INTERVAL_MS, misses = MISSES } = {}): Promise<void> {
  const turns = new SharedArrayBuffer(4);
  const counter = new Int32Array(turns);
  const workerData = { turns, misses, intervalMs };
  const watchdog = new Worker(WATCHDOG, {
    eval: true,
    execArgv: [],
    workerData,
    name: 'event-loop-watchdog',
  });
  watchdog.on('error', (error) => process.emitWarning(error));
  setInterval(() => Atomics.add(counter, 0, 1), intervalMs / 2).unref();
  return new Promise((resolve) => {
    watchdog.once('message', () => {
      watchdog.unref();
      resolve();
    });
  });
}
