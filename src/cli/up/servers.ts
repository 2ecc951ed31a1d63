/** PostgreSQL and Temporal for a command of ours: those that the environment names, else embedded ones. */

import { type Config, childEnvironment } from '../../config/index.ts';
import { migrate } from '../../db/keep/migrate.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import {
  acquireLock,
  assertPostgresReachable,
  assertTemporalReachable,
  type DataDirLock,
  findTemporalBinary,
  type Kept,
  keepRunning,
  type LocalServer,
  prepareDataDir,
  startPostgres,
  startTemporal,
} from '../../local/index.ts';
import type { TemporalSettings } from '../../temporal/gateway.ts';
import { databaseUrl, temporalSettings } from '../settings.ts';
import { onAbort, orAborted, together } from './abort.ts';
import { exitStatus, listenForStop, StopAsked } from './process-tree.ts';

/** What every step of a start needs. */
export interface Start {
  readonly config: Config;
  readonly dataDir: string;
  readonly log: (line: string) => void;
  /** Aborted when somebody asks to stop, or another step failed. */
  readonly signal: AbortSignal;
  /** Everything that must be stopped again. */
  readonly running: Stack;
}

export interface Stack {
  readonly servers: Kept<LocalServer>[];
  readonly children: Kept<LocalServer>[];
}

export interface Addresses {
  readonly databaseUrl: string;
  readonly temporal: { readonly env: Record<string, string>; readonly page: string | undefined };
}

/**
 * Starts what the environment does not name, and brings the schema up to date.
 *
 * @throws ConfigurationError when a server that the environment names cannot be reached
 */
export async function startServers(all: Start): Promise<Addresses> {
  const [databaseUrl, temporal] = await together(all, [database, temporalServer]);
  return { databaseUrl, temporal };
}

/** First what uses the servers, then the servers. */
export async function stopAll({ children, servers }: Stack): Promise<void> {
  await Promise.all(children.map((child) => child.stop()));
  await Promise.all(servers.map((server) => server.stop()));
}

export interface ServerAddresses {
  readonly databaseUrl: string;
  readonly temporal: TemporalSettings;
}

/** Somewhat longer than a worker drains. */
const STOP_LIMIT_MS = 60_000;

/**
 * Runs `work` with servers: those of an `aol up` that runs on the data folder, else started for it and stopped after it.
 *
 * @param work heeds its signal: when it has ended, nothing of it goes on
 * @throws StopAsked when `work` fails after somebody asked to stop
 */
export async function withServers<Result>(
  config: Config,
  log: (line: string) => void,
  work: (addresses: ServerAddresses, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return onDataFolder(config, log, lockUnlessUp, async (step, isUp) => {
    const addresses = isUp
      ? { databaseUrl: databaseUrl(config), temporal: temporalSettings(config) }
      : await startOwn(step);
    return work(addresses, step.signal);
  });
}

/**
 * Runs `work` with the database alone, its schema as it is: that of an `aol up` that runs on the data folder, else started for it
 * and stopped after it.
 *
 * @param alone refuses while an `aol up` runs on the data folder
 * @param work heeds its signal: when it has ended, nothing of it goes on
 * @throws StopAsked when `work` fails after somebody asked to stop
 */
export async function withDatabase<Result>(
  config: Config,
  { log, alone }: { readonly log: (line: string) => void; readonly alone: boolean },
  work: (databaseUrl: string, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return onDataFolder(config, log, alone ? acquireLock : lockUnlessUp, async (step, isUp) => {
    const url = isUp ? databaseUrl(config) : await postgres(step);
    return work(url, step.signal);
  });
}

/** Whatever `work` starts is stopped after it. It has some time to end when somebody asks to stop; asked again, all ends at once. */
async function onDataFolder<Result>(
  config: Config,
  log: (line: string) => void,
  lockIt: (dataDir: string) => DataDirLock | undefined,
  work: (step: Start, isUp: boolean) => Promise<Result>,
): Promise<Result> {
  const running: Stack = { servers: [], children: [] };
  const endAtOnce = () => {
    for (const server of running.servers) server.kill();
    process.exit(exitStatus(stop.asked.reason instanceof StopAsked ? stop.asked.reason.signal : 'SIGINT'));
  };
  const stop = listenForStop(endAtOnce);
  let limit: NodeJS.Timeout | undefined;
  onAbort(stop.asked, () => {
    log('stopping: what was begun may end, at most a minute; Ctrl+C again stops at once');
    limit = setTimeout(endAtOnce, STOP_LIMIT_MS);
  });
  const dataDir = prepareDataDir(config.dataDir);
  const lock = lockIt(dataDir);
  try {
    const step = { config, dataDir, log, signal: stop.asked, running };
    // What is being started or done heeds the signal itself, and is known to be stopped only when it has ended.
    return await work(step, lock === undefined);
  } catch (error) {
    // Whatever fails then may fail by it.
    stop.asked.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(limit);
    await stopAll(running);
    lock?.release();
    stop.close();
  }
}

/** Where an earlier `aol up` had its servers does not matter then. */
async function startOwn(all: Start): Promise<ServerAddresses> {
  const { databaseUrl, temporal } = await startServers(all);
  const address = temporal.env.TEMPORAL_ADDRESS;
  return { databaseUrl, temporal: { ...temporalSettings(all.config), ...(address !== undefined && { address }) } };
}

/** Undefined when an `aol up` holds the data folder: its servers are there. */
function lockUnlessUp(dataDir: string): DataDirLock | undefined {
  try {
    return acquireLock(dataDir);
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

async function database(step: Start): Promise<string> {
  const url = await postgres(step);
  await migrate(url, step.log, undefined, step.signal);
  return url;
}

async function postgres(step: Start): Promise<string> {
  const { config, dataDir, log, signal } = step;
  const { url } = config.database;
  if (url !== undefined) {
    await orAborted(signal, assertPostgresReachable(url));
    return url;
  }
  log('starting PostgreSQL …');
  const { cacheDir } = config.machine;
  const options = { dataDir, port: config.local.postgresPort, cacheDir, log };
  const kept = await keep(step, step.running.servers, 'PostgreSQL', (limit) =>
    startPostgres({ ...options, signal: limit }),
  );
  return kept.url;
}

async function temporalServer(step: Start): Promise<Addresses['temporal']> {
  const { config, dataDir, log, signal } = step;
  const { address, namespace, connection } = config.temporal;
  if (address !== undefined) {
    await orAborted(signal, assertTemporalReachable({ address, namespace, connection }));
    return { env: { TEMPORAL_ADDRESS: address }, page: undefined };
  }
  const { searchPath, cacheDir } = config.machine;
  const binary = await findTemporalBinary({ searchPath, cacheDir, env: childEnvironment(), log, signal });
  log('starting Temporal …');
  const { temporalPort: port, temporalUiPort: uiPort } = config.local;
  const options = { dataDir, port, uiPort, namespace, binary, log };
  const server = await keep(step, step.running.servers, 'Temporal', (limit) =>
    startTemporal({ ...options, signal: limit }),
  );
  // Keys and certificates of a profile are for another server than this one.
  return { env: { TEMPORAL_ADDRESS: server.address, TEMPORAL_TLS: '0', TEMPORAL_API_KEY: '' }, page: server.uiUrl };
}

/** Starts a server or child, restarts it when it ends unasked, and notes it for the stop. */
export async function keep<T extends LocalServer>(
  { log, signal }: Start,
  list: Kept<LocalServer>[],
  name: string,
  begin: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const kept = await keepRunning({ name, log, signal, start: begin });
  list.push(kept);
  return kept.first;
}
