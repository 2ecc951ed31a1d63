/** What Temporal keeps and bills where little happens: a job that comes alone, and a lane in which nothing does. */

import { setTimeout as delay } from 'node:timers/promises';
import { IDLE_HEARTBEAT_MS } from '../../src/domain/limits.ts';
import { onStage } from '../stage.ts';
import type { Figure, Trial } from './measure.ts';
import { between, settledUsage, usageFigures } from './usage.ts';

const MS_PER_HOUR = 3_600_000;
const SETTLE_MS = 2_000;
const WARM_UP = 5;
const EFFECT_MS = 50;
/** Longer than a job takes, so that each has a tick of its own. */
const PAUSE_MS = [200, 250] as const;

interface Case {
  readonly system: 'aol' | 'bare-temporal';
  readonly real?: boolean;
}

const cases: readonly Case[] = [{ system: 'aol' }, { system: 'aol', real: true }, { system: 'bare-temporal' }];

const lone: readonly Trial[] = cases.map(({ system, real = false }) => ({
  measure: 'cost',
  system,
  label: real ? 'cost of one alone, REAL' : 'cost of one alone',
  run: (servers, { loneJobs }) =>
    onStage(servers, system, { real }, async (stage): Promise<Figure[]> => {
      const producer = await stage.producer();
      const worker = await stage.worker();
      if (real) await worker.behave({ kind: 'work', ms: EFFECT_MS });
      await producer.ready();
      await producer.enqueueEach(0, WARM_UP, PAUSE_MS);
      await worker.began(WARM_UP);
      await producer.finished(WARM_UP);
      const before = await settledUsage(stage);
      await producer.enqueueEach(WARM_UP, loneJobs, PAUSE_MS);
      await worker.began(WARM_UP + loneJobs);
      await producer.finished(WARM_UP + loneJobs);
      const usage = between(before, await settledUsage(stage));
      return usageFigures(system, real ? ', REAL alone' : ', alone', usage, loneJobs);
    }),
}));

/** One heartbeat of each lane is counted. The first one tells what a run shows of itself, and is waited for. */
const idleLanes: Trial = {
  measure: 'cost',
  system: 'aol',
  label: 'cost of idle lanes',
  run: (servers, { idleLanes: lanes }) =>
    onStage(servers, 'aol', { lanes }, async (stage): Promise<Figure[]> => {
      const producer = await stage.producer();
      await stage.worker();
      await producer.ready();
      await delay(IDLE_HEARTBEAT_MS + SETTLE_MS);
      const before = await settledUsage(stage);
      await delay(IDLE_HEARTBEAT_MS);
      const usage = between(before, await stage.usage());
      return usageFigures('aol', ' of an idle lane an hour', usage, (lanes * IDLE_HEARTBEAT_MS) / MS_PER_HOUR);
    }),
};

export const costAloneTrials: readonly Trial[] = [...lone, idleLanes];
