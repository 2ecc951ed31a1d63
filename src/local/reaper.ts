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
import type { ReaperMessage, Watched } from './reaper-message.ts';

let reaper: ChildProcess | undefined;
const watched = new Map<number, Watched>();
const temporaryFolders: string[] = [];

/**
 * @param stopWith see {@link Watched}
 * @returns says that it is gone
 */
export function watch(pid: number, stopWith: Watched['stopWith']): () => void {
  const one: Watched = { pid, started: startIdentity(pid), stopWith };
  watched.set(pid, one);
  tell(one);
  return () => {
    if (watched.delete(pid)) {
      tell({ gone: pid });
    }
  };
}

/** Has a folder removed when this process is gone, after what it started. The database of a data folder goes with it. */
export function removeAfterwards(temporaryFolder: string): void {
  temporaryFolders.push(temporaryFolder);
  tell({ temporaryFolder });
}

/** It is told all that there is. One that was ended itself is replaced. */
function startReaper(): ChildProcess {
  const script = fileURLToPath(new URL(`./reaper-process${extname(import.meta.url)}`, import.meta.url));
  const folders = temporaryFolders.map((temporaryFolder) => ({ temporaryFolder }));
  // What there is already it knows from its birth: this process may be killed before it has written a word.
  const known = JSON.stringify([...watched.values(), ...folders]);
  const child = spawn(process.execPath, ['--max-semi-space-size=1', script, known], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: {},
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.once('exit', () => {
    reaper = watched.size > 0 ? startReaper() : undefined;
  });
  child.unref();
  if (child.stdin instanceof Socket) {
    child.stdin.unref();
  }
  return child;
}

function tell(message: ReaperMessage): void {
  if (reaper === undefined) {
    reaper = startReaper();
  } else {
    write(reaper, message);
  }
}

function write(child: ChildProcess, message: ReaperMessage): void {
  child.stdin?.write(`${JSON.stringify(message)}\n`);
}
