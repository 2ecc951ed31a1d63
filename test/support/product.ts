/** The product as operators run it: `aol worker` and `aol api` as processes of their own, on the tests' servers. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { AolClient } from '../../src/client/client.ts';
import { childEnvironment } from '../../src/config/index.ts';
import type { Database } from '../../src/db/pool.ts';
import { freePort } from '../../src/local/index.ts';
import type { TemporalGateway } from '../../src/temporal/gateway.ts';
import { TOKENS } from './api.ts';
import { createTestDatabase } from './database.ts';
import { createTestNamespace } from './namespace.ts';
import { until } from './until.ts';

/** For hooks that start the product. A process that ends meanwhile is told at once; one that the machine gives no time is waited for. */
export const START_LIMIT_MS = 120_000;

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface Product {
  readonly client: AolClient;
  readonly db: Database;
  readonly apiHost: string;
  readonly workerMetricsHost: string;
  /** Where its artifacts and files lie. */
  readonly dataDir: string;
  readonly gateway: TemporalGateway;
  /** What its processes were started with: for commands beside them. */
  readonly environment: Readonly<Record<string, string>>;
  /** What a process has written to its log, as lines. */
  log(name: 'worker' | 'api'): string[];
  /** One more worker, with the same settings. It is told to end with the others. */
  startWorker(): StartedProcess;
  /** The first worker is gone at once, by SIGKILL. */
  killWorker(): Promise<void>;
  /** All processes end, and what they had open ends in order. Twice is once. */
  stop(): Promise<void>;
  /** Removes what they stood on. */
  close(): Promise<void>;
}

export async function startProduct(env: Readonly<Record<string, string>> = {}): Promise<Product> {
  const [database, namespace, dataDir, apiPort, metricsPort] = await Promise.all([
    createTestDatabase(),
    createTestNamespace(),
    mkdtemp(join(tmpdir(), 'aol-product-')),
    env.AOL_API_PORT ?? freePort(),
    freePort(),
  ]);
  const workerMetricsHost = `127.0.0.1:${metricsPort}`;
  const settings = childEnvironment({
    NODE_OPTIONS: undefined,
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: namespace.settings.address,
    TEMPORAL_NAMESPACE: namespace.settings.namespace,
    AOL_DATA_DIR: dataDir,
    AOL_API_PORT: String(apiPort),
    AOL_ADMIN_TOKEN: TOKENS.admin,
    AOL_OPERATOR_TOKEN: TOKENS.operator,
    AOL_VIEWER_TOKEN: TOKENS.viewer,
    AOL_WORKER_METRICS: workerMetricsHost,
    ...env,
  });
  const processes = { worker: startProcess('worker', settings), api: startProcess('api', settings) };
  const others: StartedProcess[] = [];
  const apiHost = `127.0.0.1:${apiPort}`;
  const stop = async () => {
    await Promise.all([...Object.values(processes), ...others].map((one) => one.stop()));
  };
  const close = async () => {
    await stop();
    await namespace.close();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  };
  const isPolling = () => processes.worker.lines().some((line) => line.includes('polls for work'));
  const isReady = async () => {
    processes.api.lines();
    return (await fetch(`http://${apiHost}/readyz`).catch(() => undefined))?.ok;
  };
  try {
    await until('the worker polls', isPolling, START_LIMIT_MS);
    await until('the API is ready', isReady, START_LIMIT_MS);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    client: new AolClient({ baseUrl: `http://${apiHost}`, token: TOKENS.admin }),
    db: database.pool,
    apiHost,
    workerMetricsHost,
    dataDir,
    gateway: namespace.gateway,
    environment: settings,
    log: (name) => processes[name].lines(),
    startWorker() {
      const started = startProcess('worker', settings);
      others.push(started);
      return started;
    },
    killWorker: () => processes.worker.stop('SIGKILL'),
    stop,
    close,
  };
}

export interface StartedProcess {
  readonly text: () => string;
  readonly lines: () => string[];
  readonly exitCode: () => number | null;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

function startProcess(command: string, env: Record<string, string>): StartedProcess {
  const child: ChildProcess = spawn(process.execPath, [main, command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const take = (chunk: Buffer) => {
    text += chunk.toString('utf8');
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    text: () => text,
    exitCode: () => child.exitCode,
    lines: () => {
      if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`aol ${command} ended:\n${text}`);
      return text.split('\n').filter((line) => line !== '');
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
    },
  };
}
