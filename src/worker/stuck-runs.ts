/**
 * A lane's run that gets no further: its history does not replay on this build (a deploy without a patch), or takes longer than
 * its workflow task may (a flood of signals). Temporal tries such a task again for ever, and the workflow looks as if it ran.
 */

import { orchestratorWorkflowId } from '../contracts/names.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { TemporalGateway } from '../temporal/gateway.ts';

/** Looks, one a second, that find a lane in need before Temporal is asked about it: most are helped by then. */
const LOOKS_IN_NEED = 2;
/**
 * Looks in a row that find the run's workflow task tried again. Each signal of a supervisor counts as progress for Temporal, so
 * the number of tries does not grow; but a run that gets on has no second try for long, and a worker's death costs one or two.
 */
const LOOKS_IN_VAIN = 5;
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
      const need: Need = { inNeed: inNeed + 1, inVain: (run?.tries ?? 0) > 1 ? inVain + 1 : 0 };
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
  /** Of the workflow task that is open. */
  readonly tries: number;
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
  return {
    tries: raw.pendingWorkflowTask?.attempt ?? 0,
    historyLength,
    async end(reason) {
      const handle = workflow.getHandle(workflowId, runId);
      return (await unlessGone(temporal.bounded(() => handle.terminate(reason)))) !== undefined;
    },
  };
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
