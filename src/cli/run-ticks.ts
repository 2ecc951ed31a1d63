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
import type { TemporalGateway } from '../temporal/gateway.ts';

export interface RunTicksOptions {
  readonly temporal: TemporalGateway;
  readonly lane: string;
  readonly ticks: number;
  /** How long one tick may take: the tick interval, the tick itself and time to spare. */
  readonly tickTimeoutMs: number;
  readonly onTick: (number: number, answer: TickAnswer) => void;
}

/**
 * Asks the lane's orchestrator for ticks, one after another, starting one that ticks only when asked if none runs; that
 * one ends with the run. Answers what the ticks did. A killed lane ends the run early.
 */
export async function runTicks(options: RunTicksOptions): Promise<TickAnswer[]> {
  const answers: TickAnswer[] = [];
  for (let number = 1; number <= options.ticks; number += 1) {
    const answer = await tick(options);
    answers.push(answer);
    options.onTick(number, answer);
    if (isKilled(answer)) return answers;
  }
  await endOwnOrchestrator(options.temporal.client.workflow.getHandle(orchestratorWorkflowId(options.lane)));
  return answers;
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
