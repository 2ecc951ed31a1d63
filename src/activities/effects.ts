/** The activity of one effect: render, store, gate, perform, record. */

import { setTimeout as delay } from 'node:timers/promises';
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { RegisteredAdapter } from '../adapters/registry.ts';
import { type RenderedArtifact, renderArtifact } from '../adapters/render.ts';
import type { EffectActivities, EffectAnswer, PerformEffectInput } from '../contracts/activities.ts';
import {
  type AttemptDecision,
  type Beginning,
  beginEffect,
  type EffectRow,
  leaveTick,
  MAX_WAIT_IN_TICK_MS,
  recordAttempt,
} from '../db/effects.ts';
import { type GateAnswer, passGate, type ShutReason } from '../db/gate.ts';
import type { Database } from '../db/pool.ts';
import { inTurn } from '../db/turns.ts';
import { AolError, errorText, UnavailableError } from '../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS, GATE_LIMIT_MS } from '../domain/limits.ts';
import { type AttemptOutcome, backoffMs, judge } from '../domain/outcomes.ts';
import { translating } from './errors.ts';
import type { FlagWatch } from './flag-watch.ts';
import type { Observer } from './observer.ts';
import { perform, performContext, reconcile, renderContext } from './perform.ts';
import type { ProofPorts } from './prove-action.ts';

export interface EffectPorts extends ProofPorts {
  readonly db: Database;
  readonly flagWatch: FlagWatch;
  readonly proofMode: boolean;
  readonly observer: Observer;
  /** How long a person has to approve what waits for it. */
  readonly approvalTtlMs: number;
}

const HEARTBEAT_INTERVAL_MS = 200;
/** With an attempt's 20 s it stays below the activity's own limit of 45 s. */
const RECORD_LIMIT_MS = 15_000;

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
  const run = { run: activityInfo().attempt, endedRun: endedRun() };
  const beginning = await beginEffect(ports.db, claim, { ...run, alone: false });
  if (beginning.kind !== 'suspect') return goOn(ports, claim, beginning);
  return inTurn(ports.db, claim.lane, cancellationSignal(), async () =>
    goOn(ports, claim, await beginEffect(ports.db, claim, { ...run, alone: true })),
  );
}

async function goOn(ports: EffectPorts, claim: PerformEffectInput, beginning: Beginning): Promise<EffectAnswer> {
  if (beginning.kind !== 'begun') return 'gone';
  const { row } = beginning;
  const prepared = await prepare(ports, row);
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
  return ports.flagWatch.during(claim.lane, (killed) => attempt(ports, claim, row, prepared, killed));
}

/** A frozen worker that wakes up runs tasks that the server gave to others long ago: the server no longer waits for it. */
function refuseStaleTask(): void {
  const { currentAttemptScheduledTimestampMs, startToCloseTimeoutMs } = activityInfo();
  if (Date.now() - currentAttemptScheduledTimestampMs > startToCloseTimeoutMs) {
    throw ApplicationFailure.create({ message: 'this task is older than its time limit', type: 'AOL_STALE_TASK' });
  }
}

