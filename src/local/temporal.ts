import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { assertPortFree } from './ports.ts';
import { commandLine, stopProcess } from './processes.ts';
import { removeAfterwards } from './reaper.ts';
import { type LocalServer, type Log, type ServerCommand, spawnServer, waitReady } from './server.ts';

/** A running Temporal dev server. */
export interface TemporalServer extends LocalServer {
  /** host:port of its gRPC front end. */
  readonly address: string;
  /** Of its web page, if it has one. */
  readonly uiUrl: string | undefined;
  /** Where its log lies; of a server in memory it goes with the server. */
  readonly folder: string;
}

export interface TemporalOptions {
  /** Undefined: everything in memory, forgotten at stop. */
  readonly dataDir: string | undefined;
  readonly port: number;
  /** Undefined: no web page. */
  readonly uiPort: number | undefined;
  /** The `temporal` program; see `findTemporalBinary`. */
  readonly binary: string;
  readonly log: Log;
  /** Made at the start, beside `default`. */
  readonly namespace?: string | undefined;
  /** Where it serves its metrics; absent: on any free port. */
  readonly metricsPort?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const host = '127.0.0.1';
const stopWith: ServerCommand['stopWith'] = [['SIGTERM', 3_000]];

/** DESIGN 11: as it comes the dev server polls its queues 20 times a second and rounds timers up to a second. */
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=10000',
  'history.timerProcessorMaxPollRPS=10000',
  'history.visibilityProcessorMaxPollRPS=10000',
  'history.timerProcessorMaxTimeShift="10ms"',
  // An effect comes with the answer to the workflow task that schedules it, instead of by way of a queue.
  'system.enableActivityEagerExecution=true',
];

/**
 * Starts Temporal's dev server, after stopping one that an earlier process left behind on the same data folder.
 *
 * @throws ConfigurationError naming AOL_TEMPORAL_PORT, AOL_TEMPORAL_UI_PORT or AOL_DATA_DIR; what `signal` was aborted with
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const inMemory = options.dataDir === undefined;
  const folder = inMemory ? mkdtempSync(join(tmpdir(), 'aol-temporal-')) : realpathSync(options.dataDir);
  if (inMemory) {
    removeAfterwards(folder);
  }
  const cleanUp = () => {
    if (inMemory) {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  try {
    const server = await startIn(folder, options);
    void server.exited.then(cleanUp);
    return server;
  } catch (thrown) {
    cleanUp();
    throw thrown;
  }
}

async function startIn(folder: string, options: TemporalOptions): Promise<TemporalServer> {
  const { port, uiPort, log, signal } = options;
  const database = join(folder, 'temporal.db');
  const pidFile = join(folder, 'temporal.pid');
  await stopLeftover(pidFile, database, log);
  await assertPorts(options);
  signal?.throwIfAborted();
  const logFile = join(folder, 'temporal.log');
  const server = await spawnServer({
    name: 'Temporal',
    program: options.binary,
    args: [
      ...['server', 'start-dev', '--ip', host, '--port', String(port)],
      ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
      ...(options.dataDir === undefined ? [] : ['--db-filename', database]),
      ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'],
      ...dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]),
      ...(options.namespace === undefined ? [] : ['--namespace', options.namespace]),
      ...(options.metricsPort === undefined ? [] : ['--metrics-port', String(options.metricsPort)]),
      ...['--log-level', 'error', '--color', 'never'],
    ],
    // It would read connection profiles, which are for clients; HOME keeps it from complaining.
    env: { HOME: folder },
    cwd: folder,
    logFile,
    stopWith,
  });
  try {
    writeFileSync(pidFile, `${server.pid}\n`, { mode: 0o600 });
    const probe = () => answers(`${host}:${port}`, options.namespace ?? 'default');
    await waitReady(server, { name: 'Temporal', probe, timeoutMs: 60_000, logFile, ...(signal && { signal }) });
    keepPrivate(database);
  } catch (thrown) {
    await server.stop();
    await assertPorts(options);
    throw thrown;
  }
  const uiUrl = uiPort === undefined ? undefined : `http://${host}:${uiPort}`;
  return { ...server, address: `${host}:${port}`, uiUrl, folder };
}

async function assertPorts({ port, uiPort }: TemporalOptions): Promise<void> {
  await assertPortFree('AOL_TEMPORAL_PORT', port, host);
  if (uiPort !== undefined) {
    await assertPortFree('AOL_TEMPORAL_UI_PORT', uiPort, host);
  }
}

/** Whether the server answers and the namespace is there, which comes a moment later. */
async function answers(address: string, namespace: string): Promise<boolean> {
  const temporal = await import('@temporalio/client');
  let connection: Connection | undefined;
  try {
    connection = await temporal.Connection.connect({ address, connectTimeout: 2_000 });
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

/** SQLite gives its two companions the database's mode when it makes them anew. */
function keepPrivate(database: string): void {
  for (const path of [database, `${database}-wal`, `${database}-shm`]) {
    if (existsSync(path)) {
      chmodSync(path, 0o600);
    }
  }
}

async function stopLeftover(pidFile: string, database: string, log: Log): Promise<void> {
  const pid = readPid(pidFile);
  const command = pid === undefined ? undefined : commandLine(pid);
  if (pid !== undefined && command?.includes('start-dev') && command.includes(`--db-filename ${database} `)) {
    log(`stopping the Temporal server that an earlier start left behind (pid ${pid})`);
    await stopProcess(pid, stopWith);
  }
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined;
  }
}
