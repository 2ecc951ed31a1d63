/** The activity of one effect: begin, render, store, where that was not done ahead; then its attempt. */

import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { EffectActivities, EffectAnswer, PerformEffectInput } from '../contracts/engine/activities.ts';
import { type Beginning, beginAgain, type EffectRow, leaveTick } from '../db/queue/attempts.ts';
import { inTurn } from '../db/queue/lane-lock.ts';
import { backoffMs } from '../domain/outcomes.ts';
import type { Ahead } from './ahead.ts';
import { type AttemptPorts, attemptEffect } from './attempt.ts';
import { translating } from './errors.ts';
import type { FlagWatch } from './flag-watch.ts';
import { type Preparation, type PreparePorts, prepareEffect } from './prepare-effect.ts';
import type { Refill } from './refill.ts';

export interface EffectPorts extends AttemptPorts, PreparePorts {
  readonly ahead: Ahead;
  readonly flagWatch: FlagWatch;
  readonly refill: Refill;
}

const HEARTBEAT_INTERVAL_MS = 200;

/** Makes the activities of the effects' task queue. */
export function createEffectActivities(ports: EffectPorts): EffectActivities {
  const observed = (input: PerformEffectInput) =>
    ports.observer.run(input, activityInfo().attempt, () => performEffect(ports, input));
  return { performEffect: translating((input) => whileBeating(() => observed(input))) };
}

/** What the last beat of a run that threw says, so that the next run knows that this one did not die. */
const endedSchema = z.object({ endedRun: z.int() });

/** Beats while the work lasts, so that a dead worker is noticed and a cancel arrives. */
async function whileBeating<Result>(work: () => Promise<Result>): Promise<Result> {
  const timer = setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS);
  try {
    return await work();
  } catch (error) {
    heartbeat({ endedRun: activityInfo().attempt });
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** The run that said in its last beat that it threw. */
function endedRun(): number | null {
  const ended = endedSchema.safeParse(activityInfo().heartbeatDetails);
  return ended.success ? ended.data.endedRun : null;
}

async function performEffect(ports: EffectPorts, claim: PerformEffectInput): Promise<EffectAnswer> {
  refuseStaleTask();
  const answer = await beginAndGoOn(ports, claim);
  ports.refill.ended(claim.lane);
  return answer;
}

async function beginAndGoOn(ports: EffectPorts, claim: PerformEffectInput): Promise<EffectAnswer> {
  const run = { run: activityInfo().attempt, endedRun: endedRun() };
  const ahead = run.run === 1 ? ports.ahead.take(claim) : undefined;
  // Its claim was committed by this process; whether it still holds, the gate asks.
  if (ahead) return attempt(ports, claim, ahead.row, await ahead.preparation);
  const beginning =
    run.run === 1 ? await ports.together.begin(claim) : await beginAgain(ports.db, claim, { ...run, alone: false });
  if (beginning.kind !== 'suspect') return goOn(ports, claim, beginning);
  return inTurn(ports.db, claim.lane, cancellationSignal(), async () =>
    goOn(ports, claim, await beginAgain(ports.db, claim, { ...run, alone: true })),
  );
}

async function goOn(ports: EffectPorts, claim: PerformEffectInput, beginning: Beginning): Promise<EffectAnswer> {
  if (beginning.kind !== 'begun') return 'gone';
  return attempt(ports, claim, beginning.row, await prepareEffect(ports, claim.tickId, beginning.row));
}

async function attempt(
  ports: EffectPorts,
  claim: PerformEffectInput,
  row: EffectRow,
  prepared: Preparation,
): Promise<EffectAnswer> {
  if (prepared.kind === 'later') {
    await leaveTick(ports.db, claim, {
      to: 'PENDING',
      message: prepared.reason,
      delayMs: backoffMs(2, ports.random()),
    });
    return 'released';
  }
  if (prepared.kind === 'failed') {
    await leaveTick(ports.db, claim, { to: 'DLQ', reason: 'rejected', message: prepared.reason });
    return 'settled';
  }
  return ports.flagWatch.during(claim.lane, (killed) => attemptEffect(ports, claim, row, prepared, killed));
}

/** A frozen worker that wakes up runs tasks that the server gave to others long ago: the server no longer waits for it. */
function refuseStaleTask(): void {
  const { currentAttemptScheduledTimestampMs, startToCloseTimeoutMs } = activityInfo();
  if (Date.now() - currentAttemptScheduledTimestampMs > startToCloseTimeoutMs) {
    throw ApplicationFailure.create({ message: 'this task is older than its time limit', type: 'AOL_STALE_TASK' });
  }
}
