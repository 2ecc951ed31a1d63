/** The effects of one tick. */

import {
  ActivityFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import type {
  BookkeepingActivities,
  EffectActivities,
  EffectAnswer,
  TickInput,
  TickProgress,
} from '../contracts/engine/activities.ts';
import { EFFECTS_TASK_QUEUE } from '../contracts/names.ts';
import { actionLinks, showAttributes } from './temporal-display.ts';

const { performTick, performEffect, performAlone } = proxyActivities<EffectActivities>({
  taskQueue: EFFECTS_TASK_QUEUE,
  // Around an attempt's 20 s: the wait for a place, asking the provider what became of it, and the record.
  startToCloseTimeout: '90s',
  heartbeatTimeout: '2s',
  // An attempt that is told to stop still has an outcome.
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  // The row counts the attempts and the gate refuses those beyond; runs that died before the gate count here too.
  // The waits between attempts come from their outcomes; these are for runs that an outage or a death cut short.
  retry: { initialInterval: '500ms', backoffCoefficient: 1.5, maximumInterval: '2s', maximumAttempts: 30 },
});

const { abandonEffect } = proxyLocalActivities<BookkeepingActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '2s' },
});

/**
 * Performs every effect of a tick: the first attempts by one activity, which the claiming process has begun already; each later one by
 * an activity of its own, so that one that hangs or fails holds up no other. What workers died with twice goes one after another.
 */
export async function tick(input: TickInput): Promise<void> {
  const { lane, showing, maxTickMs } = input;
  if (showing) setCurrentDetails(actionLinks(showing, input.effects));
  const startedAtMs = Date.now();
  const effects = new TickEffects(input);
  await effects.perform();
  // A tick that was in time has no outcome of its own to show: that costs an event.
  if (Date.now() - startedAtMs > maxTickMs) showAttributes(showing, { lane, mode: 'REAL', outcome: 'OVERRUN' });
}

class TickEffects {
  private readonly input: TickInput;
  private readonly later: Promise<void>[] = [];
  private alone: Promise<void> = Promise.resolve();

  constructor(input: TickInput) {
    this.input = input;
  }

  async perform(): Promise<void> {
    let { effects } = this.input;
    while (effects.length > 0) {
      const { atWork, again, alone } = await this.first(effects);
      for (const actionId of again) this.later.push(this.again(actionId));
      for (const actionId of alone) this.goAlone(actionId);
      effects = atWork;
    }
    // What waits for others goes on to be added while these end.
    for (let index = 0; index < this.later.length; index += 1) await this.later[index];
    await this.alone;
  }

  private async first(effects: readonly string[]): Promise<TickProgress> {
    const { lane, tickId, token, maxTickMs } = this.input;
    try {
      return await performTick.executeWithOptions({ summary: `${effects.length} effects` }, [
        { lane, tickId, token, maxTickMs, effects },
      ]);
    } catch (error) {
      await Promise.all(effects.map((actionId) => this.giveUp(actionId, error)));
      return { atWork: [], again: [], alone: [], ended: {} };
    }
  }

  private async again(actionId: string): Promise<void> {
    const answer = await this.attempt(actionId, performEffect, 'a later attempt');
    if (answer === 'suspect') this.goAlone(actionId);
  }

  private goAlone(actionId: string): void {
    this.alone = this.alone.then(async () => {
      await this.attempt(actionId, performAlone, 'alone, after deaths');
    });
  }

  private async attempt(
    actionId: string,
    perform: typeof performEffect,
    words: string,
  ): Promise<EffectAnswer | undefined> {
    const { lane, tickId, token } = this.input;
    try {
      return await perform.executeWithOptions({ summary: `${actionId}: ${words}` }, [
        { lane, tickId, token, actionId },
      ]);
    } catch (error) {
      await this.giveUp(actionId, error);
      return undefined;
    }
  }

  /** After a cancel there is nothing to be given up: its attempt has recorded its end, or its claim is taken back. */
  private async giveUp(actionId: string, error: unknown): Promise<void> {
    if (!(error instanceof ActivityFailure) && !isCancellation(error)) throw error;
    const { lane, tickId, token } = this.input;
    const reason = isCancellation(error)
      ? 'its tick was cancelled'
      : ((error instanceof ActivityFailure ? error.cause?.message : undefined) ?? 'unknown');
    await CancellationScope.nonCancellable(() => abandonEffect({ lane, tickId, token, actionId, reason }));
  }
}
