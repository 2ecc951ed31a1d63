/** The workflow of notices with activities that follow a script, on a real Temporal server: the paths that histories are recorded of. */

import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { NoticeActivities } from '../../src/contracts/engine/notices.ts';
import { EFFECTS_TASK_QUEUE, NOTICES_WORKFLOW } from '../../src/contracts/names.ts';
import { workflowBundlePath } from './workflows.ts';

interface NoticePath {
  /** The messages that are due in each round; then none. */
  readonly rounds: readonly (readonly string[])[];
  readonly deliver?: NoticeActivities['deliverNotice'];
}

export const noticePaths: Readonly<Record<string, NoticePath>> = {
  'notices-nothing-left': { rounds: [] },
  'notices-two-rounds': { rounds: [['a', 'b'], ['c']] },
  'notices-one-fails': {
    rounds: [['a', 'b']],
    deliver: async ({ messageId }) => {
      if (messageId === 'b') return 'sent';
      throw ApplicationFailure.create({ message: 'for good', nonRetryable: true });
    },
  },
};

/** Walks a path to its end. */
export async function recordNotices(
  servers: { readonly client: Client; readonly nativeConnection: NativeConnection },
  name: string,
  { rounds, deliver = async () => 'sent' }: NoticePath,
) {
  let round = 0;
  const activities: NoticeActivities = {
    composeNotices: async () => {
      round += 1;
      return rounds[round - 1] ?? [];
    },
    deliverNotice: deliver,
  };
  const worker = await Worker.create({
    connection: servers.nativeConnection,
    taskQueue: EFFECTS_TASK_QUEUE,
    workflowBundle: { codePath: workflowBundlePath },
    activities: { ...activities },
  });
  const workflowId = `aol/${name}-${randomUUID()}`;
  return worker.runUntil(async () => {
    const start = { taskQueue: EFFECTS_TASK_QUEUE, workflowId, args: [] };
    const handle = await servers.client.workflow.start(NOTICES_WORKFLOW, start);
    await handle.result();
    return { workflowId, runId: handle.firstExecutionRunId };
  });
}
