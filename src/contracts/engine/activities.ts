/** What workflows ask of activities: types only, so that workflow code never touches an activity's code. */

import type { QuietOutcome, TickCounts, TickOutcome } from '../../domain/ledger.ts';
import type { ActionMode, ActionStatus } from '../../domain/states.ts';

/** Who claims: the chain of runs, the run, and the token that it holds (null before its first claim). */
export interface LaneHolder {
  readonly lane: string;
  readonly workflowId: string;
  readonly firstRunId: string;
  readonly runId: string;
  /** When the run began, by Temporal's clock: of two runs of one lane the later one lives. */
  readonly runStartedAtMs: number;
  readonly token: number | null;
}

export interface ClaimTickInput {
  readonly holder: LaneHolder;
  /** Chosen by the workflow, so that a claim that runs twice is one claim. */
  readonly tickId: string;
}

/** When the lane may and need be looked at again, by the database's clock. */
export interface Pacing {
  /** Time until the tick interval allows the next claim: 0 for now. */
  readonly claimInMs: number;
  /** Time until something is due: 0 for now, null when nothing waits or nothing may be claimed. */
  readonly nextDueInMs: number | null;
  /** As many actions run as may: only the end of one makes room. */
  readonly isFull?: boolean;
}

/** What a run may show of itself in Temporal's web page. */
export interface Showing {
  /** The server knows our search attributes. */
  readonly searchable: boolean;
  /** Where the dashboard is, for links to it. */
  readonly dashboard: string;
}

interface Looked {
  /** The numbers of ticks whose effects are at work: their workflows are cancelled when the lane is killed. */
  readonly openTicks: readonly number[];
  readonly pacing: Pacing;
  readonly showing?: Showing;
}

export type ClaimTickResult =
  | (Looked & {
      readonly kind: 'claimed';
      readonly token: number;
      readonly tickNumber: number;
      readonly mode: ActionMode;
      readonly claimed: number;
      /** REAL actions among the claimed: they go to a workflow of their own, which runs when this is answered. */
      readonly effects: readonly string[];
      /** After this long the tick's row closes with what still runs counted as such. */
      readonly maxTickMs: number;
      /** The claim ran before. */
      readonly resumed: boolean;
      /** Its proofs are done; absent: `proveTick` is to be asked. */
      readonly summary?: TickSummary;
    })
  | (Looked & {
      readonly kind: 'quiet';
      readonly outcome: QuietOutcome;
      readonly token: number | null;
      readonly tickNumber: number | null;
      /** When to look again by itself; a signal comes sooner. */
      readonly retryInMs: number | null;
    });

export interface ProveTickInput {
  readonly lane: string;
  readonly tickId: string;
  readonly token: number;
}

/** What a tick did, as in its ledger row. */
export interface TickSummary extends TickCounts {
  readonly tickId: string;
  readonly number: number;
  readonly outcome: TickOutcome | null;
  readonly mode: ActionMode;
  readonly deadLettered: number;
  readonly unconfirmed: number;
  readonly nextDueInMs: number | null;
}

/** The effects of a tick, or those of them that are still at work: ids only, payloads stay in the database. */
export interface TickInput {
  readonly lane: string;
  readonly tickId: string;
  readonly token: number;
  readonly effects: readonly string[];
  readonly maxTickMs: number;
  readonly showing?: Showing;
}

/** How far the first attempts of a tick are. */
export interface TickProgress {
  /** Still at work: to be asked for again. */
  readonly atWork: readonly string[];
  /** To be attempted again, each by an activity of its own. */
  readonly again: readonly string[];
  /** Workers died with them twice: one after another, so that the next death shows which is to blame. */
  readonly alone: readonly string[];
  /** How those ended that have left the tick: for people who read the history. */
  readonly ended: Readonly<Record<string, EffectAnswer>>;
}

export interface PerformEffectInput {
  readonly lane: string;
  readonly tickId: string;
  readonly token: number;
  readonly actionId: string;
}

/** Where an effect went. `gone`: it was no longer this tick's. `suspect`: it has to go alone. */
export type EffectAnswer = ActionStatus | 'gone' | 'suspect';

export interface EffectActivities {
  /**
   * The first attempts of a tick, together: joins those that this process has begun, begins the others. Answers when all have ended,
   * when some are to be attempted again, or after half a minute. A second run never repeats an effect that may have happened, unless
   * the provider allows it.
   */
  performTick(input: TickInput): Promise<TickProgress>;
  /** One later attempt: renders, stores, passes the gate, performs, records. The wait before the next one is thrown, as a failure. */
  performEffect(input: PerformEffectInput): Promise<EffectAnswer>;
  /** The same, alone in its lane over all workers. */
  performAlone(input: PerformEffectInput): Promise<EffectAnswer>;
}

export interface BookkeepingActivities {
  /**
   * Checks lease and flags and claims what is due, in one transaction. Twice with one tick id is once. Before the tick
   * interval has passed it claims nothing and says how long to wait. When it answers, the tick's effects have begun and have their
   * workflow, and its proofs are done.
   */
  claimTick(input: ClaimTickInput): Promise<ClaimTickResult>;
  /** Renders and stores what the tick claimed and closes its row. Twice is once. */
  proveTick(input: ProveTickInput): Promise<TickSummary>;
  /** Gives up on an effect whose activity failed for good: it is settled by what its attempts left. Twice is once. */
  abandonEffect(input: PerformEffectInput & { readonly reason: string }): Promise<void>;
}
