import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../domain/errors.ts';
import { signalProcess, stopProcess } from './processes.ts';
import { watch } from './reaper.ts';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server that we started. */
export interface LocalServer {
  readonly pid: number;
  /** Settles when the process is gone, asked or not. */
  readonly exited: Promise<Exit>;
  /** Ends it in an orderly way, and by force when that takes too long. Resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends it by force at once, without waiting. */
  kill(): void;
}

export type Log = (line: string) => void;

export interface ServerCommand {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment: servers must not be swayed by variables that are meant for something else. */
  readonly env: Record<string, string>;
  readonly cwd: string;
  /** Its output is added to this file. */
  readonly logFile: string;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** The signals that stop it, in turn, each with the time it gets. */
  readonly stopWith: [signal: 'SIGINT' | 'SIGTERM' | 'SIGQUIT', timeoutMs: number][];
}

const logFileLimitBytes = 10 * 1024 * 1024;

/** A shell that waits for a line and becomes the program. If we are killed before the reaper knows of it, it reads the end, and ends. */
function waiting({ program, args }: ServerCommand): [string, string[]] {
  if (process.platform === 'win32') return [program, [...args]];
  return ['/bin/sh', ['-c', 'read -r _ <&3 && exec "$@" 3<&-', 'sh', program, ...args]];
}

/** Starts a server in a process group of its own, so that a terminal's Ctrl+C reaches only us. It ends when we do. */
export async function spawnServer(command: ServerCommand): Promise<LocalServer> {
  rotate(command.logFile);
  const output = openSync(command.logFile, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(...waiting(command), {
      detached: true,
      stdio: ['ignore', output, output, 'pipe'],
      cwd: command.cwd,
      env: command.env,
      ...(command.uid === undefined ? {} : { uid: command.uid }),
      ...(command.gid === undefined ? {} : { gid: command.gid }),
    });
  } finally {
    closeSync(output);
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${command.name} cannot be started: ${errorText(error)}`)));
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  void exited.then(watch(pid, command.stopWith));
  const [, , , goAhead] = child.stdio;
  if (!(goAhead instanceof Socket)) throw new Error('there is no pipe to the shell');
  // It may have been ended from outside already.
  goAhead.on('error', () => undefined);
  goAhead.end('\n');
  return {
    pid,
    exited,
    stop: () => stopProcess(pid, command.stopWith),
    kill: () => signalProcess(pid, 'SIGKILL'),
  };
}

/**
 * Asks a starting server again and again until it answers.
 *
 * @throws what `signal` was aborted with, or an error with the end of the server's log when it died or the time is over
 */
export async function waitReady(
  server: LocalServer,
  options: { name: string; probe: () => Promise<boolean>; timeoutMs: number; logFile: string; signal?: AbortSignal },
): Promise<void> {
  let exit: Exit | undefined;
  void server.exited.then((value) => {
    exit = value;
  });
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    if (exit !== undefined) {
      const how = exit.signal ?? `status ${exit.code}`;
      throw new Error(`${options.name} ended while it started (${how}): ${logTail(options.logFile)}`);
    }
    if (await options.probe()) {
      return;
    }
    if (Date.now() > deadline) {
      const seconds = Math.round(options.timeoutMs / 1000);
      throw new Error(`${options.name} was not ready within ${seconds} s: ${logTail(options.logFile)}`);
    }
    await sleep(50);
  }
}

/** How a process ended, in words. */
export function describeExit({ code, signal }: Exit): string {
  return signal ?? (code === null ? 'it could not be started' : `status ${code}`);
}

/** The last lines of a server's log, for an error message. */
export function logTail(logFile: string, lines = 5): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') || 'it said nothing';
  } catch {
    return 'it left no log';
  }
}

function rotate(logFile: string): void {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logFileLimitBytes) {
    renameSync(logFile, `${logFile}.1`);
  }
}
