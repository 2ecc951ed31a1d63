/** PostgreSQL and Temporal on disk, for the faults to kill and to start again, and a copy of the build for the workers. */

import { chmodSync, cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { msToTs } from '@temporalio/common/lib/time.js';
import pg from 'pg';
import { childEnvironment, loadConfig } from '../../../src/config/index.ts';
import { migrate } from '../../../src/db/keep/migrate.ts';
import {
  findTemporalBinary,
  freePort,
  type LocalServer,
  startPostgres,
  startTemporal,
} from '../../../src/local/index.ts';
import { connectTemporal } from '../../../src/temporal/gateway.ts';
import { type Reaper, startReaper } from './program.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const NAMESPACE_PROBES = 200;

/** A server that can be killed and started again at the same place. */
export interface Restartable {
  readonly port: number;
  signal(name: NodeJS.Signals): void;
  /** Resolves when it is gone. */
  end(name: NodeJS.Signals): Promise<void>;
  /** Starts it, when it is gone, as often as it takes. */
  start(): Promise<void>;
}

export interface Servers {
  readonly folder: string;
  readonly reaper: Reaper;
  readonly postgres: Restartable;
  readonly temporal: Restartable;
  /** Our own command line, in a copy of the build that nobody rebuilds meanwhile. */
  readonly mainFile: string;
  /** The workflows of the same build. */
  readonly bundleFile: string;
  databaseUrl(name: string, port?: number): string;
  createDatabase(name: string): Promise<void>;
  dropDatabase(name: string): Promise<void>;
  createNamespace(name: string): Promise<void>;
  /** Deletes all that Temporal remembers; it must be gone. */
  forgetTemporal(): void;
  stop(): Promise<void>;
}

export async function startServers(log: (line: string) => void = () => undefined): Promise<Servers> {
  const reaper = startReaper();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aol-faults-')));
  reaper.folder(folder);
  // Passable: as root PostgreSQL runs as another user.
  chmodSync(folder, 0o711);
  const { searchPath, cacheDir } = loadConfig().machine;
  const binary = await findTemporalBinary({ searchPath, cacheDir, env: childEnvironment(), log });
  let serverUrl = '';
  try {
    const [postgres, temporal] = await Promise.all([
      restartable(reaper, async (port) => {
        const server = await startPostgres({ dataDir: folder, port, cacheDir, log });
        serverUrl = server.url;
        return server;
      }),
      restartable(reaper, (port) => startTemporal({ dataDir: folder, port, uiPort: undefined, binary, log })),
    ]);
    await migrate(serverUrl);
    const databaseUrl = (name: string, port = postgres.port) => {
      const url = new URL(serverUrl);
      url.pathname = `/${name}`;
      url.port = String(port);
      return url.href;
    };
    const sql = (text: string) => withClient(databaseUrl('postgres'), (client) => client.query(text));
    return {
      folder,
      reaper,
      postgres,
      temporal,
      ...copyBuild(folder),
      databaseUrl,
      createDatabase: async (name) => void (await sql(`CREATE DATABASE ${name} TEMPLATE aol`)),
      dropDatabase: async (name) => void (await sql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
      createNamespace: (name) => createNamespace(`127.0.0.1:${temporal.port}`, name),
      forgetTemporal() {
        for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `temporal.db${end}`), { force: true });
      },
      async stop() {
        await Promise.all([postgres.end('SIGINT'), temporal.end('SIGTERM')]);
        await reaper.finish();
      },
    };
  } catch (error) {
    await reaper.finish();
    throw error;
  }
}

async function restartable(reaper: Reaper, start: (port: number) => Promise<LocalServer>): Promise<Restartable> {
  const port = await freePort();
  let current: LocalServer | undefined;
  const begin = async () => {
    const server = await start(port);
    reaper.started(server.pid);
    void server.exited.then(() => {
      reaper.ended(server.pid);
      if (current === server) current = undefined;
    });
    current = server;
  };
  await begin();
  const signal = (name: NodeJS.Signals) => {
    if (current) process.kill(current.pid, name);
  };
  return {
    port,
    signal,
    async end(name) {
      const ending = current;
      signal(name);
      await ending?.exited;
    },
    async start() {
      if (current) return;
      for (let tries = 1; ; tries += 1) {
        try {
          return await begin();
        } catch (error) {
          if (tries === 20) throw error;
          await delay(100);
        }
      }
    },
  };
}

/** `node_modules` is found through the link, `package.json` tells Node that this is ESM. */
function copyBuild(folder: string): Pick<Servers, 'mainFile' | 'bundleFile'> {
  const app = join(folder, 'app');
  cpSync(join(root, 'dist'), join(app, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(app, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'));
  return {
    mainFile: join(app, 'dist', 'src', 'cli', 'main.js'),
    bundleFile: join(app, 'dist', 'workflow-bundle.js'),
  };
}

/** Registers a namespace and waits until workflows can be started in it. */
async function createNamespace(address: string, namespace: string): Promise<void> {
  const gateway = connectTemporal({ address, namespace });
  const { connection, workflow } = gateway.client;
  const probe = { taskQueue: 'probe', workflowId: 'probe', workflowRunTimeout: '1s' } as const;
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    for (let left = NAMESPACE_PROBES; ; left -= 1) {
      try {
        const handle = await gateway.bounded(() => workflow.start('probe', probe));
        await gateway.bounded(() => handle.terminate());
        return;
      } catch (error) {
        if (left === 0) throw error;
        await delay(50);
      }
    }
  } finally {
    await gateway.close();
  }
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
