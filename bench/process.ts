/** A child process of a system, as the main process sees it. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WORKER_ENVIRONMENT, WORKER_FLAGS } from '../src/cli/up/node-flags.ts';
import { childEnvironment } from '../src/config/index.ts';
import {
  NOT_MEASURED,
  NotMeasured,
  type Producer,
  type Reply,
  type Request,
  type Role,
  type Scene,
  type SystemName,
  type Worker,
} from './protocol.ts';

const childFile = fileURLToPath(new URL('./child.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;
/** No call of a benchmark takes longer; a hanging one must not hang the run. */
const CALL_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 10_000;

/** A process whose methods can be called. */
export interface Remote {
  /** The first job that begins from now on, and when; told only once its behaviour has been `hang`. */
  nextBeginning(): Promise<{ readonly job: number; readonly at: number }>;
  kill(): void;
  /** An orderly end, by force when it takes too long. */
  stop(): Promise<void>;
}

export type RemoteProducer = Producer & Remote;
export type RemoteWorker = Worker & Remote;

const PRODUCER_METHODS = ['enqueueEach', 'enqueueOverHttp', 'enqueueBulk', 'fill', 'go', 'ready', 'finished'] as const;
const WORKER_METHODS = ['behave', 'go', 'began', 'beginnings', 'peakRssBytes'] as const;

/** Every process that was started and not yet stopped. */
const alive = new Set<ChildProcess>();

export async function startProducer(system: SystemName, scene: Scene): Promise<RemoteProducer> {
  return (await start(system, 'producer', scene, PRODUCER_METHODS)) as RemoteProducer;
}

export async function startWorker(system: SystemName, scene: Scene): Promise<RemoteWorker> {
  return (await start(system, 'worker', scene, WORKER_METHODS)) as RemoteWorker;
}

/** When the benchmark itself is told to stop. */
export function killAll(): void {
  for (const child of alive) child.kill('SIGKILL');
}

async function start(system: SystemName, role: Role, scene: Scene, methods: readonly string[]): Promise<object> {
  const child = fork(childFile, [system, role, JSON.stringify(scene)], {
    // Ours is started as `aol` starts it.
    ...(system === 'aol' && role === 'worker'
      ? { execArgv: ['--no-warnings', ...WORKER_FLAGS], env: { ...childEnvironment(), ...WORKER_ENVIRONMENT } }
      : { execArgv: ['--no-warnings'] }),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  alive.add(child);
  const calls = new Map<number, PromiseWithResolvers<unknown>>();
  const ready = Promise.withResolvers<void>();
  const listeners: ((beginning: { job: number; at: number }) => void)[] = [];
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      alive.delete(child);
      const error = new Error(`${system}'s ${role} ended`);
      ready.reject(error);
      for (const call of calls.values()) call.reject(error);
      resolve();
    });
  });
  child.on('message', (reply: Reply) => {
    if (reply.kind === 'ready') return ready.resolve();
    if (reply.kind === 'began') return listeners.splice(0).forEach((listen) => void listen(reply));
    const call = calls.get(reply.id);
    calls.delete(reply.id);
    if (reply.kind === 'answer') call?.resolve(reply.value);
    else call?.reject(failure(system, reply.message));
  });
  await withTimeout(ready.promise, START_TIMEOUT_MS, `${system}'s ${role} did not start`);

  let lastId = 0;
  const call = (method: string, args: readonly unknown[]): Promise<unknown> => {
    lastId += 1;
    const answer = Promise.withResolvers<unknown>();
    calls.set(lastId, answer);
    // A call that nobody waits for any more, because its process was killed, must not end this one.
    answer.promise.catch(() => undefined);
    child.send({ id: lastId, method, args } satisfies Request, () => undefined);
    return withTimeout(answer.promise, CALL_TIMEOUT_MS, `${system}: ${method} took too long`);
  };
  const remote: Remote = {
    nextBeginning: () => new Promise((resolve) => listeners.push(resolve)),
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      if (!alive.has(child)) return;
      call('close', []).catch(() => undefined);
      await withTimeout(gone, STOP_TIMEOUT_MS, 'slow').catch(() => child.kill('SIGKILL'));
      await gone;
    },
  };
  const calling = methods.map((method) => [method, (...args: unknown[]) => call(method, args)]);
  return { ...Object.fromEntries(calling), ...remote, close: remote.stop };
}

function failure(system: SystemName, message: string): Error {
  if (message.startsWith(NOT_MEASURED)) return new NotMeasured(message.slice(NOT_MEASURED.length));
  return new Error(`${system}: ${message}`);
}

function withTimeout<Result>(promise: Promise<Result>, timeoutMs: number, message: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeoutMs);
  });
  return Promise.race([promise, overdue]).finally(() => clearTimeout(timer));
}
