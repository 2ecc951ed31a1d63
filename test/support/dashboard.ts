/** All of AOL in this process, with the built dashboard: PostgreSQL, Temporal, a worker that may send, the API. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { defineAdapter, jsonEffect } from '../../src/adapters/port.ts';
import { openPorts } from '../../src/api/ports.ts';
import { type RunningApi, startServer } from '../../src/api/server.ts';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { AolClient } from '../../src/client/client.ts';
import { builtInContracts, describeContract } from '../../src/contracts/payloads/index.ts';
import type { Database } from '../../src/db/pool.ts';
import { type AolWorker, createWorker } from '../../src/worker/create-worker.ts';
import { TOKENS } from './api.ts';
import { createTestDatabase } from './database.ts';
import { createTestNamespace } from './namespace.ts';
import { createStage } from './stage-adapter.ts';
import { quietRuntime, workflowBundlePath } from './workflows.ts';

const webFolder = fileURLToPath(new URL('../../dist/web/', import.meta.url));

export interface Dashboard {
  readonly url: string;
  readonly db: Database;
  /** An admin's. */
  readonly client: AolClient;
  /** Ends the API as if its machine were lost; `startApi` brings it back at the same address. */
  stopApi(): Promise<void>;
  startApi(): Promise<void>;
  startWorker(): Promise<AolWorker>;
  close(): Promise<void>;
}

const mailSchema = z.strictObject({
  to: z.array(z.string().min(3).max(320)).min(1),
  subject: z.string().min(1).max(200),
  text: z.string().max(20_000),
  html: z.string().max(60_000).optional(),
});

/** E-mail as its adapter will render it, with a preview of its own. */
const mailAdapter = defineAdapter({
  contract: {
    type: 'SEND_EMAIL',
    title: 'Send an e-mail',
    performs: true,
    payload: mailSchema,
    example: { to: ['ada@example.com'], subject: 'Hello', text: 'Hello Ada' },
  },
  version: 1,
  redelivery: () => ({ kind: 'neither' as const }),
  render: (payload) =>
    jsonEffect({
      type: 'SEND_EMAIL',
      adapterVersion: 1,
      summary: `Mail to ${payload.to.join(', ')}: ${payload.subject}`.slice(0, 300),
      preview: { kind: 'mail', from: 'news@example.com', ...payload },
      url: 'https://mail.example/send',
      headers: { 'content-type': 'application/json' },
      body: { from: 'news@example.com', ...payload, html: payload.html ?? null },
    }),
  perform: () => Promise.resolve({ kind: 'done' as const, receipt: { messageId: '<1@mail.example>', status: 202 } }),
});

export async function createDashboard(): Promise<Dashboard> {
  quietRuntime();
  const [database, namespace, artifactFolder] = await Promise.all([
    createTestDatabase(),
    createTestNamespace(),
    mkdtemp(join(tmpdir(), 'aol-dashboard-')),
  ]);
  const stage = createStage();
  const artifacts = `file:${artifactFolder}`;
  const workers: AolWorker[] = [];
  let running: { readonly api: RunningApi; close(): Promise<void> } | undefined;
  let port = 0;

  const startApi = async () => {
    const ports = openPorts({
      databaseUrl: database.url,
      temporal: namespace.settings,
      temporalUiUrl: 'http://127.0.0.1:8233',
      artifacts: createArtifactStore(artifacts),
    });
    const api = await startServer({
      ...ports,
      host: '127.0.0.1',
      port,
      contracts: [
        ...builtInContracts,
        describeContract(mailAdapter.contract),
        describeContract(stage.adapter.contract),
      ],
      tokens: TOKENS,
      webFolder,
    });
    port = Number(new URL(api.url).port);
    running = {
      api,
      async close() {
        api.app.server.closeAllConnections();
        await api.close();
        await ports.close();
      },
    };
    return api.url;
  };
  const stopApi = async () => {
    await running?.close();
    running = undefined;
  };
  const url = await startApi();
  return {
    url,
    db: database.pool,
    client: new AolClient({ baseUrl: url, token: TOKENS.admin }),
    stopApi,
    async startApi() {
      await startApi();
    },
    async startWorker() {
      const worker = await createWorker({
        databaseUrl: database.url,
        temporal: namespace.settings,
        artifacts,
        workflowBundlePath,
        proofMode: false,
        adapters: [mailAdapter, stage.adapter],
      });
      workers.push(worker);
      worker.run().catch(() => undefined);
      await worker.ready;
      return worker;
    },
    async close() {
      await stopApi();
      await Promise.all(workers.map((worker) => worker.shutdown()));
      await namespace.close();
      await database.drop();
      await rm(artifactFolder, { recursive: true, force: true });
    },
  };
}
