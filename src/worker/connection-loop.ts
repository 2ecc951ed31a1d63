/** Temporal workers on one connection after another: over servers that go away, come back, or go silent. */

import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NativeConnection, type NativeConnectionOptions, type WorkerOptions } from '@temporalio/worker';
import type { BookkeepingActivities, EffectActivities } from '../contracts/engine/activities.ts';
import type { NoticeActivities } from '../contracts/engine/notices.ts';
import { BOOKKEEPING_TASK_QUEUE, EFFECTS_TASK_QUEUE } from '../contracts/names.ts';
import { errorText } from '../domain/errors.ts';
import type { TemporalSettings } from '../temporal/gateway.ts';
import { createPayloadCodec } from '../temporal/payload-codec.ts';
import { type Connect, connectInTime, replacementOf } from './connection-watchdog.ts';
import { hideFailures } from './encrypted-failures.ts';
import type { WorkerLog } from './log.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { startGroup, type WorkerGroup } from './worker-group.ts';

/** All that a worker can be asked to do. */
export type WorkerActivities = BookkeepingActivities & EffectActivities & NoticeActivities;

export interface ConnectionLoopOptions {
  readonly temporal: TemporalSettings;
  readonly workflowBundlePath: string | undefined;
  readonly log: WorkerLog;
  readonly activitiesOn: (connection: NativeConnection) => Promise<WorkerActivities>;
  /** The workers poll for tasks. */
  readonly onReady: () => void;
  /** The server knows our search attributes. */
  readonly onSearchable: () => void;
}

export interface ConnectionLoop {
  /** Runs until {@link shutdown}; resolves when nothing is at work any more. */
  run(): Promise<void>;
  /** Takes no new work. */
  shutdown(): void;
}

const RETRY_DELAY_MS = 500;

export function createConnectionLoop(options: ConnectionLoopOptions): ConnectionLoop {
  const { temporal, log } = options;
  const { namespace } = temporal;
  const stopping = new AbortController();
  /** All that were started and have not ended: the last one is the one at work. */
  const groups = new Set<WorkerGroup>();
  const connect: Connect = () => NativeConnection.connect(nativeOptions(temporal));

  /** Runs on a connection until the workers end. Answers the connection to go on with when this one went silent. */
  const runOn = async (connection: NativeConnection): Promise<NativeConnection | undefined> => {
    const activities = await options.activitiesOn(connection).catch(async (error: unknown) => {
      await connection.close();
      throw error;
    });
    const { performTick, performEffect, performAlone, abandonEffect, deliverNotice, ...bookkeeping } = activities;
    const common = { namespace, ...encryption(temporal), ...workflowOptions(options.workflowBundlePath) };
    const group = await startGroup(connection, [
      { ...common, ...BOOKKEEPING_WORKER, activities: { ...bookkeeping, abandonEffect } },
      {
        ...common,
        ...EFFECTS_WORKER,
        activities: { performTick, performEffect, performAlone, abandonEffect, deliverNotice },
      },
    ]);
    groups.add(group);
    const ended = new AbortController();
    try {
      if (stopping.signal.aborted) group.shutdown();
      options.onReady();
      log.info({ taskQueues: [BOOKKEEPING_TASK_QUEUE, EFFECTS_TASK_QUEUE] }, 'the worker polls for work');
      const signal = AbortSignal.any([ended.signal, stopping.signal]);
      void registerSearchAttributes({ connection, namespace, log, signal, onUsable: options.onSearchable });
      const replacement = await Promise.race([group.running, replacementOf(connection, connect, signal)]);
      if (!replacement) await group.running;
      else log.warn({}, 'the connection to Temporal went silent; the worker goes on with a new one');
      return replacement ?? undefined;
    } finally {
      ended.abort();
      group.shutdown();
      void group.drained().then(() => groups.delete(group));
    }
  };

  return {
    async run() {
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
      await Promise.all([...groups].map((group) => group.drained()));
    },
    shutdown() {
      stopping.abort();
      for (const group of groups) group.shutdown();
    },
  };
}

function nativeOptions(settings: TemporalSettings): NativeConnectionOptions {
  const { apiKey, ...connection } = settings.connection ?? {};
  const key = typeof apiKey === 'function' ? apiKey() : apiKey;
  return { ...connection, ...(key === undefined ? {} : { apiKey: key }), address: settings.address };
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

/** By default the SDK throttles heartbeats to 0.8 of the heartbeat timeout; a cancel reaches an adapter on one. */
const EFFECTS_WORKER = {
  taskQueue: EFFECTS_TASK_QUEUE,
  maxHeartbeatThrottleInterval: '250ms',
  defaultHeartbeatThrottleInterval: '250ms',
  // They wait for what a semaphore shares fairly among lanes; a slot is only a place to wait in.
  maxConcurrentActivityTaskExecutions: 2_000,
  // Few polls stand open while little comes: over a connection that went silent the server hands each of them a task, which is
  // lost until its heartbeat timeout, one after another (F-07-temporal).
  activityTaskPollerBehavior: { type: 'autoscaling', minimum: 1, initial: 2, maximum: 10 },
  // An activity comes with the answer to the task that schedules it.
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