type Prepared =
  | {
      readonly kind: 'ready';
      readonly adapter: RegisteredAdapter;
      readonly artifact: RenderedArtifact;
      readonly uri: string;
    }
  /** Storage is away: back to the queue for a moment, nothing was tried. */
  | { readonly kind: 'later'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** The same rendering path as in PROOF. */
async function prepare(ports: EffectPorts, row: EffectRow): Promise<Prepared> {
  try {
    const adapter = ports.adapters.get(row.type);
    const missing = adapter.configured();
    if (!adapter.canPerform) return { kind: 'failed', reason: `REAL is refused: ${row.type} performs nothing yet` };
    if (!missing.real)
      return { kind: 'failed', reason: `REAL is refused: not configured: ${missing.missing.join(', ')}` };
    const artifact = renderArtifact(adapter, row.payload, renderContext(row));
    const uri = await ports.artifacts.put(row.id, artifact.sha256, artifact.bytes);
    return { kind: 'ready', adapter, artifact, uri };
  } catch (error) {
    if (error instanceof UnavailableError) return { kind: 'later', reason: errorText(error) };
    return {
      kind: 'failed',
      reason: `${error instanceof AolError ? error.code : 'AOL_INTERNAL'}: ${errorText(error)}`,
    };
  }
}

async function attempt(
  ports: EffectPorts,
  claim: PerformEffectInput,
  row: EffectRow,
  prepared: Extract<Prepared, { kind: 'ready' }>,
  killed: AbortSignal,
): Promise<EffectAnswer> {
  for (;;) {
    const dedupes = prepared.adapter.redelivery(row.payload) === 'dedupes';
    const request = {
      ...claim,
      artifactSha256: prepared.artifact.sha256,
      artifactUri: prepared.uri,
      proofMode: ports.proofMode,
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      dedupes,
    };
    const answer = await ports.observer.gate(claim, () => passGate(ports.db, request));
    switch (answer.kind) {
      case 'open':
        return performOnce(ports, claim, row, { ...prepared, gate: answer, dedupes, killed });
      case 'wait':
        await delay(Math.min(answer.remainingMs, 1_000), undefined, { signal: cancellationSignal() });
        break;
      case 'unsettled':
        return settleUnknown(ports, claim, row, prepared, answer.attempt, killed);
      default:
        return leaveAt(ports, claim, prepared, answer);
    }
  }
}

const SHUT_WORDS: Readonly<Record<ShutReason, string>> = {
  killed: 'released: the lane is killed',
  paused: 'released: the lane is paused',
  proof: 'released: the lane is not REAL any more',
  lease_lost: 'released: another run owns the lane',
  cancelled: 'released: cancel was asked for',
  exhausted: 'its attempts are used up',
};

async function leaveAt(
  ports: EffectPorts,
  claim: PerformEffectInput,
  prepared: Extract<Prepared, { kind: 'ready' }>,
  answer: Exclude<GateAnswer, { kind: 'open' | 'wait' | 'unsettled' }>,
): Promise<EffectAnswer> {
  if (answer.kind === 'gone') return 'gone';
  if (answer.kind === 'unapproved') {
    const message = `approved was another artifact than ${prepared.artifact.sha256}`;
    await leaveTick(ports.db, claim, { to: 'DLQ', reason: 'rejected', message });
    return 'settled';
  }
  if (answer.kind === 'approval_needed') {
    const artifact = { artifactSha256: prepared.artifact.sha256, artifactUri: prepared.uri };
    await leaveTick(ports.db, claim, {
      to: 'AWAITING_APPROVAL',
      message: 'a person has to approve this artifact',
      ttlMs: ports.approvalTtlMs,
      ...artifact,
    });
    return 'settled';
  }
  const message = SHUT_WORDS[answer.reason];
  if (answer.reason === 'exhausted') {
    await leaveTick(ports.db, claim, { to: 'DLQ', reason: 'exhausted', message });
    return 'settled';
  }
  await leaveTick(ports.db, claim, { to: 'PENDING', message });
  return 'released';
}

interface Passed {
  readonly adapter: RegisteredAdapter;
  readonly artifact: RenderedArtifact;
  readonly gate: Extract<GateAnswer, { kind: 'open' }>;
  readonly dedupes: boolean;
  readonly killed: AbortSignal;
}

async function performOnce(
  ports: EffectPorts,
  claim: PerformEffectInput,
  row: EffectRow,
  passed: Passed,
): Promise<EffectAnswer> {
  const startedAtMs = performance.now();
  const tooLate = startedAtMs - passed.gate.askedAtMs > GATE_LIMIT_MS;
  const aborted = AbortSignal.any([passed.killed, cancellationSignal(), AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
  const outcome: AttemptOutcome = tooLate
    ? { kind: 'not_sent', reason: `the gate took longer than ${GATE_LIMIT_MS} ms to answer` }
    : await ports.observer.perform(claim, { effect: passed.artifact.effect, attempt: passed.gate.attempt }, () =>
        perform(passed.adapter, passed.artifact.effect, performContext(row, passed.gate.attempt, aborted)),
      );
  const wasStopped = outcome.kind === 'not_sent' && (tooLate || passed.killed.aborted || cancellationSignal().aborted);
  const decision: AttemptDecision = wasStopped
    ? { to: 'PENDING' }
    : judge(
        outcome,
        { number: row.max_attempts - passed.gate.attemptsLeft, maxAttempts: row.max_attempts, dedupes: passed.dedupes },
        ports.random(),
      );
  const settled =
    decision.to === 'UNCONFIRMED'
      ? await reconcile(passed.adapter, passed.artifact.effect, performContext(row, passed.gate.attempt, passed.killed))
      : undefined;
  const durationMs = Math.round(performance.now() - startedAtMs);
  return record(
    ports,
    { ...claim, attempt: passed.gate.attempt, durationMs, outcome: settled ?? outcome, decision },
    settled,
  );
}

/** An earlier attempt went past its deadline without an outcome: ask the provider, else it is for a person. */
async function settleUnknown(
  ports: EffectPorts,
  claim: PerformEffectInput,
  row: EffectRow,
  prepared: Extract<Prepared, { kind: 'ready' }>,
  attemptNumber: number,
  killed: AbortSignal,
): Promise<EffectAnswer> {
  const settled = await reconcile(
    prepared.adapter,
    prepared.artifact.effect,
    performContext(row, attemptNumber, killed),
  );
  const outcome: AttemptOutcome = { kind: 'unknown', reason: 'its worker died or went silent while it was performed' };
  const decision: AttemptDecision = { to: 'UNCONFIRMED' };
  return record(
    ports,
    { ...claim, attempt: attemptNumber, durationMs: 0, outcome: settled ?? outcome, decision },
    settled,
  );
}

async function record(
  ports: EffectPorts,
  ended: Parameters<typeof recordAttempt>[1],
  reconciled: AttemptOutcome | undefined,
): Promise<EffectAnswer> {
  const decision = reconciled ? afterReconcile(reconciled, ports.random()) : ended.decision;
  const mine = await recordUntilWritten(ports.db, { ...ended, decision });
  // A retry is asked for in any case: where the first writing was committed and its answer lost, this is not known to be ours.
  if (!mine && decision.to !== 'RETRY') return 'gone';
  if (decision.to === 'PENDING') return 'released';
  if (decision.to === 'RETRY' && decision.delayMs <= MAX_WAIT_IN_TICK_MS) {
    throw ApplicationFailure.create({
      message: ended.outcome.kind === 'done' ? '' : errorText(ended.outcome.reason),
      type: 'AOL_RETRY',
      nextRetryDelay: Math.max(1, decision.delayMs),
    });
  }
  return 'settled';
}

/** A database that is away for a moment must not make unknown what is known: the outcome exists nowhere else. */
async function recordUntilWritten(db: Database, ended: Parameters<typeof recordAttempt>[1]): Promise<boolean> {
  for (const giveUpAtMs = performance.now() + RECORD_LIMIT_MS; ; await delay(200)) {
    try {
      return await recordAttempt(db, ended);
    } catch (error) {
      if (!(error instanceof UnavailableError) || performance.now() > giveUpAtMs) throw error;
    }
  }
}

/** The provider said that it happened, or that it did not: then it may be tried again. */
function afterReconcile(outcome: AttemptOutcome, random: number): AttemptDecision {
  if (outcome.kind === 'done') return { to: 'SUCCESS' };
  if (outcome.kind === 'unknown') return { to: 'UNCONFIRMED' };
  return judge(outcome, { number: 1, maxAttempts: 2, dedupes: false }, random);
}
