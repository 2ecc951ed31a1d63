/** What the model of a lane consists of: runs, ticks, actions, attempts, and the ways that they can take. */

import type { ActionMode, ActionStatus, DlqReason } from '../../src/domain/states.ts';

/** How an action leaves the tick that holds it, as the ledger counts it. */
export type Exit = 'succeeded' | 'retried' | 'released' | 'awaiting' | 'deadLettered' | 'unconfirmed';

export interface Run {
  readonly name: string;
  /** Of the runs of one lineage the later takes over from the earlier at once. */
  readonly lineage: string;
  /** Its place in the order in which runs began. */
  readonly beganAs: number;
  token: number | null;
}

export interface Tick {
  readonly name: string;
  readonly run: Run;
  /** The token that the run had when it asked. */
  readonly askedWith: number | null;
  readonly token: number;
  readonly claimed: number;
  readonly left: Record<Exit, number>;
  /** Cut off: closed with what still ran counted as such. */
  state: 'open' | 'closed' | 'cut off';
}

export interface Attempt {
  readonly action: Action;
  readonly number: number;
  /** Within its round, from 1. */
  readonly ofRound: number;
  readonly tick: Tick;
  /** An attempt before it may have happened. */
  readonly repeatsUnknown: boolean;
  /** Its deadline has passed, or its worker is gone: nobody can end it any more, but whoever began it may still say how it ended. */
  isOver: boolean;
  /** It may have happened: it has no outcome yet, or an unknown one, and nobody has said since what became of it. */
  isUncertain: boolean;
}

/** What a provider makes of a second request under our key. `closed`: it deduplicates, and the time for that is over. */
export type Provider = 'neither' | 'dedupes' | 'closed' | 'harmless';
/** Repeats that do no harm. */
export const HARMLESS_REPEATS = 1;

export interface Asked {
  readonly mode: ActionMode;
  readonly type: string;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly needsApproval: boolean;
  readonly provider: Provider;
  readonly isLater: boolean;
}

export interface Action extends Asked {
  readonly name: string;
  readonly promotedFrom: Action | undefined;
  readonly revises: Action | undefined;
  /** Of a revision: it was moved to another time, too. */
  readonly isMoved: boolean;
  status: ActionStatus;
  needsApproval: boolean;
  /** The time at which its effect may begin lies ahead; and its place among those times. */
  isAhead: boolean;
  time: number;
  /** Its place in time among what is claimed; or its next claim lies ahead. */
  dueAt: number;
  isLater: boolean;
  attempts: number;
  attemptsBefore: number;
  tick: Tick | undefined;
  claimIsOver: boolean;
  /** The worker that has it in hand. */
  worker: 'lives' | 'is gone' | undefined;
  deaths: number;
  open: Attempt | undefined;
  rendered: string | undefined;
  approved: string | undefined;
  cancelRequested: boolean;
  dlqReason: DlqReason | null;
  receipt: string | null;
  /** Receipts that stand beside it, and the last that nobody replayed since. */
  readonly receiptsBeside: Set<string>;
  standing: string | undefined;
}

export interface Flags {
  paused: boolean;
  killed: boolean;
  proof_only: boolean;
  approval_policy: 'none' | 'first_of_type' | 'all';
  max_running: number;
  max_actions_per_tick: number;
}

/** Of a lane without flags of its own. */
export const FIRST_FLAGS: Flags = {
  paused: false,
  killed: false,
  proof_only: false,
  approval_policy: 'none',
  max_running: 100,
  max_actions_per_tick: 3,
};

export type Outcome =
  | { readonly kind: 'done'; readonly receipt: string }
  | { readonly kind: 'not_sent' | 'unknown'; readonly isLong: boolean }
  | { readonly kind: 'rejected' }
  /** Not sent, because it was aborted. */
  | { readonly kind: 'stopped' };

