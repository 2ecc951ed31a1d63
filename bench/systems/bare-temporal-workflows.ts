/** What a user of bare Temporal would write: one activity for each job. */

import { ActivityCancellationType, condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { JobActivities } from './bare-temporal.ts';

const activities = proxyActivities<JobActivities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '1s',
  cancellationType: ActivityCancellationType.ABANDON,
  retry: { initialInterval: '100ms', backoffCoefficient: 1 },
});

/** Runs jobs 0 … count − 1, so many at once. */
export async function drain(count: number, width: number): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const job = next;
      next += 1;
      await activities.run(job);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** Runs each job that it is signalled. */
export async function inbox(): Promise<void> {
  setHandler(defineSignal<[number]>('job'), async (job) => {
    await activities.run(job);
  });
  await condition(() => false);
}
