import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describeExit, type Exit, type LocalServer, watch } from '../../local/index.ts';
import { nodeEnvironment, nodeFlags } from './node-flags.ts';

/**
 * Loaded into every child before anything else. When its parent is gone, also by kill -9, the command stops by itself; one
 * that does not listen (it just began) or does not end within half a minute is ended here.
 */
const endWithParent = `data:text/javascript,${encodeURIComponent(`
const parent = process.ppid;
process.once('disconnect', () => {
  const listeners = process.listenerCount('disconnect');
  setTimeout(() => {
    if (process.ppid === parent) return;
    if (listeners === 0) process.exit(143);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 30000).unref();
  }, 100).unref();
});
process.channel?.unref();
`)}`;

/** A process of ours that runs one of our own commands. */
export interface Child extends LocalServer {
  /** Resolves when it says `{type: 'ready'}`; rejects when it ends before. */
  readonly ready: Promise<void>;
}

export interface ChildOptions {
  /** The command and its arguments, such as `worker`. */
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Record<string, string>;
  /** How long it may drain after SIGTERM. */
  readonly stopTimeoutMs: number;
  /** What it prints as its result is dropped; else it is talk of ours. */
  readonly isSilent?: boolean;
  /** For tests: another program than our own command line. */
  readonly mainFile?: string;
}

/**
 * Starts one of our commands in a process group of its own, so that a terminal's Ctrl+C reaches only us, and with an IPC
 * channel: it tells when it is ready, and its end tells the child that we are gone.
 */
export function startChild({ args, env, stopTimeoutMs, isSilent, mainFile = ownMainFile() }: ChildOptions): Child {
  const flags = [...nodeFlags(args), '--enable-source-maps', '--import', endWithParent];
  const child = spawn(process.execPath, [...flags, mainFile, ...args], {
    detached: true,
    env: { ...nodeEnvironment(args), ...env },
    // What they say is talk: our own stdout is for results.
    stdio: ['ignore', isSilent ? 'ignore' : 2, 2, 'ipc'],
  });
  const name = args.join(' ');
  const exited = exitOf(child);
  // It ends by itself when we are gone (see above); the servers that it uses wait for that.
  if (child.pid !== undefined) void exited.then(watch(child.pid, []));
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message) => {
      if (isReady(message)) {
        resolve();
      }
    });
    void exited.then((exit) => reject(new Error(`the ${name} ended before it was ready (${describeExit(exit)})`)));
  });
  ready.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    exited,
    ready,
    kill: () => killGroup(child),
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(child), stopTimeoutMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function ownMainFile(): string {
  return fileURLToPath(new URL('../main.js', import.meta.url));
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}

/** It leads a group of its own: whatever it started ends with it. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) {
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

function isReady(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';
}
