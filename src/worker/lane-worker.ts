/** What a worker process does for lanes: its activities, with their ports. */

import type { NativeConnection } from '@temporalio/worker';
import type { AccountOptions, OpenAccounts } from '../accounts/open.ts';
import { openAccounts } from '../accounts/open.ts';
import { createBookkeepingActivities } from '../activities/bookkeeping.ts';
import { createEffectActivities } from '../activities/effects.ts';
import { createEffectsAtWork } from '../activities/effects-at-work.ts';
import { createFlagWatch } from '../activities/flag-watch.ts';
import { createNoticeActivities } from '../activities/notices.ts';
import { createSemaphore } from '../activities/semaphore.ts';
import { createSendNotice } from '../activities/send-notice.ts';
import { createWakeFullLane } from '../activities/wake-full-lane.ts';
import { createBuiltInAdapters, type WebhookSettings } from '../adapters/index.ts';
import { type AnyAdapter, createRegistry, type RegisteredAdapter } from '../adapters/registry.ts';
import type { BlobStore } from '../artifacts/blobs.ts';
import { createArtifactStore, createBlobStoreAt } from '../artifacts/index.ts';
import type { ArtifactStore } from '../artifacts/port.ts';
import type { Showing } from '../contracts/engine/activities.ts';
import { sinceKillMs } from '../db/look/metrics.ts';
import { createPool, type Database } from '../db/pool.ts';
import { createBatchedAttempts } from '../db/queue/batched-attempts.ts';
import { ClaimCursor } from '../db/queue/claim-cursor.ts';
import { withLaneLock } from '../db/queue/lane-lock.ts';
import { UnavailableError } from '../domain/errors.ts';
import { APPROVAL_TTL_MS } from '../domain/limits.ts';
import type { WorkerMetrics } from '../observability/worker-metrics.ts';
import type { TemporalSettings } from '../temporal/gateway.ts';
import { createTickStarter } from '../temporal/tick-starter.ts';
import type { Waker } from '../temporal/waker.ts';
import { createBlobs } from './blobs.ts';
import type { WorkerActivities } from './connection-loop.ts';
import type { WorkerLog } from './log.ts';
import { type NoticeOptions, noticeOptions } from './notice-loop.ts';
import { createObserver, observeArtifacts } from './observe.ts';

export interface LaneWorkerOptions extends AccountOptions {
  readonly databaseUrl: string;
  readonly temporal: TemporalSettings;
  /** `file:/absolute/path` */
  readonly artifacts: string;
  /** False is the worker's half of unlocking REAL; anything else is PROOF. */
  readonly proofMode?: boolean;
  /** Registered besides the built-in ones. */
  readonly adapters?: readonly (AnyAdapter | RegisteredAdapter)[];
  /** What `CALL_WEBHOOK` may reach inside private ranges, and what it signs with. */
  readonly webhook?: WebhookSettings;
  /** How long a person has to approve what waits for it; 7 days when absent. */
  readonly approvalTtlMs?: number;
  /** Where people are told of what waits or went wrong; absent: nowhere. */
  readonly notices?: NoticeOptions;
}

export interface LaneWorker {
  readonly accounts: Pick<OpenAccounts, 'look'>;
  readonly artifacts: ArtifactStore;
  readonly blobs: BlobStore;
  /** The activities on a connection to Temporal, which starts the workflows of ticks. */
  activitiesOn(connection: NativeConnection): Promise<WorkerActivities>;
  /** Resolves when no effect is at work any more. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** So many effects are at work in one process, at most: each is a connection and its buffers. */
const EFFECTS_AT_WORK = 1_000;
const CALL_LIMIT_MS = 5_000;
const WATCH_LIMIT_MS = 800;

/**
 * @param processName how this process appears in `pg_stat_activity`
 * @throws UnknownTypeError when two adapters are registered for one type
 * @throws ConfigurationError when an account is not as its provider needs it
 */
export function createLaneWorker(
  options: LaneWorkerOptions,
  parts: {
    readonly db: Database;
    readonly processName: string;
    readonly waker: Pick<Waker, 'wake'>;
    readonly log: WorkerLog;
    readonly metrics: WorkerMetrics;
    readonly showing: () => Showing;
  },
): LaneWorker {
  const { db, processName: worker, waker, log, metrics, showing } = parts;
  const proofMode = options.proofMode !== false;
  const artifacts = createArtifactStore(options.artifacts);
  const store = observeArtifacts(artifacts, metrics);
  // Its own connection: a pool that is busy, or whose server went silent, must not hide a kill for long.
  const watchDb = createPool({
    databaseUrl: options.databaseUrl,
    applicationName: worker,
    maxConnections: 1,
    statementTimeoutMs: WATCH_LIMIT_MS,
    connectTimeoutMs: WATCH_LIMIT_MS,
  });
  const flagWatch = createFlagWatch(watchDb, (lane) => {
    sinceKillMs(db, lane).then(
      (ms) => (ms === null ? undefined : metrics.killSeen(lane, ms)),
      () => undefined,
    );
  });
  const adapters = createRegistry([...createBuiltInAdapters(options), ...(options.adapters ?? [])]);
  const blobStore = createBlobStoreAt(options.artifacts);
  const blobsOf = createBlobs(db, blobStore);
  const { accounts, look } = openAccounts(
    options,
    adapters.adapters.flatMap(({ providers }) => providers),
    { db, databaseUrl: options.databaseUrl, readBlob: blobStore.get, worker, wake: waker.wake, log },
  );
  const ports = {
    db,
    adapters,
    blobsOf,
    accounts,
    store,
    worker,
    proofMode,
    flagWatch,
    observer: createObserver({ log, metrics }),
    batched: createBatchedAttempts(db),
    places: createSemaphore(EFFECTS_AT_WORK),
    approvalTtlMs: options.approvalTtlMs ?? APPROVAL_TTL_MS,
    random: Math.random,
  };
  const atWork = createEffectsAtWork({ ...ports, wakeFullLane: createWakeFullLane(waker.wake) });
  const effects = createEffectActivities({
    ...ports,
    atWork,
    aloneInLane: (lane, signal, work) => withLaneLock(options.databaseUrl, lane, signal, work),
  });
  const notices = createNoticeActivities({
    ...ports,
    ...noticeOptions(options.notices),
    // The address does not change: whether runs may set search attributes does.
    dashboard: showing().dashboard,
    send: createSendNotice(accounts, options.webhook),
    observe: (destination, outcome) => metrics.notice(destination, outcome),
  });
  const cursor = new ClaimCursor();
  const { namespace } = options.temporal;

  return {
    accounts: { look },
    artifacts,
    blobs: blobStore,
    async activitiesOn(connection) {
      const clusterId = await readClusterId(connection);
      const bookkeeping = createBookkeepingActivities({
        ...ports,
        artifacts: store,
        worker: { clusterId, namespace, proofMode, worker, cursor },
        showing,
        effects: atWork,
        startTick: createTickStarter({ ...options.temporal, connection }),
      });
      return { ...bookkeeping, ...effects, ...notices };
    },
    settled: atWork.settled,
    close: () => watchDb.end(),
  };
}

async function readClusterId(connection: NativeConnection): Promise<string> {
  const { clusterId } = await connection.withDeadline(Date.now() + CALL_LIMIT_MS, () =>
    connection.workflowService.getClusterInfo({}),
  );
  if (!clusterId) throw new UnavailableError('temporal', 'the Temporal server does not tell its cluster id');
  return clusterId;
}
