/** A worker process' parts, joined. */

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NativeConnection, type NativeConnectionOptions, type WorkerOptions } from '@temporalio/worker';
import { createAhead } from '../activities/ahead.ts';
import { createBookkeepingActivities } from '../activities/bookkeeping.ts';
import { createEffectActivities } from '../activities/effects.ts';
import { createFlagWatch } from '../activities/flag-watch.ts';
import { createRefill } from '../activities/refill.ts';
import { createEffectStore } from '../activities/store-together.ts';
import { provingAtOnce } from '../activities/whole-tick.ts';
import { createBuiltInAdapters, type WebhookSettings } from '../adapters/index.ts';
import { type AnyAdapter, createRegistry, type RegisteredAdapter } from '../adapters/registry.ts';
import { createArtifactStore } from '../artifacts/index.ts';
import type { BookkeepingActivities, Showing } from '../contracts/engine/activities.ts';
import { BOOKKEEPING_TASK_QUEUE, EFFECTS_TASK_QUEUE, workerApplicationName } from '../contracts/names.ts';
import { sinceKillMs } from '../db/look/metrics.ts';
import { createPool } from '../db/pool.ts';
import { createEffectTransactions } from '../db/queue/batched-attempts.ts';
import { Walks } from '../db/queue/claim-cursor.ts';
import { errorText, UnavailableError } from '../domain/errors.ts';
import { APPROVAL_TTL_MS } from '../domain/limits.ts';
import { createWorkerMetrics, type WorkerMetrics } from '../observability/worker-metrics.ts';
import { createEffectsStarter } from '../temporal/effects-starter.ts';
import { connectTemporal, type TemporalSettings } from '../temporal/gateway.ts';
import { createPayloadCodec } from '../temporal/payload-codec.ts';
import { createWaker } from '../temporal/waker.ts';
import { type Connect, connectInTime, replacementOf } from './connection-watchdog.ts';
import { hideFailures } from './encrypted-failures.ts';
import { silentLog, type WorkerLog } from './log.ts';
import { createObserver, observeArtifacts, observeBookkeeping } from './observe.ts';
import { keepRetention } from './retention.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { supervise } from './supervisor.ts';
import { startPair, type WorkerPair } from './worker-group.ts';

