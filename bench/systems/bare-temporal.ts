/** Temporal without us: one workflow, one activity per job. */

import { fileURLToPath } from 'node:url';
import { heartbeat } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { silentLog } from '../../src/worker/log.ts';
import { installRuntime } from '../../src/worker/runtime.ts';
import type { System } from './system.ts';

export const bareWorkflows = fileURLToPath(new URL('./bare-temporal-workflows.ts', import.meta.url));
export const BARE_INBOX_ID = 'bench/inbox';
export const BARE_DRAIN_ID = 'bench/drain';

const taskQueue = 'bench';
const HEARTBEAT_MS = 200;

export interface JobActivities {
  run(job: number): Promise<void>;
}

export const bareTemporal: System = {
  async createWorker(scene, handler) {
    installRuntime(silentLog);
    const connection = await NativeConnection.connect({ address: scene.temporal.address });
    const activities: JobActivities = {
      async run(job) {
        const timer = scene.recovers ? setInterval(() => heartbeat(), HEARTBEAT_MS) : undefined;
        try {
          await handler.run(job);
        } finally {
          clearInterval(timer);
        }
      },
    };
    const worker = await Worker.create({
      connection,
      namespace: scene.temporal.namespace,
      taskQueue,
      workflowBundle: { codePath: scene.benchBundle },
      activities: { ...activities },
      maxConcurrentActivityTaskExecutions: scene.width,
    });
    const running = worker.run();
    return {
      async close() {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await running;
        await connection.close();
      },
    };
  },

  async createProducer(scene) {
    const connection = await Connection.connect({ address: scene.temporal.address });
    const client = new Client({ connection, namespace: scene.temporal.namespace });
    const inbox = await client.workflow.start('inbox', {
      workflowId: BARE_INBOX_ID,
      taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    let drain: WorkflowHandle | undefined;
    return {
      enqueue: (job) => inbox.signal('job', job),
      async go(count) {
        const args: [number, number] = [count, scene.width];
        drain = await client.workflow.start('drain', { workflowId: BARE_DRAIN_ID, taskQueue, args });
      },
      async hasFinished() {
        await drain?.result();
        return true;
      },
      close: () => connection.close(),
    };
  },
};
