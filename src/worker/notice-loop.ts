/** Looks each second for what people should be told of, and has the workflow of notices tell them. */

import { setTimeout as delay } from 'node:timers/promises';
import {
  BOOKKEEPING_TASK_QUEUE,
  NOTICES_WORKFLOW,
  NOTICES_WORKFLOW_ID,
  WORKFLOW_TASK_TIMEOUT_MS,
} from '../contracts/names.ts';
import { areNoticesDue, findNotices, forgetNotices, publishDestinations } from '../db/keep/notices.ts';
import type { Database } from '../db/pool.ts';
import { errorText } from '../domain/errors.ts';
import { SUPERVISOR_INTERVAL_MS } from '../domain/limits.ts';
import type { NoticeDestination } from '../domain/notice-destinations.ts';
import { NOTICE_PACE, type NoticePace } from '../domain/notices.ts';
import type { TemporalGateway } from '../temporal/gateway.ts';
import type { WorkerLog } from './log.ts';

export interface NoticeOptions {
  readonly destinations: readonly NoticeDestination[];
  /** What is absent is as `NOTICE_PACE` has it. */
  readonly pace?: Partial<NoticePace>;
}

export function noticeOptions(
  given: NoticeOptions | undefined,
): Required<NoticeOptions> & { readonly pace: NoticePace } {
  return { destinations: given?.destinations ?? [], pace: { ...NOTICE_PACE, ...given?.pace } };
}

export interface NoticeLoopOptions {
  readonly db: Database;
  readonly temporal: TemporalGateway;
  readonly proofMode: boolean;
  readonly destinations: readonly NoticeDestination[];
  readonly pace: NoticePace;
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
}

const PUBLISH_EVERY_MS = 60_000;
const FIND_EVERY_MS = 5_000;
const FORGET_EVERY_MS = 3_600_000;
/** A run that gets no further (a deploy without a patch) is ended after this, and the next one begins. */
const RUN_LIMIT = '10 minutes';

/**
 * Runs until the signal aborts; never throws. A loop of its own: whatever holds it up stops no lane. What is away is said once, not
 * each second.
 */
export async function superviseNotices(options: NoticeLoopOptions): Promise<void> {
  const { db, temporal, destinations, pace, log, signal } = options;
  const startedAtMs = performance.now();
  const publish = every(PUBLISH_EVERY_MS, () => publishDestinations(db, destinations));
  const forget = every(FORGET_EVERY_MS, () => forgetNotices(db));
  const find = every(FIND_EVERY_MS, () => findNotices(db, options.proofMode, performance.now() - startedAtMs));
  let problem: string | undefined;
  while (!signal.aborted) {
    try {
      await publish();
      await forget();
      if (destinations.length > 0) {
        await find();
        if (await areNoticesDue(db, pace)) await start(temporal);
      }
      if (problem !== undefined) log.info({}, 'notices are looked after again');
      problem = undefined;
    } catch (error) {
      const text = errorText(error, 300);
      if (text !== problem) log.warn({ error: text }, 'notices cannot be looked after; they wait');
      problem = text;
    }
    await delay(SUPERVISOR_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Does it at once, and then no more often than that; what failed is done again at the next call. */
function every(intervalMs: number, work: () => Promise<void>): () => Promise<void> {
  let nextAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() < nextAtMs) return;
    await work();
    nextAtMs = performance.now() + intervalMs;
  };
}

/** One run at a time: where one is at work already, this changes nothing. */
async function start(temporal: TemporalGateway): Promise<void> {
  await temporal.bounded(() =>
    temporal.client.workflow.start(NOTICES_WORKFLOW, {
      workflowId: NOTICES_WORKFLOW_ID,
      workflowIdConflictPolicy: 'USE_EXISTING',
      taskQueue: BOOKKEEPING_TASK_QUEUE,
      args: [],
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
      workflowRunTimeout: RUN_LIMIT,
      staticSummary: 'Notices to people',
    }),
  );
}
