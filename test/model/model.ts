/**
 * What must come out of each step in the life of a lane: sections 2 and 3 of the contract, on a page. It knows no table and no
 * SQL. Time is told to it: what lies ahead, what is over, which worker is gone.
 */

import { chooseDue, SUSPECT_DEATHS } from './choose.ts';
import {
  type Action,
  type Asked,
  type Attempt,
  FIRST_FLAGS,
  type Flags,
  HARMLESS_REPEATS,
  isFinal,
  isOwned,
  lastNumber,
  names,
  newAction,
  nobody,
  type Outcome,
  promotedName,
  type Run,
  revisedName,
  runningIn,
  shaOf,
  type Tick,
  WAYS,
  type Way,
  wayOf,
} from './parts.ts';

const MAX_DEATHS = 3;
/** An answer in which the action's present status refuses what was asked. */
const refused = (action: Action) => ({ refused: action.status });

export class LaneModel {
  readonly actions: Action[] = [];
  readonly ticks: Tick[] = [];
  readonly attempts: Attempt[] = [];
  readonly flags: Flags = { ...FIRST_FLAGS };
  token = 0;
  owner: Run | undefined;
  leaseIsOver = false;
  #now = 0;

  enqueue(name: string, asked: Asked): Action {
    const action = newAction(name, asked, this.#later());
    this.actions.push(action);
    if (this.#asksFirst(action)) action.isLater = false;
    return action;
  }

  /** What needs a person is shown to one at once, whatever its time is. */
  #asksFirst = (action: Action) =>
    action.mode === 'REAL' && action.approved === undefined && (action.needsApproval || this.#policyAsks(action));

  /** The rules have become stricter: what waits for its time, and was never tried, is shown if it needs a person now. */
  policyChanges(policy: Flags['approval_policy']): void {
    this.flags.approval_policy = policy;
    if (policy === 'none') return;
    const isUntried = (action: Action) =>
      action.status === 'PENDING' && action.isLater && action.isAhead && lastNumber(action) === 0;
    const shown = this.actions.filter((action) => isUntried(action) && this.#asksFirst(action));
    shown.sort((one, other) => one.time - other.time);
    for (const action of shown) Object.assign(action, { isLater: false, dueAt: this.#later() });
  }

  /** @param by whose `number` is the tick's, as the engine called it: by it the only slot of each fourth is the oldest's */
  claim(
    run: Run,
    by: {
      readonly name: string;
      readonly knownToken: number | null;
      readonly proofWorker: boolean;
      readonly number: number | null;
    },
  ): object {
    const { flags } = this;
    const isMine = this.owner === run && (by.knownToken === null || by.knownToken === this.token);
    const isFree = this.owner === undefined || this.leaseIsOver;
    const inherits = by.knownToken === null && this.owner?.lineage === run.lineage && run.beganAs >= this.owner.beganAs;
    if (!isMine && !isFree && !inherits) return { outcome: flags.killed ? 'KILLED' : 'NO_LEASE' };
    if (flags.killed) {
      this.#takeBack(() => true);
      if (this.owner === run) this.owner = undefined;
      return { outcome: 'KILLED' };
    }
    if (!isMine) this.token += 1;
    Object.assign(this, { owner: run, leaseIsOver: false });
    run.token = this.token;
    const { token } = this;
    const earlier = this.ticks.find(({ name }) => name === by.name);
    this.#takeBackStale(!isMine, earlier);
    const quiet = { outcome: flags.paused ? 'PAUSED' : 'IDLE', token };
    if (earlier) {
      const held = this.actions.filter(({ tick, mode }) => tick === earlier && mode === 'REAL');
      if (!isMine) return quiet;
      return { outcome: 'CLAIMED', token, resumed: true, claimed: earlier.claimed, effects: names(held) };
    }
    const chosen = flags.paused ? [] : chooseDue(this.actions, flags, by.proofWorker || flags.proof_only, by.number);
    if (chosen.length === 0) return quiet;
    const tick: Tick = {
      name: by.name,
      run,
      askedWith: by.knownToken,
      token,
      claimed: chosen.length,
      left: nobody(),
      state: 'open',
    };
    this.ticks.push(tick);
    for (const action of chosen) {
      Object.assign(action, { status: 'RUNNING', tick, claimIsOver: false, worker: 'lives' });
      if (action.mode === 'PROOF') action.attempts += 1;
    }
    const effects = names(chosen.filter(({ mode }) => mode === 'REAL'));
    return { outcome: 'CLAIMED', token, resumed: false, claimed: chosen.length, effects, all: names(chosen) };
  }

  /**
   * What cannot end in its tick any more: under an older token, past its time, or the proof of another tick than the one at hand. An
   * owner looks for it when it comes, and later when a claim is past its time or such a proof is there.
   */
  #takeBackStale(isNew: boolean, atHand: Tick | undefined): void {
    const isOthers = ({ mode, tick }: Action) => mode === 'PROOF' && tick !== atHand;
    const held = this.actions.filter(({ tick }) => tick !== undefined);
    if (!isNew && !held.some((action) => action.claimIsOver || isOthers(action))) return;
    this.#takeBack(
      (action) =>
        (action.tick?.token !== this.token || action.claimIsOver || action.mode === 'PROOF') &&
        (isNew || action.tick !== atHand || atHand === undefined),
    );
  }

  #takeBack(which: (action: Action) => boolean): void {
    for (const action of this.actions) {
      if (!action.tick || isOwned(action) || !which(action)) continue;
      const { deaths } = action;
      const died = Number(action.worker === 'is gone');
      const isCrash = died > 0 && deaths + 1 >= MAX_DEATHS && !this.#maybeSent(action);
      if (isCrash) this.#leave(action, 'crashed');
      else this.#leave(action, 'PENDING', action.mode === 'PROOF');
      action.deaths = deaths + died;
    }
  }

  /** A worker takes a tick's actions in hand again; whatever the one before died with is counted. */
  takeUp(tick: Tick): object {
    const held = () => this.actions.filter((action) => action.tick === tick);
    for (const action of held()) {
      if (action.worker === 'is gone') action.deaths += 1;
      Object.assign(action, { worker: action.deaths >= SUSPECT_DEATHS ? undefined : 'lives', claimIsOver: false });
      const { deaths } = action;
      if (deaths < MAX_DEATHS || this.#maybeSent(action)) continue;
      if (!isOwned(action)) this.#leave(action, 'crashed');
      action.deaths = deaths;
    }
    return { held: names(held()) };
  }

  /** The worker that has what a tick holds in hand is gone. */
  dies(tick: Tick): void {
    for (const action of this.actions.filter((one) => one.tick === tick)) {
      if (action.worker) action.worker = 'is gone';
      if (action.open) action.open.isOver = true;
    }
  }

  /** The proofs of a tick that it still holds end so. */
  close(tick: Tick, ends: ReadonlyMap<Action, 'SUCCESS' | 'RETRY' | 'rejected'>): void {
    for (const [action, to] of ends) {
      if (action.tick !== tick) continue;
      if (to === 'SUCCESS') action.rendered = shaOf(action);
      const isLast = action.attempts >= action.maxAttempts;
      this.#leave(action, to === 'RETRY' ? (isLast ? 'exhausted' : 'waits in the queue') : to);
    }
  }

  gate(
    action: Action,
    tick: Tick,
    how: { readonly sha256: string; readonly proofWorker: boolean; readonly isShort: boolean },
  ): object {
    const { flags } = this;
    const { open, provider } = action;
    const shut = (reason: string) => ({ kind: 'shut', reason });
    if (action.tick !== tick) return { kind: 'gone' };
    if (open && isOwned(action)) return { kind: 'wait', attempt: open.number };
    if (action.standing !== undefined && !open) return { kind: 'receipt', receipt: action.standing };
    if (flags.killed) return shut('killed');
    if (flags.paused) return shut('paused');
    if (flags.proof_only || how.proofWorker) return shut('proof');
    if (tick.token !== this.token) return shut('lease_lost');
    const uncertain = this.#uncertain(action);
    const repeatsUnknown = uncertain.length > 0;
    const mayRepeat = provider === 'dedupes' || (provider === 'harmless' && uncertain.length <= HARMLESS_REPEATS);
    const isUsedUp = action.attempts >= action.maxAttempts;
    const isChanged = action.approved !== undefined && action.approved !== how.sha256;
    const needsApproval = action.approved === undefined && (action.needsApproval || this.#policyAsks(action));
    const isUnwanted = action.cancelRequested || isChanged || needsApproval || action.standing !== undefined;
    // What may have happened goes no other way than a repeat: in an approval or a dead letter nobody would see it.
    if (repeatsUnknown && (isUnwanted || isUsedUp || !mayRepeat))
      return { kind: 'unsettled', attempt: uncertain.at(-1)?.number, isOpen: open !== undefined };
    if (action.cancelRequested) return shut('cancelled');
    if (isChanged) return { kind: 'unapproved' };
    if (needsApproval) return { kind: 'approval_needed' };
    if (action.isAhead) return shut('not_due');
    if (isUsedUp) return shut('exhausted');
    if (action.status === 'RETRY' && action.isLater) return { kind: 'wait', attempt: lastNumber(action) };
    if (open) Object.assign(action, { dueAt: this.#later(), isLater: false });
    action.attempts += 1;
    const number = lastNumber(action);
    const begun: Attempt = {
      ...{ action, number, tick, repeatsUnknown, ofRound: action.attempts, isOver: how.isShort, isUncertain: true },
    };
    this.attempts.push(begun);
    Object.assign(action, {
      open: begun,
      status: 'RUNNING',
      rendered: how.sha256,
      claimIsOver: false,
      worker: 'lives',
    });
    return { kind: 'open', attempt: number, attemptsLeft: action.maxAttempts - action.attempts, repeatsUnknown };
  }

  #policyAsks({ type }: Action): boolean {
    const { approval_policy: policy } = this.flags;
    if (policy !== 'first_of_type') return policy === 'all';
    return !this.actions.some((one) => one.type === type && one.mode === 'REAL' && one.status === 'SUCCESS');
  }

  #uncertain = (action: Action) => this.attempts.filter((one) => one.action === action && one.isUncertain);
  #isUncertain = (action: Action) => this.#uncertain(action).length > 0;
  /** A person, or the provider, has said what became of all attempts so far. */
  #settle(action: Action): void {
    for (const attempt of this.#uncertain(action)) attempt.isUncertain = false;
  }

  /**
   * What happened is never thrown away: it needs its attempt alone.
   *
   * @param settles the provider was asked, and has said what became of all attempts
   */
  record(attempt: Attempt, outcome: Outcome, settles: boolean): 'left' | 'stays' | 'late' {
    const { action } = attempt;
    const isOpen = action.open === attempt;
    if (isOpen) {
      action.open = undefined;
      attempt.isUncertain = outcome.kind === 'unknown';
      if (action.tick) {
        const way = wayOf(outcome, settles ? { ...attempt, repeatsUnknown: false } : attempt);
        if (outcome.kind === 'done') action.receipt = outcome.receipt;
        if (settles) this.#settle(action);
        return this.#leave(action, way, outcome.kind === 'stopped');
      }
    }
    if (outcome.kind !== 'done') return 'late';
    const { receipt } = outcome;
    action.receiptsBeside.add(receipt);
    action.standing = receipt;
    if (action.status === 'UNCONFIRMED') Object.assign(action, { status: 'SUCCESS', receipt });
    return 'late';
  }

  /** Without an attempt of its own; nothing when it is no longer that tick's, or an attempt owns it. */
  leave(action: Action, tick: Tick, way: Way, how: { readonly receipt?: string; readonly settles?: boolean }): void {
    if (action.tick !== tick || isOwned(action) || (action.open && way !== 'PENDING')) return;
    if (way === 'AWAITING_APPROVAL')
      Object.assign(action, { rendered: shaOf(action), needsApproval: true, isLater: action.isAhead });
    if (how.receipt !== undefined) action.receipt = how.receipt;
    if (how.settles) this.#settle(action);
    this.#leave(action, way);
  }

  /** What may have happened is not cancelled: its attempt's outcome, or a person's word, comes first. Nor is what has. */
  cancel(action: Action): object {
    if (isFinal(action) || action.standing !== undefined) return refused(action);
    const mayHaveHappened = action.status !== 'UNCONFIRMED' && this.#isUncertain(action);
    if (action.status === 'RUNNING' || mayHaveHappened) action.cancelRequested = true;
    else this.#leave(action, 'CANCELLED');
    return { status: action.status };
  }

  approve(action: Action, sha256: string): object {
    if (action.status !== 'AWAITING_APPROVAL' || action.rendered !== sha256) return refused(action);
    const { isAhead: isLater } = action;
    Object.assign(action, { status: 'PENDING', approved: sha256, isLater, dueAt: this.#later() });
    return { status: 'PENDING' };
  }

  /** Also when nobody approved it in its time. */
  reject(action: Action): object {
    if (action.status !== 'AWAITING_APPROVAL') return refused(action);
    action.status = 'CANCELLED';
    return { status: 'CANCELLED' };
  }

  promote(proof: Action, sha256: string, isLater: boolean): object {
    const isProven = proof.mode === 'PROOF' && proof.status === 'SUCCESS' && proof.rendered === sha256;
    if (!isProven) return refused(proof);
    const name = promotedName(proof);
    const created = !this.actions.some((one) => one.name === name);
    if (!created && isLater) return refused(proof);
    const asked: Asked = { ...proof, mode: 'REAL', needsApproval: false };
    if (created) {
      const promoted = this.enqueue(name, asked);
      Object.assign(promoted, { promotedFrom: proof, approved: sha256, rendered: sha256, isLater, isAhead: isLater });
    }
    return { created, name };
  }

  /** The old one ends, and another is in its place, which a person has to approve. The same again answers that one. */
  revise(action: Action, isLater: boolean): object {
    const name = revisedName(action);
    const existing = this.actions.find((one) => one.revises === action);
    if (existing) return isLater || existing.isMoved ? refused(action) : { created: false, name };
    const isOpen = ['PENDING', 'AWAITING_APPROVAL', 'DLQ'].includes(action.status);
    if (!isOpen || this.#maybeSent(action)) return refused(action);
    Object.assign(action, { status: 'CANCELLED', dlqReason: null });
    const { mode, isAhead, time } = action;
    const asked = { ...action, needsApproval: mode === 'REAL', isLater: isLater || isAhead };
    Object.assign(this.enqueue(name, asked), { revises: action, isMoved: isLater, ...(!isLater && { time }) });
    return { created: true, name };
  }

  /** What waits is moved to another time; what was approved stays so. */
  reschedule(action: Action, isLater: boolean): object {
    const isWaiting = action.status === 'PENDING' || action.status === 'AWAITING_APPROVAL';
    if (!isWaiting || this.#maybeSent(action)) return refused(action);
    Object.assign(action, { isAhead: isLater, time: this.#later() });
    const asksFirst = action.status === 'PENDING' && this.#asksFirst(action);
    Object.assign(action, { isLater: isLater && !asksFirst, dueAt: this.#later() });
    return { status: action.status };
  }

  #maybeSent = (action: Action) => this.#isUncertain(action) || action.standing !== undefined;

  /** Replay of a dead letter, or a person's word that an unconfirmed one was not sent: a new round. */
  beginAnew(action: Action, from: 'DLQ' | 'UNCONFIRMED'): object {
    if (action.status !== from) return refused(action);
    const { attempts, attemptsBefore } = action;
    Object.assign(action, { status: 'PENDING', dlqReason: null, cancelRequested: false, isLater: false, deaths: 0 });
    Object.assign(action, { attemptsBefore: attemptsBefore + attempts, attempts: 0, dueAt: this.#later() });
    this.#settle(action);
    if (from === 'DLQ') action.standing = undefined;
    return { status: 'PENDING' };
  }

  resolveSent(action: Action): object {
    if (action.status !== 'UNCONFIRMED') return refused(action);
    Object.assign(action, { status: 'SUCCESS', receipt: 'a person' });
    return { status: 'SUCCESS' };
  }

  clear(action: Action): object {
    if (action.status !== 'DLQ') return refused(action);
    Object.assign(action, { status: 'CANCELLED', dlqReason: null });
    return { status: 'CANCELLED' };
  }

  comesDue(action: Action): void {
    Object.assign(action, { isLater: false, isAhead: false, dueAt: this.#later() });
  }

  /**
   * All ways out of a tick: the state, and the account in the ledger of the tick that holds it.
   *
   * @param isUncounted the attempt does not count against the action; its number stays used
   */
  #leave(action: Action, way: Way, isUncounted = false): 'left' | 'stays' {
    if (isUncounted)
      Object.assign(action, { attempts: action.attempts - 1, attemptsBefore: action.attemptsBefore + 1 });
    if (action.tick) Object.assign(action, { deaths: 0, worker: undefined });
    const isWait = way === 'waits in its tick' || way === 'waits in the queue';
    if (isWait || way === 'waits for its time') Object.assign(action, { isLater: true, dueAt: this.#later() });
    if (way === 'waits in its tick' && !action.cancelRequested) {
      Object.assign(action, { status: 'RETRY', claimIsOver: false });
      return 'stays';
    }
    const [status, exit] = WAYS[way === 'waits in its tick' ? 'waits in the queue' : way];
    const { tick } = action;
    const isUnwanted = status === 'PENDING' && action.cancelRequested && !this.#maybeSent(action);
    const dlqReason = way === 'rejected' || way === 'exhausted' || way === 'crashed' ? way : null;
    Object.assign(action, { status: isUnwanted ? 'CANCELLED' : status, tick: undefined, dlqReason });
    if (tick?.state === 'open') {
      tick.left[exit] += 1;
      if (runningIn(tick) === 0) tick.state = 'closed';
    }
    return 'left';
  }

  #later(): number {
    this.#now += 1;
    return this.#now;
  }
}
