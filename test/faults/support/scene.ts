/** One run's stage: a fresh database and namespace, receiver, proxies, API and workers, all of it gone afterwards. */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AolClient } from '../../../src/client/client.ts';
import { createPool, type Database } from '../../../src/db/pool.ts';
import type { FlagName, FlagValue } from '../../../src/domain/flags.ts';
import { freePort } from '../../../src/local/index.ts';
import { connectTemporal, type TemporalGateway } from '../../../src/temporal/gateway.ts';
import { setFlag } from '../../support/engine.ts';
import { type CallProxy, startCallProxy } from './call-proxy.ts';
import { Load } from './load.ts';
import { type Program, startProgram } from './program.ts';
import { startProxy, type TcpProxy } from './proxy.ts';
import { createRandom, type Random } from './random.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import type { Servers } from './servers.ts';

export interface SceneOptions {
  readonly seed: number;
  /** How many workers begin. */
  readonly workers?: number;
  /** Workers and API reach PostgreSQL and Temporal through the proxies; the harness never does. */
  readonly proxied?: boolean;
  readonly flags?: Partial<Record<FlagName, FlagValue>>;
  /** Workers with adapters that kill or freeze them, instead of `aol worker`. */
  readonly customWorkers?: boolean;
}

export interface WorkerOptions {
  /** Another build of the workflows than the one at hand; only for custom workers. */
  readonly bundleFile?: string;
  /** What it is started under, such as `strace`. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Scene {
  readonly servers: Servers;
  readonly random: Random;
  readonly folder: string;
  readonly db: Database;
  readonly client: AolClient;
  /** Temporal as the harness sees it, never through a proxy. */
  readonly temporal: TemporalGateway;
  readonly apiUrl: string;
  readonly token: string;
  readonly namespace: string;
  readonly database: string;
  readonly receiver: Receiver;
  readonly load: Load;
  readonly api: Program;
  readonly proxies: { readonly postgres: TcpProxy; readonly temporal: TcpProxy; readonly receiver: TcpProxy };
  /** In front of Temporal, for workers whose environment names its port. */
  readonly calls: CallProxy;
  readonly workers: Program[];
  readonly artifactFolder: string;
  startWorker(options?: WorkerOptions): Promise<Program>;
  close(): Promise<void>;
}

const TOKEN = 'faults-token-0123456789abcdef0123456789';

const customWorker = fileURLToPath(new URL('./custom-worker.ts', import.meta.url));

const DEFAULT_FLAGS: Partial<Record<FlagName, FlagValue>> = {
  proof_only: false,
  tick_interval_ms: 0,
  max_actions_per_tick: 10,
};

export async function openScene(servers: Servers, options: SceneOptions): Promise<Scene> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.reverse()) await closer();
  };
  try {
    return await open(servers, options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  servers: Servers,
  options: SceneOptions,
  closers: (() => unknown)[],
  close: () => Promise<void>,
): Promise<Scene> {
  const random = createRandom(options.seed);
  const database = `f_${Date.now().toString(36)}_${Math.floor(performance.now() % 1_000)}`;
  const namespace = database.replaceAll('_', '-');
  const folder = join(servers.folder, database);
  mkdirSync(folder);
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  await Promise.all([servers.createDatabase(database), servers.createNamespace(namespace)]);
  closers.push(() => servers.dropDatabase(database));
  const db = createPool({
    databaseUrl: servers.databaseUrl(database),
    applicationName: 'faults',
    maxConnections: 4,
    // The check looks at all rows at once.
    statementTimeoutMs: 60_000,
  });
  closers.push(() => db.end());
  for (const [name, value] of Object.entries({ ...DEFAULT_FLAGS, ...options.flags })) await setFlag(db, name, value);

  const receiver = await startReceiver(folder, servers.reaper);
  closers.push(() => receiver.stop());
  const proxies = {
    postgres: await startProxy(servers.postgres.port, random),
    temporal: await startProxy(servers.temporal.port, random),
    receiver: await startProxy(receiver.port, random),
  };
  closers.push(() => Promise.all(Object.values(proxies).map((proxy) => proxy.close())));
  const calls = await startCallProxy(servers.temporal.port);
  closers.push(() => calls.close());

  const artifactFolder = join(folder, 'artifacts');
  const apiPort = await freePort();
  const ports = options.proxied
    ? { postgres: proxies.postgres.port, temporal: proxies.temporal.port }
    : { postgres: servers.postgres.port, temporal: servers.temporal.port };
  const env = {
    DATABASE_URL: servers.databaseUrl(database, ports.postgres),
    TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
    TEMPORAL_NAMESPACE: namespace,
    AOL_PROOF_MODE: '0',
    AOL_DATA_DIR: folder,
    AOL_ARTIFACTS: `file:${artifactFolder}`,
    AOL_API_PORT: String(apiPort),
    AOL_ADMIN_TOKEN: TOKEN,
    AOL_OPERATOR_TOKEN: `${TOKEN}-operator`,
    AOL_VIEWER_TOKEN: `${TOKEN}-viewer`,
    AOL_WEBHOOK_ALLOW: `127.0.0.1:${proxies.receiver.port}`,
    AOL_LOG_LEVEL: 'info',
  };
  const start = (name: string, args: readonly string[], { under = [], env: more = {} }: WorkerOptions = {}) => {
    const logFile = join(folder, `${name}.log`);
    return startProgram({ name, args, under, env: { ...env, ...more }, logFile, reaper: servers.reaper });
  };
  const workers: Program[] = [];
  const startWorker = async (how: WorkerOptions = {}) => {
    const bundle = how.bundleFile ?? servers.bundleFile;
    const args = options.customWorkers ? [customWorker, bundle] : [servers.mainFile, 'worker'];
    const worker = await start(`worker-${workers.length + 1}`, args, how);
    workers.push(worker);
    return worker;
  };
  closers.push(() => Promise.all(workers.map((worker) => worker.kill())));
  const [api] = await Promise.all([
    start('api', [servers.mainFile, 'api']),
    ...Array.from({ length: options.workers ?? 1 }, () => startWorker()),
  ]);
  closers.push(() => api.kill());
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const client = new AolClient({ baseUrl: apiUrl, token: TOKEN, timeoutMs: 5_000, maxTries: 8 });
  const temporal = connectTemporal({ address: `127.0.0.1:${servers.temporal.port}`, namespace });
  closers.push(() => temporal.close());
  const load = new Load({ client, db, random, folder, receiverUrl: `http://127.0.0.1:${proxies.receiver.port}` });
  closers.push(() => load.stop());
  return {
    servers,
    random,
    folder,
    db,
    client,
    temporal,
    apiUrl,
    token: TOKEN,
    namespace,
    database,
    receiver,
    load,
    api,
    proxies,
    calls,
    workers,
    artifactFolder,
    startWorker,
    close,
  };
}
