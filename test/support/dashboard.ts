/** All of AOL in this process, with the built dashboard: PostgreSQL, Temporal, a worker with accounts that may send, the API. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OidcSettings } from '../../src/api/access/oidc.ts';
import { openPorts } from '../../src/api/ports.ts';
import { type RunningApi, startServer } from '../../src/api/server.ts';
import { createArtifactStore, createBlobStoreAt } from '../../src/artifacts/index.ts';
import { readMedia } from '../../src/artifacts/media.ts';
import { AolClient } from '../../src/client/client.ts';
import { builtInContracts, describeContract } from '../../src/contracts/payloads/index.ts';
import type { Database } from '../../src/db/pool.ts';
import { type AolWorker, createWorker } from '../../src/worker/create-worker.ts';
import { createRenderer } from '../../src/worker/renderer.ts';
import { TOKENS } from './api.ts';
import { createTestDatabase } from './database.ts';
import { createTestNamespace } from './namespace.ts';
import { noticesTo } from './notices.ts';
import { accountSettings } from './provider.ts';
import { type BlueskyFake, startBlueskyFake } from './providers/bluesky-fake.ts';
import { startSmtpServer } from './providers/smtp.ts';
import { createStage } from './stage-adapter.ts';
import { quietRuntime, workflowBundlePath } from './workflows.ts';

const webFolder = fileURLToPath(new URL('../../dist/web/', import.meta.url));

export interface Dashboard {
  readonly url: string;
  readonly db: Database;
  /** Where the account `brand` lives. */
  readonly bluesky: BlueskyFake;
  /** An admin's. */
  readonly client: AolClient;
  /** Ends the API as if its machine were lost; `startApi` brings it back at the same address. */
  stopApi(): Promise<void>;
  startApi(): Promise<void>;
  startWorker(): Promise<AolWorker>;
  /** Another API process on the same servers, at which people sign in by OpenID Connect. */
  serveAlso(port: number, oidc: OidcSettings): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

export async function createDashboard(): Promise<Dashboard> {
  quietRuntime();
  const [database, namespace, mailServer, bluesky, artifactFolder] = await Promise.all([
    createTestDatabase(),
    createTestNamespace(),
    startSmtpServer({ anybody: true }),
    startBlueskyFake({ givesDidDoc: false }),
    mkdtemp(join(tmpdir(), 'aol-dashboard-')),
  ]);
  const stage = createStage();
  const artifacts = `file:${artifactFolder}`;
  const renderer = createRenderer({ adapterFiles: [], artifacts });
  const workers: AolWorker[] = [];
  let running: { readonly api: RunningApi; close(): Promise<void> } | undefined;
  let port = 0;

  const serve = async (atPort: number, oidc?: OidcSettings) => {
    const ports = openPorts({
      databaseUrl: database.url,
      temporal: namespace.settings,
      temporalUiUrl: 'http://127.0.0.1:8233',
      artifacts: createArtifactStore(artifacts),
      blobs: { ...createBlobStoreAt(artifacts), readMedia },
    });
    const api = await startServer({
      ...ports,
      host: '127.0.0.1',
      port: atPort,
      oidc,
      contracts: [...builtInContracts, describeContract(stage.adapter.contract)],
      tokens: TOKENS,
      renderer,
      webFolder,
    });
    return {
      api,
      async close() {
        api.app.server.closeAllConnections();
        await api.close();
        await ports.close();
      },
    };
  };
  const startApi = async () => {
    running = await serve(port);
    port = Number(new URL(running.api.url).port);
    return running.api.url;
  };
  const stopApi = async () => {
    await running?.close();
    running = undefined;
  };
  const url = await startApi();
  return {
    url,
    db: database.pool,
    bluesky,
    client: new AolClient({ baseUrl: url, token: TOKENS.admin }),
    stopApi,
    async startApi() {
      await startApi();
    },
    serveAlso: serve,
    async startWorker() {
      const worker = await createWorker({
        databaseUrl: database.url,
        temporal: namespace.settings,
        artifacts,
        workflowBundlePath,
        proofMode: false,
        adapters: [stage.adapter],
        accounts: accountSettings(
          {
            news: {
              provider: 'smtp',
              url: `smtp://127.0.0.1:${mailServer.port}`,
              from: 'news@example.com',
              budget: { perHour: 1_000, perDay: 10_000 },
            },
            brand: {
              provider: 'bluesky',
              service: bluesky.url,
              identifier: bluesky.account.handle,
              appPassword: { env: 'BRAND' },
              budget: { perHour: 100, perDay: 1_000 },
            },
          },
          { BRAND: bluesky.account.appPassword },
        ),
        secretsKeys: [randomBytes(32)],
        notices: noticesTo('mailto:ops@example.com'),
      });
      workers.push(worker);
      worker.run().catch(() => undefined);
      await worker.ready;
      return worker;
    },
    async close() {
      await stopApi();
      await Promise.all(workers.map((worker) => worker.shutdown()));
      await Promise.all([mailServer.close(), bluesky.close(), renderer.close()]);
      await namespace.close();
      await database.drop();
      await rm(artifactFolder, { recursive: true, force: true });
    },
  };
}
