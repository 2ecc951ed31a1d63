/** One attempt of an effect: prepare, gate, perform, record. */

import { accountKey } from '../accounts/entries.ts';
import { askingBefore } from '../adapters/exchange/index.ts';
import type { PerformEffectInput } from '../contracts/engine/activities.ts';
import type { JsonValue } from '../contracts/http/json.ts';
import { insist } from '../db/insist.ts';
import type { Database } from '../db/pool.ts';
import type { AttemptDecision, RecordedAttempt } from '../db/queue/attempts.ts';
import type { BatchedAttempts } from '../db/queue/batched-attempts.ts';
import type { ClaimedAction } from '../db/queue/claimed-action.ts';
import type { GateAnswer } from '../db/queue/gate.ts';
import { forgetPreparations } from '../db/queue/preparations.ts';
import { ATTEMPT_TIMEOUT_MS, GATE_LIMIT_MS } from '../domain/limits.ts';
import { type AttemptOutcome, backoffMs, judge, type Redelivery } from '../domain/outcomes.ts';
import { askAgainAfter } from './ask-again.ts';
import { performContext } from './contexts.ts';
import { EARLIER_LOOK_MS } from './earlier-receipt.ts';
import type { FlagWatch } from './flag-watch.ts';
import { type AttemptEnd, leaveAs, leaveHeld, leaveOnHold } from './leaving.ts';
import type { Observer } from './observer.ts';
import { perform, reconcile } from './perform.ts';
import { keptResults, runPreparations } from './preparations.ts';
import { type PreparedEffect, type PreparePorts, prepareEffect } from './prepare-effect.ts';
import type { Semaphore } from './semaphore.ts';
import { leavingOf } from './shut.ts';

