/** The activity of one effect: begin, render, store; then its attempt. */

import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { renderArtifact } from '../adapters/render.ts';
import type { EffectActivities, EffectAnswer, PerformEffectInput } from '../contracts/activities.ts';
import { type Beginning, beginAgain, type EffectRow, leaveTick } from '../db/effects.ts';
import { inTurn } from '../db/turns.ts';
import { AolError, errorText, UnavailableError } from '../domain/errors.ts';
import { backoffMs } from '../domain/outcomes.ts';
import { type AttemptPorts, attemptEffect, type PreparedEffect } from './attempt.ts';
import { translating } from './errors.ts';
import type { FlagWatch } from './flag-watch.ts';
import { renderContext } from './perform.ts';
import type { ProofPorts } from './prove-action.ts';
import type { Refill } from './refill.ts';
import type { EffectArtifact } from './store-together.ts';

export interface EffectPorts extends AttemptPorts, Pick<ProofPorts, 'adapters'> {
  /** Stores an effect durably and answers its URI. */
  readonly store: (artifact: EffectArtifact) => Promise<string>;
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
  const beginning =
    run.run === 1 ? await ports.together.begin(claim) : await beginAgain(ports.db, claim, { ...run, alone: false });
  if (beginning.kind !== 'suspect') return goOn(ports, claim, beginning);
  return inTurn(ports.db, claim.lane, cancellationSignal(), async () =>
    goOn(ports, claim, await beginAgain(ports.db, claim, { ...run, alone: true })),
  );
}

async function goOn(ports: EffectPorts, claim: PerformEffectInput, beginning: Beginning): Promise<EffectAnswer> {
  if (beginning.kind !== 'begun') return 'gone';
  const { row } = beginning;
  const prepared = await prepare(ports, claim.tickId, row);
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

type Prepared =
  | ({ readonly kind: 'ready' } & PreparedEffect)
  /** Storage is away: back to the queue for a moment, nothing was tried. */
  | { readonly kind: 'later'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** The same rendering path as in PROOF. */
async function prepare(ports: EffectPorts, tickId: string, row: EffectRow): Promise<Prepared> {
  try {
    const adapter = ports.adapters.get(row.type);
    const missing = adapter.configured();
    if (!adapter.canPerform) return { kind: 'failed', reason: `REAL is refused: ${row.type} performs nothing yet` };
    if (!missing.real)
      return { kind: 'failed', reason: `REAL is refused: not configured: ${missing.missing.join(', ')}` };
    const artifact = renderArtifact(adapter, row.payload, renderContext(row));
    const { sha256, bytes } = artifact;
    const uri = await ports.store({ tickId, actionId: row.id, sha256, bytes });
    return { kind: 'ready', adapter, artifact, uri };
  } catch (error) {
    if (error instanceof UnavailableError) return { kind: 'later', reason: errorText(error) };
    return {
      kind: 'failed',
      reason: `${error instanceof AolError ? error.code : 'AOL_INTERNAL'}: ${errorText(error)}`,
    };
  }
}
