/**
 * Looks each second for lanes that need their orchestrator, and signals them, starting what is missing and ending what gets no
 * further; for approvals and ticks whose time ran out; and for what waits for another action.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { OrchestratorInput } from '../contracts/engine/orchestrator.ts';
import {
  BOOKKEEPING_TASK_QUEUE,
  ORCHESTRATOR_WORKFLOW,
  orchestratorWorkflowId,
  WAKE_SIGNAL,
  WORKFLOW_TASK_TIMEOUT_MS,
} from '../contracts/names.ts';
import { expireApprovals } from '../db/decide/approvals.ts';
import { closeOverdueTicks, lanesInNeed } from '../db/keep/supervise.ts';
import type { Database } from '../db/pool.ts';
import { releaseFollowers } from '../db/queue/earlier.ts';
import { errorText } from '../domain/errors.ts';
import { SUPERVISOR_INTERVAL_MS } from '../domain/limits.ts';
import type { TemporalGateway } from '../temporal/gateway.ts';
import type { WorkerLog } from './log.ts';
import { StuckLanes } from './stuck-runs.ts';

export interface SupervisorOptions {
  readonly db: Database;
  readonly temporal: TemporalGateway;
  readonly proofMode: boolean;
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
}

/**
 * Runs until the signal aborts; never throws. It alone starts orchestrators: new lanes, lost Temporal state and lanes
 * that were started again all look the same to it. What is away is said once, not each second.
 */
export async function supervise(options: SupervisorOptions): Promise<void> {
  const problems = new Map<string, string>();
  const stuck = new StuckLanes();
  const report = (part: string, error: unknown) => {
    const text = errorText(error, 300);
    if (problems.get(part) !== text)
      options.log.warn({ part, error: text }, 'the supervisor cannot look after its lanes');
    problems.set(part, text);
  };
  while (!options.signal.aborted) {
    try {
      const expired = await expireApprovals(options.db);
      if (expired > 0) options.log.info({ expired }, 'approvals ran out');
      await closeOverdueTicks(options.db);
      const released = await releaseFollowers(options.db);
      const lanes = await lanesInNeed(options.db, options.proofMode);
      if (problems.delete('postgres')) options.log.info({ part: 'postgres' }, 'the supervisor works again');
      for (const ended of await stuck.look(options.temporal, lanes)) {
        options.log.error(ended, 'the run of a lane got no further and was ended');
      }
      for (const lane of new Set([...released, ...lanes])) {
        await signalWithStart(options.temporal, lane);
        if (problems.delete('temporal')) options.log.info({ part: 'temporal' }, 'the supervisor works again');
      }
    } catch (error) {
      const isTemporal = error instanceof Error && 'dependency' in error && error.dependency === 'temporal';
      report(isTemporal ? 'temporal' : 'postgres', error);
    }
    await delay(SUPERVISOR_INTERVAL_MS, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

async function signalWithStart(temporal: TemporalGateway, lane: string): Promise<void> {
  const input: OrchestratorInput = { lane, autonomous: true };
  await temporal.bounded(() =>
    temporal.client.workflow.signalWithStart(ORCHESTRATOR_WORKFLOW, {
      workflowId: orchestratorWorkflowId(lane),
      taskQueue: BOOKKEEPING_TASK_QUEUE,
      args: [input],
      signal: WAKE_SIGNAL,
      signalArgs: [],
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
      staticSummary: `Lane ${lane}`,
    }),
  );
}