/** Where an action goes: a state, a dead letter's reason, or a wait for the next attempt in its tick or in the queue. */
export type Way =
  | 'SUCCESS'
  | 'UNCONFIRMED'
  | 'AWAITING_APPROVAL'
  | 'PENDING'
  | 'waits for its time'
  | 'CANCELLED'
  | 'rejected'
  | 'exhausted'
  | 'crashed'
  | 'waits in its tick'
  | 'waits in the queue';

/** The state that each way leads to, and how the tick's ledger counts it. */
export const WAYS: Record<Exclude<Way, 'waits in its tick'>, readonly [ActionStatus, Exit]> = {
  SUCCESS: ['SUCCESS', 'succeeded'],
  UNCONFIRMED: ['UNCONFIRMED', 'unconfirmed'],
  AWAITING_APPROVAL: ['AWAITING_APPROVAL', 'awaiting'],
  PENDING: ['PENDING', 'released'],
  'waits for its time': ['PENDING', 'released'],
  CANCELLED: ['CANCELLED', 'released'],
  'waits in the queue': ['PENDING', 'retried'],
  rejected: ['DLQ', 'deadLettered'],
  exhausted: ['DLQ', 'deadLettered'],
  crashed: ['DLQ', 'deadLettered'],
};

/** As it is when it is queued. */
export function newAction(name: string, asked: Asked, dueAt: number): Action {
  const nothing = {
    promotedFrom: undefined,
    revises: undefined,
    isMoved: false,
    tick: undefined,
    worker: undefined,
    open: undefined,
    standing: undefined,
  };
  const numbers = { dueAt, time: dueAt, attempts: 0, attemptsBefore: 0, deaths: 0 };
  const said = { rendered: undefined, approved: undefined, dlqReason: null, receipt: null };
  return {
    ...{ ...asked, ...nothing, ...numbers, ...said, name, status: 'PENDING', isAhead: asked.isLater },
    ...{ claimIsOver: false, cancelRequested: false, receiptsBeside: new Set() },
  };
}

const SETTLED: readonly ActionStatus[] = ['SUCCESS', 'CANCELLED', 'DLQ', 'UNCONFIRMED'];
export const isSettled = ({ status }: Action) => SETTLED.includes(status);
export const isFinal = ({ status }: Action) => status === 'SUCCESS' || status === 'CANCELLED';
/** An open attempt owns its action, until its outcome or its deadline. */
export const isOwned = ({ open }: Action) => open !== undefined && !open.isOver;

/** What an outcome leads to (section 2). A refusal says nothing about an attempt before it that may have happened. */
export function wayOf(outcome: Outcome, { action, ofRound, repeatsUnknown }: Attempt): Way {
  const isLast = ofRound >= action.maxAttempts;
  switch (outcome.kind) {
    case 'done':
      return 'SUCCESS';
    case 'stopped':
      return 'PENDING';
    case 'rejected':
      return repeatsUnknown ? 'UNCONFIRMED' : 'rejected';
    case 'unknown':
      if (isLast || action.provider === 'neither') return 'UNCONFIRMED';
      return outcome.isLong ? 'waits in the queue' : 'waits in its tick';
    case 'not_sent':
      if (isLast) return repeatsUnknown ? 'UNCONFIRMED' : 'exhausted';
      return outcome.isLong ? 'waits in the queue' : 'waits in its tick';
  }
}

export const nobody = (): Tick['left'] => ({
  succeeded: 0,
  retried: 0,
  released: 0,
  awaiting: 0,
  deadLettered: 0,
  unconfirmed: 0,
});

export function runningIn(tick: Tick): number {
  return Object.values(tick.left).reduce((sum, count) => sum - count, tick.claimed);
}

export const lastNumber = ({ attempts, attemptsBefore }: Action) => attemptsBefore + attempts;

/** What an adapter of the present version renders of it. */
export const shaOf = ({ name }: Pick<Action, 'name'>) => `artifact of ${name}`;

export const revisedName = ({ name }: Action) => `${name}'`;

export const promotedName = ({ name }: Action) => `promoted ${name}`;

export const names = (actions: readonly Action[]) => actions.map(({ name }) => name).sort();
