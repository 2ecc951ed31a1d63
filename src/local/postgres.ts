import { readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { errorCode } from '../domain/errors.ts';
import { postgresAccount } from './account.ts';
import { assertPortFree } from './ports.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { type Cluster, databaseUser, openCluster } from './postgres-cluster.ts';
import { commandLine, isAlive, stopProcess } from './processes.ts';
import { type LocalServer, type Log, type ServerCommand, spawnServer, waitReady } from './server.ts';

/** A running PostgreSQL. */
export interface PostgresServer extends LocalServer {
  /** Of the database `aol`, with the password. */
  readonly url: string;
}

export interface PostgresOptions {
  /** The database lies in its `postgres`. The folder exists. */
  readonly dataDir: string;
  readonly port: number;
  /** For binaries that cannot be run where npm put them. */
  readonly cacheDir: string;
  /** Told what takes long or is worth knowing. */
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

const host = '127.0.0.1';

/** Fast shutdown, then without a checkpoint; both lose nothing. */
const stopWith: ServerCommand['stopWith'] = [
  ['SIGINT', 3_000],
  ['SIGQUIT', 1_000],
];

/** UTC and our own locale everywhere; everything that protects data (fsync, full page writes) stays as it comes. */
const settings = {
  listen_addresses: host,
  unix_socket_directories: '',
  shared_buffers: '128MB',
  max_connections: '200',
  timezone: 'UTC',
  log_timezone: 'UTC',
  jit: 'off',
} as const;

/**
 * Starts PostgreSQL on a data folder, after making its database where it is missing and stopping a server that an
 * earlier process left behind on it.
 *
 * @throws ConfigurationError naming AOL_POSTGRES_PORT or AOL_DATA_DIR; what `signal` was aborted with
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { port, log, signal } = options;
  const dataDir = realpathSync(options.dataDir);
  const userAccount = postgresAccount(log);
  const binaries = findPostgresBinaries(options.cacheDir, userAccount, log);
  const cluster = await openCluster({ dataDir, binaries, account: userAccount, log, signal });
  await stopLeftover(cluster.folder, log);
  await assertPortFree('AOL_POSTGRES_PORT', port, host);
  signal?.throwIfAborted();
  const logFile = join(dataDir, 'postgres.log');
  const server = await spawnServer({
    name: 'PostgreSQL',
    program: binaries.postgres,
    args: ['-D', cluster.folder, '-p', String(port), ...Object.entries(settings).flatMap(setting)],
    env: { LC_ALL: 'C' },
    cwd: '/',
    logFile,
    stopWith,
    ...cluster.account,
  });
  try {
    const probe = () => ensureDatabase(cluster, port);
    await waitReady(server, { name: 'PostgreSQL', probe, timeoutMs: 120_000, logFile, ...(signal && { signal }) });
  } catch (thrown) {
    await server.stop();
    await assertPortFree('AOL_POSTGRES_PORT', port, host);
    throw thrown;
  }
  return { ...server, url: databaseUrl(cluster, port, databaseUser) };
}

function setting([name, value]: [string, string]): string[] {
  return ['-c', `${name}=${value}`];
}

function databaseUrl(cluster: Cluster, port: number, database: string): string {
  return `postgresql://${databaseUser}:${cluster.password}@${host}:${port}/${database}`;
}

/** True once the server answers and has our database. */
async function ensureDatabase(cluster: Cluster, port: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: databaseUrl(cluster, port, 'postgres'),
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`CREATE DATABASE ${databaseUser}`);
    return true;
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === '42P04') {
      return true; // It exists.
    }
    // Starting up, or not listening yet: ask again. Anything else will not get better by asking.
    if (code === '57P03' || code === 'ECONNREFUSED' || code === 'ECONNRESET') {
      return false;
    }
    throw thrown;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Stops the server that a killed process left on this folder; forgets a lock file whose pid is somebody else's now. */
async function stopLeftover(folder: string, log: Log): Promise<void> {
  const lockFile = join(folder, 'postmaster.pid');
  const pid = readPid(lockFile);
  if (pid === undefined) {
    return;
  }
  const command = isAlive(pid) ? commandLine(pid) : undefined;
  if (command?.includes(`-D ${folder} `)) {
    log(`stopping the PostgreSQL that an earlier start left behind (pid ${pid})`);
    await stopProcess(pid, stopWith);
  }
  rmSync(lockFile, { force: true });
}

function readPid(lockFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined;
  }
}
