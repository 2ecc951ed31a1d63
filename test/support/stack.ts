/** Database, namespace, artifact folder and workers of one test: everything real, in this process. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnqueueInput } from '../../src/contracts/http/action.ts';
import { WAKE_SIGNAL } from '../../src/contracts/names.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { enqueue } from '../../src/db/decide/cancel.ts';
import type { Database } from '../../src/db/pool.ts';
import type { TemporalGateway, TemporalSettings } from '../../src/temporal/gateway.ts';
import { type AolWorker, type CreateWorkerOptions, createWorker } from '../../src/worker/create-worker.ts';
import { createTestDatabase } from './database.ts';
import { request } from './engine.ts';
import { createTestNamespace } from './namespace.ts';
import { workflowBundlePath } from './workflows.ts';

export interface TestStack {
  readonly db: Database;
  readonly gateway: TemporalGateway;
  readonly temporal: TemporalSettings;
  readonly databaseUrl: string;
  readonly artifactFolder: string;
  startWorker(options?: Partial<CreateWorkerOptions>): Promise<AolWorker>;
  /** Enqueues and wakes, as the API does. Answers the ids. */
  enqueue(inputs: readonly Partial<EnqueueInput>[]): Promise<string[]>;
  rows(): Promise<ActionRow[]>;
  stop(): Promise<void>;
}

export async function createTestStack(options: Pick<TemporalSettings, 'payloadKeys'> = {}): Promise<TestStack> {
  const [database, namespace, artifactFolder] = await Promise.all([
    createTestDatabase(),
    createTestNamespace(options),
    mkdtemp(join(tmpdir(), 'aol-artifacts-')),
  ]);
  const workers: AolWorker[] = [];
  return {
    db: database.pool,
    gateway: namespace.gateway,
    temporal: namespace.settings,
    databaseUrl: database.url,
    artifactFolder,
    async startWorker(options = {}) {
      const worker = await createWorker({
        databaseUrl: database.url,
        temporal: namespace.settings,
        artifacts: `file:${artifactFolder}`,
        workflowBundlePath,
        ...options,
      });
      workers.push(worker);
      worker.run().catch(() => undefined);
      await worker.ready;
      return worker;
    },
    async enqueue(inputs) {
      const results = await enqueue(database.pool, inputs.map(request), 'test');
      await namespace.gateway.signal('aol/default', WAKE_SIGNAL).catch(() => undefined);
      return results.map((result) => {
        if (result.kind === 'refused') throw result.error;
        return result.row.id;
      });
    },
    rows: async () => (await database.pool.query<ActionRow>('SELECT * FROM aol_actions ORDER BY id')).rows,
    async stop() {
      // Whatever does not end, the others do: what is left open keeps jest's process from ending.
      const ended = await Promise.allSettled(workers.map((worker) => worker.shutdown()));
      ended.push(...(await Promise.allSettled([namespace.close(), database.drop()])));
      await rm(artifactFolder, { recursive: true, force: true });
      for (const one of ended) if (one.status === 'rejected') throw one.reason;
    },
  };
}
