/** The effects of one tick. */

import {
  ActivityFailure,
  condition,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { BookkeepingActivities, EffectActivities, TickInput } from '../contracts/engine/activities.ts';
import { EFFECTS_TASK_QUEUE } from '../contracts/names.ts';
import { actionLinks, showAttributes } from './temporal-display.ts';

const { performEffect } = proxyActivities<EffectActivities>({
  taskQueue: EFFECTS_TASK_QUEUE,
  startToCloseTimeout: '45s',
  heartbeatTimeout: '2s',
  // The row counts the attempts and the gate refuses those beyond; runs that died before the gate count here too.
  // The waits between attempts come from their outcomes; these are for runs that an outage or a death cut short.
  retry: { initialInterval: '500ms', backoffCoefficient: 1.5, maximumInterval: '2s', maximumAttempts: 30 },
});

const { closeOverrun, abandonEffect } = proxyLocalActivities<BookkeepingActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '2s' },
});

/**
 * Performs every effect of a tick at the same time, each with its own retries, so that one that hangs or fails holds up no
 * other. After the tick's time its ledger row is closed; what still runs goes on.
 */
export async function tick(input: TickInput): Promise<void> {
  const { lane, showing } = input;
  if (showing) setCurrentDetails(actionLinks(showing, input.effects));
  showAttributes(showing, { lane, mode: 'REAL', outcome: null });
  let running = input.effects.length;
  const effects = input.effects.map(async (actionId) => {
    await perform(input, actionId);
    running -= 1;
  });
  const inTime = await condition(() => running === 0, input.maxTickMs);
  if (!inTime) await closeOverrun({ tickId: input.tickId });
  await Promise.all(effects);
  showAttributes(showing, { lane, mode: 'REAL', outcome: inTime ? 'OK' : 'OVERRUN' });
}

async function perform({ lane, tickId, token }: TickInput, actionId: string): Promise<void> {
  const effect = { lane, tickId, token, actionId };
  try {
    await performEffect(effect);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    await abandonEffect({ ...effect, reason: error.cause?.message ?? error.message });
  }
}