export interface AttemptPorts extends PreparePorts {
  readonly db: Database;
  readonly batched: BatchedAttempts;
  readonly observer: Observer;
  readonly flagWatch: FlagWatch;
  readonly places: Semaphore;
  readonly proofMode: boolean;
  /** How this process appears in `pg_stat_activity`. */
  readonly worker: string;
  /** How long a person has to approve what waits for it. */
  readonly approvalTtlMs: number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

export interface AttemptOptions {
  /** Aborted when the attempt is to stop: what has not been sent is released. */
  readonly stopped: AbortSignal;
  /** Whether a wait of up to 30 s may be the tick's; else it is the queue's. */
  readonly mayWaitInTick: () => boolean;
  /** Told when it asks nothing more of the store. */
  readonly onPrepared?: () => void;
  /** Told when its adapter is called. */
  readonly onPerforming?: () => void;
}

interface Attempt extends PreparedEffect {
  readonly claim: PerformEffectInput;
  readonly action: ClaimedAction;
  readonly redelivery: Redelivery;
  readonly options: AttemptOptions;
  /** Kill, by the flag; or a cancel. */
  readonly stopped: AbortSignal;
  /** What its preparations have left. */
  readonly results: Readonly<Record<string, JsonValue>>;
}

/**
 * Attempts an effect once.
 *
 * @throws UnavailableError when the database is away before the gate; what happened after it is recorded first
 */
export function runAttempt(
  ports: AttemptPorts,
  claim: PerformEffectInput,
  action: ClaimedAction,
  options: AttemptOptions,
): Promise<AttemptEnd> {
  return ports.observer.run(claim, async () => {
    const prepared = await prepareEffect(ports, action).finally(options.onPrepared);
    if (prepared.kind === 'later') {
      const delayMs = backoffMs(2, ports.random());
      return leaveAs(ports, claim, { to: 'PENDING', message: prepared.reason, delayMs });
    }
    if (prepared.kind === 'on_hold') return leaveOnHold(ports, claim, prepared.heldBy, prepared);
    if (prepared.kind === 'failed') {
      return leaveAs(ports, claim, { to: 'DLQ', reason: 'rejected', message: prepared.reason });
    }
    const { adapter, artifact, account } = prepared;
    const redelivery = artifact.effect.redelivery ?? adapter.redelivery(action.payload, account ?? undefined);
    return ports.flagWatch.during(claim.lane, async (killed) => {
      const stopped = AbortSignal.any([killed, options.stopped]);
      // Whoever is told to stop goes on to the gate, which says why.
      const give = await ports.places.take(claim.lane, stopped).catch(() => () => undefined);
      try {
        return await askTheGate(ports, { ...prepared, claim, action, redelivery, options, stopped, results: {} });
      } finally {
        give();
      }
    });
  });
}

async function askTheGate(ports: AttemptPorts, attempt: Attempt): Promise<AttemptEnd> {
  const prepared = await prepareOutside(ports, attempt);
  if ('kind' in prepared) return prepared;
  const answer = await gateAnswer(ports, attempt);
  return answer.kind === 'open'
    ? performOnce(ports, { ...attempt, ...prepared }, answer)
    : unlessOpen(ports, attempt, answer);
}

function gateAnswer(ports: AttemptPorts, attempt: Attempt, onlyLook = false): Promise<GateAnswer> {
  const { claim, artifact, uri, redelivery, draws } = attempt;
  return ports.observer.gate(claim, () =>
    ports.batched.passGate({
      ...claim,
      artifactSha256: artifact.sha256,
      artifactUri: uri,
      proofMode: ports.proofMode,
      worker: ports.worker,
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      redelivery,
      account: accountOf(attempt),
      draws,
      ...(onlyLook && { onlyLook }),
    }),
  );
}

/** An attempt has its time for itself: preparations that took longer than this leave it to the next claim. */
const PREPARATIONS_LIMIT_MS = 1_000;

/** Preparations reach the outside too: only for what the gate would let pass. */
async function prepareOutside(ports: AttemptPorts, attempt: Attempt): Promise<Pick<Attempt, 'results'> | AttemptEnd> {
  const { claim, action, adapter, artifact, stopped } = attempt;
  if (artifact.effect.preparations.length === 0) return { results: {} };
  const look = await gateAnswer(ports, attempt, true);
  if (look.kind === 'open') throw new Error('the gate was asked for a look only');
  if (look.kind !== 'may_pass') return unlessOpen(ports, attempt, look);
  const startedAtMs = performance.now();
  const [attemptNumber, now] = [action.attemptNumber + 1, new Date().toISOString()];
  const times = { attempt: attemptNumber, firstAttemptAt: now, lastAttemptAt: now };
  const contextWith: Parameters<typeof runPreparations>[4] = (results, limit) =>
    contextOf(ports, { ...attempt, results }, times, AbortSignal.any([stopped, limit]));
  const { db, accounts } = ports;
  const who = { id: action.id, type: action.type, lane: claim.lane };
  const prepared = await runPreparations(db, adapter, artifact.effect, who, contextWith, accounts);
  switch (prepared.kind) {
    case 'ready':
      if (!prepared.worked || performance.now() - startedAtMs < PREPARATIONS_LIMIT_MS)
        return { results: prepared.results };
      return leaveAs(ports, claim, { to: 'PENDING', message: 'its preparations are done', delayMs: 0 });
    case 'later':
      return leaveAs(ports, claim, { to: 'PENDING', message: prepared.reason, delayMs: prepared.delayMs });
    case 'waits': {
      const { reason: message, heldBy } = prepared;
      return leaveAs(ports, claim, { to: 'PENDING', message, delayMs: EARLIER_LOOK_MS, heldBy });
    }
    case 'failed':
      return leaveAs(ports, claim, { to: 'DLQ', reason: prepared.dlqReason, message: prepared.reason });
    case 'on_hold':
      if (artifact.effect.account) await accounts.learn(artifact.effect.account, prepared);
      return leaveOnHold(ports, claim, accountOf(attempt), prepared);
  }
}

/** How rows name the account that speaks. */
function accountOf({ artifact: { effect } }: Pick<Attempt, 'artifact'>): string | undefined {
  return effect.account ? accountKey(effect.account) : undefined;
}

function unlessOpen(
  ports: AttemptPorts,
  attempt: Attempt,
  answer: Exclude<GateAnswer, { kind: 'open' }>,
): Promise<AttemptEnd> | AttemptEnd {
  switch (answer.kind) {
    case 'wait':
      return { kind: 'again', delayMs: answer.againInMs, reason: `attempt ${answer.attempt} is not over yet` };
    case 'unsettled':
      return settleUnknown(ports, attempt, answer);
    case 'gone':
      return { kind: 'gone' };
    case 'on_hold':
      return leaveOnHold(ports, attempt.claim, answer.heldBy, answer);
    case 'no_room':
      return leaveHeld(ports, attempt.claim, answer.heldBy, answer);
    case 'may_pass':
      throw new Error('the gate was asked for a look only');
    default:
      return leaveAs(ports, attempt.claim, leavingOf(answer, attempt, ports.approvalTtlMs));
  }
}

async function performOnce(
  ports: AttemptPorts,
  attempt: Attempt,
  gate: Extract<GateAnswer, { kind: 'open' }>,
): Promise<AttemptEnd> {
  const { claim, action, adapter, artifact, redelivery, stopped, options } = attempt;
  const { effect } = artifact;
  const startedAtMs = performance.now();
  const tooLate = startedAtMs - gate.askedAtMs > GATE_LIMIT_MS;
  const limit = AbortSignal.any([stopped, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
  const ready = contextOf(ports, attempt, gate, limit);
  // The gate was a look at the flags; a process that stood still since then has to look again.
  const lookAgain = () => ports.flagWatch.lookedAtRecently(gate.askedAtMs);
  const context = { ...ready, exchange: askingBefore(ready.exchange, lookAgain) };
  if (!tooLate) options.onPerforming?.();
  const outcome: AttemptOutcome = tooLate
    ? { kind: 'not_sent', reason: `the gate took longer than ${GATE_LIMIT_MS} ms to answer` }
    : await learned(
        ports,
        attempt,
        await ports.observer.perform(claim, { effect, attempt: gate.attempt }, () =>
          perform(adapter, effect, context, ports.accounts.scrub),
        ),
      );
  const judged = {
    number: action.maxAttempts - gate.attemptsLeft,
    maxAttempts: action.maxAttempts,
    redelivery,
    repeatsUnknown: gate.repeatsUnknown,
  };
  const ended = { ...claim, attempt: gate.attempt, durationMs: Math.round(performance.now() - startedAtMs) };
  if (outcome.kind === 'not_sent' && (tooLate || stopped.aborted)) {
    return record(ports, attempt, { ...ended, outcome, decision: { to: 'PENDING' } });
  }
  const verdict = judge(outcome, judged, ports.random());
  if (verdict.to === 'PENDING') {
    return record(ports, attempt, { ...ended, outcome, decision: { ...verdict, heldBy: accountOf(attempt) } });
  }
  if (verdict.to !== 'UNCONFIRMED') return record(ports, attempt, { ...ended, outcome, decision: verdict });
  const said = await reconcile(adapter, effect, contextOf(ports, attempt, gate, stopped), ports.accounts.scrub);
  if (said.kind === 'happened') {
    const found: AttemptOutcome = { kind: 'done', receipt: said.receipt };
    return record(ports, attempt, { ...ended, outcome: found, decision: { to: 'SUCCESS' }, settles: true });
  }
  if (said.kind === 'cannot_tell') {
    const askAgainMs = askAgainAfter(said, gate);
    const decision: AttemptDecision = askAgainMs === undefined ? verdict : { to: 'RETRY', delayMs: askAgainMs };
    return record(ports, attempt, { ...ended, outcome, decision });
  }
  // Nothing of it happened: what is left is what this attempt says of itself.
  const settled: AttemptOutcome =
    outcome.kind === 'unknown' ? { kind: 'not_sent', reason: `${DID_NOT_HAPPEN} (${outcome.reason})` } : outcome;
  const decision = judge(settled, { ...judged, repeatsUnknown: false }, ports.random());
  return record(ports, attempt, { ...ended, outcome: settled, decision, settles: true });
}

const DID_NOT_HAPPEN = 'the provider says that it did not happen';

function contextOf(
  ports: AttemptPorts,
  attempt: Attempt,
  gate: { readonly attempt: number; readonly firstAttemptAt: string; readonly lastAttemptAt: string },
  signal: AbortSignal,
) {
  const { action, results, account } = attempt;
  const [firstAttemptAt, lastAttemptAt] = [new Date(gate.firstAttemptAt), new Date(gate.lastAttemptAt)];
  const performing = { attempt: gate.attempt, signal, firstAttemptAt, lastAttemptAt, results, account };
  return performContext(ports, action, attempt, performing);
}

/** What an answer says of the account and of the preparations is kept before the outcome is. */
async function learned(
  { accounts, db }: AttemptPorts,
  { action, artifact }: Attempt,
  outcome: AttemptOutcome,
): Promise<AttemptOutcome> {
  if (outcome.kind === 'not_sent' && outcome.prepareAgain) await forgetPreparations(db, action.id);
  if (artifact.effect.account) await accounts.learn(artifact.effect.account, outcome);
  return outcome;
}

/** An attempt before this one may have happened, and must not be repeated: ask the provider, else it is for a person. */
async function settleUnknown(
  ports: AttemptPorts,
  attempt: Attempt,
  gate: Extract<GateAnswer, { kind: 'unsettled' }>,
): Promise<AttemptEnd> {
  const { claim, action, adapter, artifact, stopped } = attempt;
  const results = await keptResults(ports.db, artifact.effect, action.id);
  const context = contextOf(ports, { ...attempt, results }, gate, stopped);
  const said = await reconcile(adapter, artifact.effect, context, ports.accounts.scrub);
  const delayMs = backoffMs(1, ports.random());
  const askAgainMs = said.kind === 'cannot_tell' ? askAgainAfter(said, gate) : undefined;
  if (gate.isOpen) {
    const ended = { ...claim, attempt: gate.attempt, durationMs: 0 };
    if (said.kind === 'happened') {
      const found: AttemptOutcome = { kind: 'done', receipt: said.receipt };
      return record(ports, attempt, { ...ended, outcome: found, decision: { to: 'SUCCESS' }, settles: true });
    }
    if (said.kind === 'did_not_happen') {
      const { attempt: number, maxAttempts } = action;
      const decision: AttemptDecision =
        number >= maxAttempts ? { to: 'DLQ', reason: 'exhausted' } : { to: 'RETRY', delayMs };
      const outcome: AttemptOutcome = { kind: 'not_sent', reason: DID_NOT_HAPPEN };
      return record(ports, attempt, { ...ended, outcome, decision, settles: true });
    }
    const outcome: AttemptOutcome = {
      kind: 'unknown',
      reason: 'its worker died or went silent while it was performed',
    };
    const decision: AttemptDecision =
      askAgainMs === undefined ? { to: 'UNCONFIRMED' } : { to: 'RETRY', delayMs: askAgainMs };
    return record(ports, attempt, { ...ended, outcome, decision });
  }
  if (said.kind === 'happened')
    return leaveAs(ports, claim, {
      to: 'SUCCESS',
      message: 'the provider says that it happened',
      receipt: said.receipt,
      settles: true,
    });
  if (said.kind === 'did_not_happen')
    return leaveAs(ports, claim, { to: 'RETRY', message: DID_NOT_HAPPEN, delayMs, settles: true });
  if (askAgainMs !== undefined)
    return leaveAs(ports, claim, { to: 'PENDING', message: `not known yet: ${said.reason}`, delayMs: askAgainMs });
  return leaveAs(ports, claim, {
    to: 'UNCONFIRMED',
    message: `attempt ${gate.attempt} may have happened, and the provider does not allow a repeat now: ${said.reason}`,
  });
}

/** A database that is away for a while must not make unknown what is known: the outcome exists nowhere else. */
async function record(ports: AttemptPorts, { options }: Attempt, ended: RecordedAttempt): Promise<AttemptEnd> {
  const { decision, outcome } = ended;
  const waitsInTick = decision.to === 'RETRY' && options.mayWaitInTick();
  const written = { ...ended, decision: decision.to === 'RETRY' ? { ...decision, waitsInTick } : decision };
  const answer = await insist(() => ports.batched.record(written));
  // Late may be our own: the first writing was committed and its answer lost. Then it waits, which its next run finds out.
  if (decision.to === 'RETRY' && (answer === 'stays' || answer === 'late')) {
    const reason = outcome.kind === 'done' ? 'performed' : outcome.reason;
    return { kind: 'again', delayMs: decision.delayMs, reason };
  }
  if (answer !== 'left') return { kind: 'gone' };
  return { kind: 'ended', to: decision.to === 'RETRY' ? 'PENDING' : decision.to };
}
