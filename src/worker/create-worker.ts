/** A worker process: its lanes' work, its connection to Temporal, the supervisor, retention. */

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { workerApplicationName } from '../contracts/names.ts';
import { createPool } from '../db/pool.ts';
import { createWorkerMetrics, type WorkerMetrics } from '../observability/worker-metrics.ts';
import { connectTemporal } from '../temporal/gateway.ts';
import { createWaker } from '../temporal/waker.ts';
import { lookAfterAccounts } from './account-loop.ts';
import { createConnectionLoop } from './connection-loop.ts';
import { createLaneWorker, type LaneWorkerOptions } from './lane-worker.ts';
import { silentLog, type WorkerLog } from './log.ts';
import { noticeOptions, superviseNotices } from './notice-loop.ts';
import { keepRetention } from './retention.ts';
import { supervise } from './supervisor.ts';

export interface CreateWorkerOptions extends LaneWorkerOptions {
  readonly log?: WorkerLog;
  /** Where it counts; absent: nowhere. */
  readonly metrics?: WorkerMetrics;
  /** Where the dashboard is, for links to it in Temporal's web page. */
  readonly dashboardUrl?: string;
  /** Prunes what finished longer ago than this, once an hour; without it nothing is pruned. */
  readonly retentionMs?: number | undefined;
  /** Off for a bounded run, which starts its own orchestrator. */
  readonly supervisor?: boolean;
  /** The prebuilt workflow bundle; without it the workflows' sources are bundled at start, which takes seconds. */
  readonly workflowBundlePath?: string;
}

export interface AolWorker {
  /** Resolves once it polls for tasks. */
  readonly ready: Promise<void>;
  /** Runs until {@link shutdown}, over servers that go away and come back. */
  run(): Promise<void>;
  /** Takes no new work, lets what runs finish (25 s at most), closes everything. */
  shutdown(): Promise<void>;
}

const DASHBOARD_URL = 'http://127.0.0.1:8321';
/** Longer than the longest attempt, so that a stop never cuts one off. */
const SETTLE_LIMIT_MS = 25_000;

/**
 * Joins the parts. Opens no connection before {@link AolWorker.run}.
 *
 * @throws UnknownTypeError when two adapters are registered for one type
 */
export async function createWorker(options: CreateWorkerOptions): Promise<AolWorker> {
  const log = options.log ?? silentLog;
  const metrics = options.metrics ?? createWorkerMetrics();
  const proofMode = options.proofMode !== false;
  const processName = `${workerApplicationName(proofMode)}:${randomBytes(4).toString('hex')}`;
  const db = createPool({
    databaseUrl: options.databaseUrl,
    applicationName: processName,
    onIdleError: (error) => log.warn({ error: error.message }, 'a database connection broke'),
  });
  const temporal = connectTemporal(options.temporal);
  const waker = createWaker(temporal);
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  let searchable = false;
  const showing = () => ({ searchable, dashboard: options.dashboardUrl ?? DASHBOARD_URL });
  const lanes = createLaneWorker(options, { db, processName, waker, log, metrics, showing });
  const connection = createConnectionLoop({
    temporal: options.temporal,
    workflowBundlePath: options.workflowBundlePath,
    log,
    activitiesOn: lanes.activitiesOn,
    onReady: ready.resolve,
    onSearchable: () => {
      searchable = true;
    },
  });

  const runAll = async (): Promise<void> => {
    const { signal } = stopping;
    const parts = [connection.run(), lookAfterAccounts(lanes.accounts, log, signal)];
    if (options.supervisor !== false) {
      parts.push(supervise({ db, temporal, proofMode, log, signal }));
      parts.push(superviseNotices({ db, temporal, proofMode, log, signal, ...noticeOptions(options.notices) }));
    }
    if (options.retentionMs !== undefined) {
      const { databaseUrl, retentionMs: olderThanMs } = options;
      parts.push(
        keepRetention({ databaseUrl, artifacts: { ...lanes.artifacts, blobs: lanes.blobs }, olderThanMs, log, signal }),
      );
    }
    await Promise.all(parts);
    await Promise.race([lanes.settled(), delay(SETTLE_LIMIT_MS, undefined, { ref: false })]);
    await waker.settled();
    await temporal.close();
    await lanes.close();
    await db.end();
  };

  let finished: Promise<void> | undefined;
  return {
    ready: ready.promise,
    run() {
      finished ??= runAll();
      return finished;
    },
    async shutdown() {
      stopping.abort();
      connection.shutdown();
      await finished;
    },
  };
}
