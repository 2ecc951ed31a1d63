/** Starts the workflow of a tick's effects, where the claim was made. */

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

/** Given at the start they cost no event. */
const attributesOf = ({ lane }: TickInput): SearchAttributePair[] => [
  { key: LANE, value: lane },
  { key: MODE, value: 'REAL' },
];

const START_LIMIT_MS = 5_000;

/**
 * Answers a function that starts the workflow of a tick's effects; one that runs already is left alone.
 *
 * @param options.connection the workers' own: the server hands them the first task of each workflow in its answer
 */
export function createTickStarter({
  connection,
  namespace,
  payloadKeys = [],
}: {
  readonly connection: ConnectionLike;
  readonly namespace: string;
  readonly payloadKeys?: readonly Uint8Array[] | undefined;
}): (tick: TickInput, tickNumber: number) => Promise<void> {
  const dataConverter = { payloadCodecs: [createPayloadCodec(payloadKeys)] };
  const { workflow } = new Client({ connection, namespace, dataConverter });

  return async (tick, tickNumber) => {
    const start = () =>
      workflow.start(TICK_WORKFLOW, {
        workflowId: tickWorkflowId(tick.lane, tickNumber),
        taskQueue: EFFECTS_TASK_QUEUE,
        args: [tick],
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
        staticSummary: `${tick.effects.length} effects of lane ${tick.lane}`,
        requestEagerStart: true,
        ...(tick.showing?.searchable ? { typedSearchAttributes: attributesOf(tick) } : {}),
      });
    try {
      await connection.withDeadline(Date.now() + START_LIMIT_MS, start);
    } catch (error) {
      // A claim that runs twice finds the workflow that its first run started.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
}
