/** Child processes of a fault run: started with a channel, told apart by pid, ended whatever happens. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../../src/config/index.ts';
import { describeExit, type Exit } from '../../../src/local/index.ts';

/** Ends what is left when this process is gone. */
export interface Reaper {
  started(pid: number): void;
  ended(pid: number): void;
  folder(path: string): void;
  finish(): Promise<void>;
}

export function startReaper(): Reaper {
  const script = fileURLToPath(new URL('./reaper.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  const tell = (line: string) => void child.stdin.write(`${line}\n`);
  return {
    started: (pid) => tell(`pid ${pid}`),
    ended: (pid) => tell(`end ${pid}`),
    folder: (path) => tell(`folder ${path}`),
    async finish() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      // Waited for now: with nothing else left, the process would end before the last word.
      child.ref();
      child.stdin.end();
      await exited;
    },
  };
}

export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  /** Frozen by SIGSTOP. */
  isStopped(): boolean;
  residentBytes(): number;
  signal(name: NodeJS.Signals): void;
  send(message: object): void;
  /** SIGKILL, and gone when it resolves. */
  kill(): Promise<void>;
  /** SIGTERM, by force after 35 s. */
  stop(): Promise<Exit>;
}

export interface ProgramOptions {
  readonly name: string;
  readonly args: readonly string[];
  /** What Node is started under, such as `strace`, with its own arguments. */
  readonly under?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly reaper: Reaper;
  /** How long it may take to say `{type: 'ready'}`. */
  readonly readyTimeoutMs?: number;
  /** Told everything that it says. */
  readonly onMessage?: (message: unknown) => void;
}

const STOP_LIMIT_MS = 35_000;

/**
 * Starts Node with a script and waits until it says that it is ready.
 *
 * @throws when it ends before, or takes too long
 */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const child = spawnLogged(options);
  const { name, reaper } = options;
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} cannot be started`);
  if (options.onMessage) child.on('message', options.onMessage);
  reaper.started(pid);
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      reaper.ended(pid);
      resolve(exit);
    });
  });
  const signal = (what: NodeJS.Signals) => {
    if (exit !== undefined) return;
    // What it is started under may end and leave it behind: it leads a group then.
    if ((options.under?.length ?? 0) > 0) process.kill(-pid, what);
    else child.kill(what);
  };
  const kill = async () => {
    signal('SIGKILL');
    await exited;
  };
  await ready(child, exited, options).catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  return {
    name,
    pid,
    exited,
    isRunning: () => exit === undefined,
    isStopped: () => exit === undefined && /^State:\s+T/m.test(procStatus(pid)),
    residentBytes: () => Number(/^VmRSS:\s+(\d+) kB/m.exec(procStatus(pid))?.[1] ?? 0) * 1024,
    signal,
    send: (message) => void child.send(message, () => undefined),
    kill,
    async stop() {
      signal('SIGCONT');
      signal('SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), STOP_LIMIT_MS);
      const ended = await exited;
      clearTimeout(timer);
      return ended;
    },
  };
}

function procStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

function spawnLogged({ args, under = [], env, logFile }: ProgramOptions): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    const [command = process.execPath, ...all] = [...under, process.execPath, '--no-warnings', ...args];
    return spawn(command, all, {
      // Jest's own options are not for our children.
      env: childEnvironment({ NODE_OPTIONS: undefined, ...env }),
      stdio: ['ignore', log, log, 'ipc'],
      detached: under.length > 0,
    });
  } finally {
    closeSync(log);
  }
}

function ready(child: ChildProcess, exited: Promise<Exit>, options: ProgramOptions): Promise<void> {
  const { name, logFile, readyTimeoutMs = 60_000 } = options;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} was not ready in time, see ${logFile}`)), readyTimeoutMs);
    void exited.then((exit) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended before it was ready (${describeExit(exit)}), see ${logFile}`));
    });
    child.once('error', reject);
    child.on('message', (message) => {
      if (!isReady(message)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

function isReady(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';
}
