/** The activities of effects: the first attempts of a tick together, later ones each by itself. */

import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  EffectActivities,
  EffectAnswer,
  PerformEffectInput,
  TickInput,
  TickProgress,
} from '../contracts/engine/activities.ts';
import { isSuspect, takeUp } from '../db/queue/claimed-action.ts';
import { type AttemptPorts, runAttempt } from './attempt.ts';
import { whileBeating } from './beating.ts';
import type { EffectsAtWork } from './effects-at-work.ts';
import { translating } from './errors.ts';

export interface EffectPorts extends AttemptPorts {
  readonly atWork: EffectsAtWork;
  /** Runs `work` when nobody else has the lane's lock, over all workers. */
  readonly aloneInLane: <Result>(lane: string, signal: AbortSignal, work: () => Promise<Result>) => Promise<Result>;
}

/** Makes the activities of the effects' task queue. */
export function createEffectActivities(ports: EffectPorts): EffectActivities {
  return {
    performTick: translating((input) => whileBeating((...signals) => performTick(ports, input, ...signals))),
    performEffect: translating((input) =>
      whileBeating(async (stopped) => {
        const [action] = await takeUp(ports.db, { ...input, worker: ports.worker }, [input.actionId]);
        if (action && isSuspect(action)) return 'suspect';
        return attemptAgain(ports, input, action, stopped);
      }),
    ),
    performAlone: translating((input) =>
      whileBeating((stopped) =>
        ports.aloneInLane(input.lane, cancellationSignal(), async () => {
          const [action] = await takeUp(ports.db, { ...input, worker: ports.worker }, [input.actionId]);
          return attemptAgain(ports, input, action, stopped);
        }),
      ),
    ),
  };
}

async function performTick(
  ports: EffectPorts,
  input: TickInput,
  stopped: AbortSignal,
  abandoned: AbortSignal,
): Promise<TickProgress> {
  const found = ports.atWork.find(input);
  const held = found
    ? []
    : await takeUp(ports.db, { ...input, worker: ports.worker }, undefined).then((rows) =>
        rows.filter(({ id, mode }) => mode === 'REAL' && input.effects.includes(id)),
      );
  const tick =
    found ??
    ports.atWork.begin(
      input,
      held.filter((action) => !isSuspect(action)),
    );
  stopped.addEventListener('abort', () => tick.stop(new Error('its workflow was cancelled')), { once: true });
  const progress = await tick.progress(abandoned);
  return { ...progress, alone: held.filter(isSuspect).map(({ id }) => id) };
}

async function attemptAgain(
  ports: EffectPorts,
  claim: PerformEffectInput,
  action: Parameters<typeof runAttempt>[2] | undefined,
  stopped: AbortSignal,
): Promise<EffectAnswer> {
  if (!action) return 'gone';
  const end = await runAttempt(ports, claim, action, { stopped, mayWaitInTick: () => true });
  if (end.kind === 'gone') return 'gone';
  if (end.kind === 'ended') return end.to;
  throw ApplicationFailure.create({
    message: end.reason,
    type: 'AOL_RETRY',
    nextRetryDelay: Math.max(1, Math.ceil(end.delayMs)),
    details: [{ run: activityInfo().attempt }],
  });
}
