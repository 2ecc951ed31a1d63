/**
 * A lane's run that gets no further: its history does not replay on this build (a deploy without a patch), takes longer than
 * its workflow task may (a flood of signals, a busy machine), or its tasks are lost on their way. Temporal tries such a task again
 * for ever, and the workflow looks as if it ran.
 */

import { orchestratorWorkflowId } from '../contracts/names.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { TemporalGateway } from '../temporal/gateway.ts';

/** Looks, one a second, that find a lane in need before Temporal is asked about it: most are helped by then. */
const LOOKS_IN_NEED = 2;
/** Looks in a row that find a task of the run that failed, and none after it that did not. A worker's death costs one or two. */
const LOOKS_IN_VAIN = 5;
/** More than come between two tries: a signal of each supervisor a second, and a few of whoever queues. */
const NEWEST_EVENTS = 100;
/** A run continues as new within some 500 events. One so long is flooded with signals, and gets no shorter: it is ended at once. */
const LONG_HISTORY_EVENTS = 1_500;

interface Need {
  readonly inNeed: number;
  readonly inVain: number;
}

/** Remembers how often lanes were found in need. */
export class StuckLanes {
  readonly #needs = new Map<string, Need>();

  /**
   * Ends the runs of those lanes that get no further. Nothing is lost by it: the queue is PostgreSQL, the next run takes over
   * claims and lease, and ticks with effects are workflows of their own.
   *
   * @returns what was ended, and why
   * @throws UnavailableError
   */
  async look(temporal: TemporalGateway, lanesInNeed: readonly string[]): Promise<{ lane: string; reason: string }[]> {
    for (const lane of this.#needs.keys()) if (!lanesInNeed.includes(lane)) this.#needs.delete(lane);
    const ended: { lane: string; reason: string }[] = [];
    for (const lane of lanesInNeed) {
      const { inNeed, inVain } = this.#needs.get(lane) ?? { inNeed: 0, inVain: 0 };
      const run = inNeed < LOOKS_IN_NEED ? undefined : await runOf(temporal, lane);
      const need: Need = { inNeed: inNeed + 1, inVain: run?.failsItsTasks ? inVain + 1 : 0 };
      this.#needs.set(lane, need);
      const isLong = (run?.historyLength ?? 0) > LONG_HISTORY_EVENTS;
      if (!run || (need.inVain < LOOKS_IN_VAIN && !isLong)) continue;
      this.#needs.delete(lane);
      const reason = isLong
        ? `its history has ${run.historyLength} events`
        : 'its workflow task is tried again and again in vain';
      if (await run.end(reason)) ended.push({ lane, reason });
    }
    return ended;
  }
}

interface LaneRun {
  /** Whether its newest workflow task failed or took too long. */
  readonly failsItsTasks: boolean;
  readonly historyLength: number;
  /** False when it has ended by itself. */
  end(reason: string): Promise<boolean>;
}

async function runOf(temporal: TemporalGateway, lane: string): Promise<LaneRun | undefined> {
  const { workflow } = temporal.client;
  const workflowId = orchestratorWorkflowId(lane);
  const described = await unlessGone(temporal.bounded(() => workflow.getHandle(workflowId).describe()));
  if (!described) return undefined;
  const { raw, runId, historyLength } = described;
  const isTriedAgain = (raw.pendingWorkflowTask?.attempt ?? 0) > 1;
  return {
    failsItsTasks: isTriedAgain || (await newestTaskFailed(temporal, { workflowId, runId })),
    historyLength,
    async end(reason) {
      const handle = workflow.getHandle(workflowId, runId);
      return (await unlessGone(temporal.bounded(() => handle.terminate(reason)))) !== undefined;
    },
  };
}

/** A signal that arrives while a task is at work makes the next one a first try for Temporal: then only the history tells. */
async function newestTaskFailed(
  { client, namespace, bounded }: TemporalGateway,
  execution: { readonly workflowId: string; readonly runId: string },
): Promise<boolean> {
  const request = { namespace, execution, maximumPageSize: NEWEST_EVENTS };
  const page = await unlessGone(bounded(() => client.workflowService.getWorkflowExecutionHistoryReverse(request)));
  const ended = page?.history?.events?.find(
    ({ workflowTaskCompletedEventAttributes: completed, ...event }) =>
      completed || event.workflowTaskTimedOutEventAttributes || event.workflowTaskFailedEventAttributes,
  );
  return ended !== undefined && !ended.workflowTaskCompletedEventAttributes;
}

/** What does not run is no error here: it is started anyway, or another supervisor was quicker. */
async function unlessGone<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
