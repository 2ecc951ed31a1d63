/** The activities of effects: the first attempts of a tick together, later ones each by itself. */

import { activityInfo, Context, cancellationSignal, heartbeat } from '@temporalio/activity';
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
import type { EffectsAtWork } from './effects-at-work.ts';
import { translating } from './errors.ts';

export interface EffectPorts extends AttemptPorts {
  readonly atWork: EffectsAtWork;
  /** Runs `work` when nobody else has the lane's lock, over all workers. */
  readonly aloneInLane: <Result>(lane: string, signal: AbortSignal, work: () => Promise<Result>) => Promise<Result>;
}

/** With the server's answer a kill reaches an adapter within a second. */
const HEARTBEAT_INTERVAL_MS = 500;

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

/**
 * Beats while the work lasts, so that a dead worker is noticed and a cancel arrives.
 *
 * @param work is told to stop what it does; or only that nobody waits for it any more (this worker is shut down, or was frozen):
 * then it ends what it has begun, and its outcome is recorded, whoever goes on
 */
async function whileBeating<Result>(
  work: (stopped: AbortSignal, abandoned: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const timer = setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS);
  const [stop, abandon] = [new AbortController(), new AbortController()];
  // What listens is called outside of the activity: there is no current one then.
  const activity = Context.current();
  activity.cancellationSignal.addEventListener('abort', () => {
    if (activity.cancellationDetails?.cancelRequested) stop.abort(new Error('its workflow was cancelled'));
    else abandon.abort(new Error('nobody waits for it any more'));
  });
  try {
    return await work(stop.signal, abandon.signal);
  } finally {
    clearInterval(timer);
  }
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