export interface CreateWorkerOptions {
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
  readonly log?: WorkerLog;
  /** Where it counts; absent: nowhere. */
  readonly metrics?: WorkerMetrics;
  /** Where the dashboard is, for links to it in Temporal's web page. */
  readonly dashboardUrl?: string;
  /** Prunes what finished longer ago than this, once an hour; without it nothing is pruned. */
  readonly retentionMs?: number | undefined;
  /** How long a person has to approve what waits for it; 7 days when absent. */
  readonly approvalTtlMs?: number;
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
const RETRY_DELAY_MS = 500;
const CALL_LIMIT_MS = 5_000;

/**
 * Joins database, adapters, store and activities. Opens no connection before {@link AolWorker.run}.
 *
 * @throws UnknownTypeError when two adapters are registered for one type
 */
export async function createWorker(options: CreateWorkerOptions): Promise<AolWorker> {
  const log = options.log ?? silentLog;
  const metrics = options.metrics ?? createWorkerMetrics();
  const observer = createObserver({ log, metrics });
  const proofMode = options.proofMode !== false;
  const approvalTtlMs = options.approvalTtlMs ?? APPROVAL_TTL_MS;
  const adapters = createRegistry([...createBuiltInAdapters(options), ...(options.adapters ?? [])]);
  const artifacts = createArtifactStore(options.artifacts);
  const db = createPool({
    databaseUrl: options.databaseUrl,
    applicationName: `${workerApplicationName(proofMode)}:${randomBytes(4).toString('hex')}`,
    onIdleError: (error) => log.warn({ error: error.message }, 'a database connection broke'),
  });
  const temporal = connectTemporal(options.temporal);
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  const flagWatch = createFlagWatch(db, (lane) => {
    sinceKillMs(db, lane).then(
      (ms) => (ms === null ? undefined : metrics.killSeen(lane, ms)),
      () => undefined,
    );
  });
  const waker = createWaker(temporal);
  const refill = createRefill(db, waker.wake);
  const together = createEffectTransactions(db);
  let searchable = false;
  const showing = () => ({ searchable, dashboard: options.dashboardUrl ?? DASHBOARD_URL });
  /** All that were started and have not ended: the last one is the one at work. */
  const pairs = new Set<WorkerPair>();
  const connect: Connect = () => NativeConnection.connect(nativeOptions(options.temporal));

  /** Runs on a connection until the workers end. Answers the connection to go on with when this one went silent. */
  const runOn = async (connection: NativeConnection): Promise<NativeConnection | undefined> => {
    const clusterId = await readClusterId(connection).catch(async (error: unknown) => {
      await connection.close();
      throw error;
    });
    const { namespace } = options.temporal;
    const worker = { clusterId, namespace, proofMode, walks: new Walks() };
    const start = createEffectsStarter({ ...options.temporal, connection });
    const startEffects: typeof start = (tick, number) => start({ ...tick, showing: showing() }, number);
    const ports = { db, adapters, artifacts: observeArtifacts(artifacts, metrics), random: Math.random, observer };
    const store = createEffectStore(ports.artifacts);
    const ahead = createAhead({ adapters, store });
    const bookkeeping = createBookkeepingActivities({ ...ports, worker, startEffects, ahead });
    const proving = provingAtOnce(observeBookkeeping(bookkeeping, { log, metrics }), ({ lane, tickId }, error) =>
      log.warn({ lane, tickId, error: errorText(error, 300) }, 'a tick could not be proved; its lane tries again'),
    );
    const activities = showingItself(proving, showing);
    const { closeOverrun, abandonEffect } = activities;
    const effects = createEffectActivities({
      ...ports,
      store,
      ahead,
      together,
      flagWatch,
      refill,
      proofMode,
      approvalTtlMs,
    });
    const workflows = workflowOptions(options.workflowBundlePath);
    const common = { namespace, ...encryption(options.temporal) };
    const pair = await startPair(connection, [
      { ...common, ...workflows, ...BOOKKEEPING_WORKER, activities: { ...activities } },
      { ...common, ...workflows, ...EFFECTS_WORKER, activities: { ...effects, closeOverrun, abandonEffect } },
    ]);
    pairs.add(pair);
    const ended = new AbortController();
    try {
      if (stopping.signal.aborted) pair.shutdown();
      ready.resolve();
      log.info({ taskQueues: [BOOKKEEPING_TASK_QUEUE, EFFECTS_TASK_QUEUE], proofMode }, 'the worker polls for work');
      const signal = AbortSignal.any([ended.signal, stopping.signal]);
      const onUsable = () => {
        searchable = true;
      };
      void registerSearchAttributes({ connection, namespace, log, signal, onUsable });
      const replacement = await Promise.race([pair.running, replacementOf(connection, connect, signal)]);
      if (!replacement) await pair.running;
      else log.warn({}, 'the connection to Temporal went silent; the worker goes on with a new one');
      return replacement ?? undefined;
    } finally {
      ended.abort();
      pair.shutdown();
      void pair.drained().then(() => pairs.delete(pair));
    }
  };

  const runUntilStopped = async (): Promise<void> => {
    let next: NativeConnection | undefined;
    while (!stopping.signal.aborted) {
      try {
        next = await runOn(next ?? (await connectInTime(connect)));
      } catch (error) {
        next = undefined;
        log.warn({ error: errorText(error, 300) }, 'the worker lost Temporal; it tries again');
        await delay(RETRY_DELAY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };

  let finished: Promise<void> | undefined;
  return {
    ready: ready.promise,
    run() {
      finished ??= Promise.all([
        runUntilStopped(),
        options.supervisor === false
          ? Promise.resolve()
          : supervise({ db, temporal, proofMode, log, signal: stopping.signal }),
        options.retentionMs === undefined
          ? Promise.resolve()
          : keepRetention({
              databaseUrl: options.databaseUrl,
              artifacts,
              olderThanMs: options.retentionMs,
              log,
              signal: stopping.signal,
            }),
      ]).then(async () => {
        await Promise.all([...pairs].map((pair) => pair.drained()));
        await waker.settled();
        await temporal.close();
        await db.end();
      });
      return finished;
    },
    async shutdown() {
      stopping.abort();
      for (const pair of pairs) pair.shutdown();
      await finished;
    },
  };
}

/** Each claim tells its run what it may show of itself. */
function showingItself(activities: BookkeepingActivities, showing: () => Showing): BookkeepingActivities {
  return {
    ...activities,
    claimTick: async (input) => ({ ...(await activities.claimTick(input)), showing: showing() }),
  };
}

function nativeOptions(settings: TemporalSettings): NativeConnectionOptions {
  const { apiKey, ...connection } = settings.connection ?? {};
  const key = typeof apiKey === 'function' ? apiKey() : apiKey;
  return { ...connection, ...(key === undefined ? {} : { apiKey: key }), address: settings.address };
}

async function readClusterId(connection: NativeConnection): Promise<string> {
  const { clusterId } = await connection.withDeadline(Date.now() + CALL_LIMIT_MS, () =>
    connection.workflowService.getClusterInfo({}),
  );
  if (!clusterId) throw new UnavailableError('temporal', 'the Temporal server does not tell its cluster id');
  return clusterId;
}

/** The codec is there without a key too: it says what is wrong when it meets what another worker encrypted. */
function encryption({ payloadKeys = [] }: TemporalSettings): Pick<WorkerOptions, 'dataConverter' | 'interceptors'> {
  const dataConverter = { payloadCodecs: [createPayloadCodec(payloadKeys)] };
  return payloadKeys.length === 0 ? { dataConverter } : { dataConverter, interceptors: { activity: [hideFailures] } };
}

const BOOKKEEPING_WORKER = {
  taskQueue: BOOKKEEPING_TASK_QUEUE,
  enableNonLocalActivities: false,
  maxConcurrentLocalActivityExecutions: 20,
} as const;

/** A cancel reaches an adapter on a heartbeat; by default the SDK throttles those to 0.8 of the heartbeat timeout. */
const EFFECTS_WORKER = {
  taskQueue: EFFECTS_TASK_QUEUE,
  maxHeartbeatThrottleInterval: '250ms',
  defaultHeartbeatThrottleInterval: '250ms',
  maxConcurrentActivityTaskExecutions: 200,
  // Few polls stand open while little comes: over a connection that went silent the server hands each of them a task, which is
  // lost until its heartbeat timeout, one after another (F-07-temporal).
  activityTaskPollerBehavior: { type: 'autoscaling', minimum: 1, initial: 2, maximum: 10 },
  // A tick's effects come with the answer to the task that schedules them, as far as there is room for them.
  maxEagerActivityReservationsPerWorkflowTask: 50,
} as const;

/** RELIABILITY: a dead worker's workflow is taken over after the sticky timeout, 10 s by default. */
function workflowOptions(bundlePath: string | undefined): Partial<WorkerOptions> {
  return { ...workflowCode(bundlePath), stickyQueueScheduleToStartTimeout: '1s' };
}

/** Built code has its bundle beside it; sources (in tests) are bundled at start. */
function workflowCode(bundlePath: string | undefined): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  if (bundlePath !== undefined) return { workflowBundle: { codePath: bundlePath } };
  if (import.meta.url.endsWith('.ts')) {
    return { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) };
  }
  return { workflowBundle: { codePath: fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url)) } };
}
