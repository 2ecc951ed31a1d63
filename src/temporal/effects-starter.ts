/** Starts the workflows of a tick's effects, where the claim was made. */

import { Client, type ConnectionLike, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import type { TickInput } from '../contracts/engine/activities.ts';
import {
  EFFECTS_TASK_QUEUE,
  SEARCH_ATTRIBUTES,
  TICK_WORKFLOW,
  tickWorkflowId,
  WORKFLOW_TASK_TIMEOUT_MS,
} from '../contracts/names.ts';
import { createPayloadCodec } from './payload-codec.ts';

const LANE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.lane, 'KEYWORD');
const MODE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.mode, 'KEYWORD');

/** Given at the start they cost no event; the workflow adds its outcome. */
const attributesOf = ({ lane }: TickInput): SearchAttributePair[] => [
  { key: LANE, value: lane },
  { key: MODE, value: 'REAL' },
];

/**
 * A worker that does not have a workflow in its cache replays all of it within one workflow task of 2 s. An effect leaves three
 * events and some of its workflow's tasks.
 */
const MAX_EFFECTS_PER_WORKFLOW = 50;
const START_LIMIT_MS = 5_000;

/**
 * Answers a function that starts the workflows of a tick's effects, and answers the effects whose workflow it started itself:
 * those that run already count as started.
 *
 * @param options.connection the workers' own: the server hands them the first task of each workflow in its answer
 */
export function createEffectsStarter({
  connection,
  namespace,
  payloadKeys = [],
}: {
  readonly connection: ConnectionLike;
  readonly namespace: string;
  readonly payloadKeys?: readonly Uint8Array[] | undefined;
}): (tick: TickInput, tickNumber: number) => Promise<readonly string[]> {
  const dataConverter = { payloadCodecs: [createPayloadCodec(payloadKeys)] };
  const { workflow } = new Client({ connection, namespace, dataConverter });

  const start = async (tick: TickInput, workflowId: string): Promise<readonly string[]> => {
    try {
      await workflow.start(TICK_WORKFLOW, {
        workflowId,
        taskQueue: EFFECTS_TASK_QUEUE,
        args: [tick],
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
        staticSummary: `${tick.effects.length} effects of lane ${tick.lane}`,
        requestEagerStart: true,
        ...(tick.showing?.searchable ? { typedSearchAttributes: attributesOf(tick) } : {}),
      });
      return tick.effects;
    } catch (error) {
      // A claim that runs twice finds the workflow that its first run started.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return [];
    }
  };

  return async (tick, tickNumber) => {
    const parts = Math.ceil(tick.effects.length / MAX_EFFECTS_PER_WORKFLOW);
    const starts = Array.from({ length: parts }, (_, index) => {
      const effects = tick.effects.slice(index * MAX_EFFECTS_PER_WORKFLOW, (index + 1) * MAX_EFFECTS_PER_WORKFLOW);
      return start({ ...tick, effects }, tickWorkflowId(tick.lane, tickNumber, index + 1));
    });
    return (await connection.withDeadline(Date.now() + START_LIMIT_MS, () => Promise.all(starts))).flat();
  };
}
