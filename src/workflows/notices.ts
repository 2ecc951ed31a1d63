/** Sends notices. One run for all lanes, started where something is due; whatever it forgets stands in the outbox. */

import { ActivityFailure, isCancellation, log, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { NoticeActivities } from '../contracts/engine/notices.ts';
import { EFFECTS_TASK_QUEUE } from '../contracts/names.ts';

/** Then it ends, and is started anew where there is more. */
const MAX_ROUNDS = 20;

const { composeNotices } = proxyLocalActivities<NoticeActivities>({
  startToCloseTimeout: '20s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumAttempts: 3 },
});

const { deliverNotice } = proxyActivities<NoticeActivities>({
  taskQueue: EFFECTS_TASK_QUEUE,
  // Around an attempt's 20 s: asking whether it has arrived already, and the record.
  startToCloseTimeout: '90s',
  heartbeatTimeout: '2s',
  // A worker that died is noticed here. A message that could not be sent is tried again by its row, later.
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 5 },
});

/** Composes what waits and attempts what is due, until nothing is. One message that fails holds up no other. */
export async function notices(): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const messageIds = await composeNotices();
    if (messageIds.length === 0) return;
    await Promise.all(messageIds.map((messageId) => deliver(messageId)));
  }
}

async function deliver(messageId: string): Promise<void> {
  try {
    await deliverNotice.executeWithOptions({ summary: messageId }, [{ messageId }]);
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    log.warn('a notice could not be attempted; it is tried again later', { messageId });
  }
}
