/**
 * What this process starts ends with it, also by kill -9 and when it crashes: a small process beside it holds the other end of a
 * pipe, and acts when that closes. There is one for each process that starts something.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { extname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startIdentity } from './processes.ts';
import type { WatchdogMessage, Watched } from './watchdog-message.ts';

let watchdog: ChildProcess | undefined;
const watched = new Map<number, Watched>();

/**
 * @param stopWith see {@link Watched}
 * @returns says that it is gone
 */
export function watch(pid: number, stopWith: Watched['stopWith']): () => void {
  const one: Watched = { pid, started: startIdentity(pid), stopWith };
  watched.set(pid, one);
  if (watchdog === undefined) {
    watchdog = startWatchdog();
  } else {
    tell(watchdog, one);
  }
  return () => {
    if (watched.delete(pid) && watchdog !== undefined) {
      tell(watchdog, { gone: pid });
    }
  };
}

/** It is told all that there is. One that was ended itself is replaced. */
function startWatchdog(): ChildProcess {
  const script = fileURLToPath(new URL(`./watchdog-process${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, ['--max-semi-space-size=1', script], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: {},
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.once('exit', () => {
    watchdog = watched.size > 0 ? startWatchdog() : undefined;
  });
  child.unref();
  if (child.stdin instanceof Socket) {
    child.stdin.unref();
  }
  for (const one of watched.values()) {
    tell(child, one);
  }
  return child;
}

function tell(child: ChildProcess, message: WatchdogMessage): void {
  child.stdin?.write(`${JSON.stringify(message)}\n`);
}
