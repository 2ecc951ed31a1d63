/** One attempt of an effect: gate, perform, record. */

import { setTimeout as delay } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { RegisteredAdapter } from '../adapters/registry.ts';
import type { RenderedArtifact } from '../adapters/render.ts';
import type { EffectAnswer, PerformEffectInput } from '../contracts/engine/activities.ts';
import type { Database } from '../db/pool.ts';
import {
  type AttemptDecision,
  type EffectRow,
  leaveTick,
  MAX_WAIT_IN_TICK_MS,
  type RecordedAttempt,
} from '../db/queue/attempts.ts';
import type { EffectTransactions } from '../db/queue/batched-attempts.ts';
import type { GateAnswer, ShutReason } from '../db/queue/gate.ts';
import { errorText, UnavailableError } from '../domain/errors.ts';
import { ATTEMPT_TIMEOUT_MS, GATE_LIMIT_MS } from '../domain/limits.ts';
import { type AttemptOutcome, judge } from '../domain/outcomes.ts';
import type { Observer } from './observer.ts';
import { perform, performContext, reconcile } from './perform.ts';
import type { PreparedEffect } from './prepare-effect.ts';

export interface AttemptPorts {
  readonly db: Database;
  readonly together: EffectTransactions;
  readonly observer: Observer;
  readonly proofMode: boolean;
  /** How long a person has to approve what waits for it. */
  readonly approvalTtlMs: number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** With an attempt's 20 s it stays below the activity's own limit of 45 s. */
const RECORD_LIMIT_MS = 15_000;

/**
 * Asks the gate, until it is open or says why not, performs and records.
 *
 * @param killed aborted when the lane is
 */
export async function attemptEffect(
  ports: AttemptPorts,
  claim: PerformEffectInput,
  row: EffectRow,
  prepared: PreparedEffect,
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
    const answer = await ports.observer.gate(claim, () => ports.together.passGate(request));
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
  ports: AttemptPorts,
  claim: PerformEffectInput,
  prepared: PreparedEffect,
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
  ports: AttemptPorts,
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
  ports: AttemptPorts,
  claim: PerformEffectInput,
  row: EffectRow,
  prepared: PreparedEffect,
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
  ports: AttemptPorts,
  ended: RecordedAttempt,
  reconciled: AttemptOutcome | undefined,
): Promise<EffectAnswer> {
  const decision = reconciled ? afterReconcile(reconciled, ports.random()) : ended.decision;
  const mine = await recordUntilWritten(ports.together, { ...ended, decision });
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
async function recordUntilWritten(together: EffectTransactions, ended: RecordedAttempt): Promise<boolean> {
  for (const giveUpAtMs = performance.now() + RECORD_LIMIT_MS; ; await delay(200)) {
    try {
      return await together.record(ended);
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
