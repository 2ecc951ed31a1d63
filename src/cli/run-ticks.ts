/** A bounded run: so many ticks of one lane, and what each did. */

import { WithStartWorkflowOperation, type Workflow, type WorkflowHandle } from '@temporalio/client';
import type { OrchestratorInput, OrchestratorState, TickAnswer } from '../contracts/engine/orchestrator.ts';
import {
  BOOKKEEPING_TASK_QUEUE,
  ORCHESTRATOR_WORKFLOW,
  orchestratorWorkflowId,
  STATE_QUERY,
  TICK_UPDATE,
  WORKFLOW_TASK_TIMEOUT_MS,
} from '../contracts/names.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { TemporalGateway } from '../temporal/gateway.ts';
import { orAborted } from './up/abort.ts';

export interface RunTicksOptions {
  readonly temporal: TemporalGateway;
  readonly lane: string;
  readonly ticks: number;
  /** How long one tick may take: the tick interval, the tick itself and time to spare. */
  readonly tickTimeoutMs: number;
  readonly onTick: (number: number, answer: TickAnswer) => void;
  /** Ends the run: no other tick is asked for. */
  readonly signal: AbortSignal;
}

/** For an orchestrator of ours to end whose effects are at work. */
const END_TIMEOUT_MS = 30_000;

/**
 * Asks the lane's orchestrator for ticks, one after another, starting one that ticks only when asked if none runs; that
 * one ends with the run. Answers what the ticks did. A killed lane ends the run early.
 *
 * @throws what the signal was aborted with
 */
export async function runTicks(options: RunTicksOptions): Promise<TickAnswer[]> {
  const { temporal, lane, ticks, onTick, signal } = options;
  const end = () => endOwnOrchestrator(temporal.client.workflow.getHandle(orchestratorWorkflowId(lane)));
  const answers: TickAnswer[] = [];
  try {
    for (let number = 1; number <= ticks; number += 1) {
      signal.throwIfAborted();
      const answer = await orAborted(signal, tick(options));
      answers.push(answer);
      onTick(number, answer);
      if (isKilled(answer)) return answers;
    }
  } catch (error) {
    if (signal.aborted) await temporal.bounded(end, END_TIMEOUT_MS).catch(unlessNoneRuns);
    throw error;
  }
  await end();
  return answers;
}

/** It may have been stopped before there was an orchestrator. */
function unlessNoneRuns(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}

/** Whether a tick was refused because its lane is killed. */
export function isKilled(answer: TickAnswer): boolean {
  return answer.kind === 'quiet' && answer.outcome === 'KILLED';
}

function tick({ temporal, lane, tickTimeoutMs }: RunTicksOptions): Promise<TickAnswer> {
  const input: OrchestratorInput = { lane, autonomous: false };
  const startWorkflowOperation = new WithStartWorkflowOperation(ORCHESTRATOR_WORKFLOW, {
    workflowId: orchestratorWorkflowId(lane),
    taskQueue: BOOKKEEPING_TASK_QUEUE,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
    staticSummary: `Lane ${lane}`,
  });
  return temporal.bounded(
    () =>
      temporal.client.workflow.executeUpdateWithStart<Workflow, TickAnswer, []>(TICK_UPDATE, {
        startWorkflowOperation,
      }),
    tickTimeoutMs,
  );
}

/** One that ticks only when asked has nothing to do after the run; an autonomous one belongs to somebody else. */
async function endOwnOrchestrator(orchestrator: WorkflowHandle): Promise<void> {
  const { autonomous } = await orchestrator.query<OrchestratorState>(STATE_QUERY);
  if (autonomous) return;
  await orchestrator.cancel();
  await orchestrator.result().catch(() => undefined);
}
