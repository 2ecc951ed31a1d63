/** One PostgreSQL and one Temporal for all systems, and a database and a namespace for each measurement. */

import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { bundleWorkflowCode } from '@temporalio/worker';
import pg from 'pg';
import { childEnvironment, loadConfig } from '../src/config/index.ts';
import { migrate } from '../src/db/keep/migrate.ts';
import { findTemporalBinary, freePort, type LocalServer, startPostgres, startTemporal } from '../src/local/index.ts';
import { silentLog } from '../src/worker/log.ts';
import { installRuntime } from '../src/worker/runtime.ts';
import type { Scene } from './protocol.ts';
import { bareWorkflows } from './systems/bare-temporal.ts';
import { readUsage, type Usage } from './temporal-usage.ts';

const aolBundle = fileURLToPath(new URL('../dist/workflow-bundle.js', import.meta.url));
const NAMESPACE_PROBES = 200;

export interface Servers {
  readonly versions: { readonly postgres: string; readonly temporal: string };
  /** @param template the database to copy; AOL's schema when absent */
  openScene(settings: SceneSettings, template?: string): Promise<OpenScene>;
  /**
   * A database that scenes can be copied of.
   *
   * @param source the database that it is itself copied of; AOL's schema when absent
   */
  createTemplate(name: string, prepare: (db: pg.Client) => Promise<void>, source?: string): Promise<void>;
  stop(): Promise<void>;
}

export type SceneSettings = Pick<Scene, 'perTick' | 'lanes' | 'real' | 'width' | 'recovers'>;

export interface OpenScene {
  readonly scene: Scene;
  /** What it has cost Temporal since it was opened. */
  usage(): Promise<Usage>;
  connect(): Promise<pg.Client>;
  close(): Promise<void>;
}

const AOL_TEMPLATE = 'bench_aol';
const EMPTY_TEMPLATE = 'template0';
export const emptyDatabase = EMPTY_TEMPLATE;

/** Starts both servers in a new folder below the system's one for temporary files; both write to its disk. */
export async function startServers(log: (line: string) => void): Promise<Servers> {
  installRuntime(silentLog);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aol-bench-')));
  // Passable: as root PostgreSQL runs as another user.
  chmodSync(folder, 0o711);
  const running: LocalServer[] = [];
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { searchPath, cacheDir } = loadConfig().machine;
    const postgres = await startPostgres({ dataDir: folder, port: await freePort(), cacheDir, log });
    running.push(postgres);
    const binary = await findTemporalBinary({ searchPath, cacheDir, env: childEnvironment(), log });
    const metricsPort = await freePort();
    const port = await freePort();
    const temporal = await startTemporal({ dataDir: folder, port, metricsPort, uiPort: undefined, binary, log });
    running.push(temporal);
    const bundle = join(folder, 'workflows.js');
    const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} };
    const { code } = await bundleWorkflowCode({ workflowsPath: bareWorkflows, logger: quiet });
    writeFileSync(bundle, code);
    const connection = await Connection.connect({ address: temporal.address });
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    const [server] = await sql<{ server_version: string }>(postgres.url, 'SHOW server_version');
    const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
    const at = { folder, postgresUrl: postgres.url, address: temporal.address, metricsUrl, bundle, connection };
    await sql(postgres.url, `CREATE DATABASE ${AOL_TEMPLATE}`);
    await migrate(databaseUrl(postgres.url, AOL_TEMPLATE));
    return {
      versions: { postgres: server?.server_version ?? 'unknown', temporal: serverVersion },
      openScene: (settings, template = AOL_TEMPLATE) => openScene(at, settings, template),
      async createTemplate(name, prepare, source = AOL_TEMPLATE) {
        await sql(postgres.url, `CREATE DATABASE ${name} TEMPLATE ${source} STRATEGY FILE_COPY`);
        await withClient(databaseUrl(postgres.url, name), prepare);
      },
      async stop() {
        await connection.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Place {
  readonly folder: string;
  readonly postgresUrl: string;
  readonly address: string;
  readonly metricsUrl: string;
  readonly bundle: string;
  readonly connection: Connection;
}

async function openScene(place: Place, settings: SceneSettings, template: string): Promise<OpenScene> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  const url = databaseUrl(place.postgresUrl, name);
  await sql(place.postgresUrl, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  // What was copied is on its way to the disk; its cost belongs to no measurement.
  await sql(place.postgresUrl, 'CHECKPOINT');
  const namespace = name.replace('_', '-');
  const temporal = new Client({ connection: place.connection, namespace });
  await createNamespace(place.connection, temporal, namespace);
  const artifacts = join(place.folder, name);
  return {
    scene: {
      ...settings,
      databaseUrl: url,
      temporal: { address: place.address, namespace },
      artifacts,
      benchBundle: place.bundle,
      aolBundle,
    },
    usage: () => readUsage(temporal, place.metricsUrl),
    async connect() {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    async close() {
      for await (const { workflowId } of temporal.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
        await temporal.workflow
          .getHandle(workflowId)
          .terminate()
          .catch(() => undefined);
      }
      await sql(place.postgresUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      rmSync(artifacts, { recursive: true, force: true });
    },
  };
}

async function createNamespace(connection: Connection, client: Client, namespace: string): Promise<void> {
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
  const probe = { taskQueue: 'probe', workflowId: 'probe', workflowRunTimeout: '1s' } as const;
  for (let left = NAMESPACE_PROBES; ; left -= 1) {
    try {
      const handle = await client.workflow.start('probe', probe);
      await handle.terminate();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await delay(50);
    }
  }
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function sql<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  return withClient(url, async (client) => (await client.query<Row>(text)).rows);
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
