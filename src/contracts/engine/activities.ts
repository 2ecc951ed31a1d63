/** What workflows ask of activities: types only, so that workflow code never touches an activity's code. */

import type { QuietOutcome, TickCounts, TickOutcome } from '../../domain/ledger.ts';
import type { ActionMode } from '../../domain/states.ts';

/** Who claims: the chain of runs, the run, and the token that it holds (null before its first claim). */
export interface LaneHolder {
  readonly lane: string;
  readonly workflowId: string;
  readonly firstRunId: string;
  readonly runId: string;
  readonly token: number | null;
}

export interface ClaimTickInput {
  readonly holder: LaneHolder;
  /** Chosen by the workflow, so that a claim that runs twice is one claim. */
  readonly tickId: string;
  /** The claim starts the workflows of the tick's effects; an orchestrator of before 0.2 starts a child itself. */
  readonly startsEffects?: boolean;
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

export type ClaimTickResult =
  | {
      readonly kind: 'claimed';
      readonly token: number;
      readonly tickNumber: number;
      readonly mode: ActionMode;
      readonly claimed: number;
      /** REAL actions among the claimed: they go to a tick workflow of their own. */
      readonly effects: readonly string[];
      /** After this long the tick's row closes with what still runs counted as such. */
      readonly maxTickMs: number;
      /** The claim ran before and its worker died: prove one by one, so that one action's crash is its own. */
      readonly resumed: boolean;
      readonly pacing: Pacing;
      /** It held proofs alone, which were proved at once; absent: `proveTick` is to be asked. */
      readonly summary?: TickSummary;
      /** Histories of before lack it. */
      readonly showing?: Showing;
    }
  | {
      readonly kind: 'quiet';
      readonly outcome: QuietOutcome;
      readonly token: number | null;
      readonly tickNumber: number | null;
      /** When to look again by itself; a signal comes sooner. */
      readonly retryInMs: number | null;
      readonly pacing: Pacing;
      readonly showing?: Showing;
    };

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

/** What a tick workflow is started with: ids only, payloads stay in the database. */
export interface TickInput {
  readonly lane: string;
  readonly tickId: string;
  readonly token: number;
  readonly effects: readonly string[];
  readonly maxTickMs: number;
  /** Histories of before lack it. */
  readonly showing?: Showing;
}

export interface PerformEffectInput {
  readonly lane: string;
  readonly tickId: string;
  readonly token: number;
  readonly actionId: string;
}

/** How the run of an effect's activity ended; a wait within the tick is thrown, as a failure with its delay. */
export type EffectAnswer = 'settled' | 'released' | 'gone';

export interface EffectActivities {
  /**
   * Renders, stores, passes the gate, performs, records. A second run (its worker died, or Temporal retries) never repeats
   * an effect that may have happened, unless the provider deduplicates by our key.
   */
  performEffect(input: PerformEffectInput): Promise<EffectAnswer>;
}

export interface BookkeepingActivities {
  /**
   * Checks lease and flags and claims what is due, in one transaction. Twice with one tick id is once. Before the tick
   * interval has passed it claims nothing and says how long to wait. When it answers, the workflows of the tick's effects run; it
   * may have proved as well, and then says what came of it.
   */
  claimTick(input: ClaimTickInput): Promise<ClaimTickResult>;
  /** Renders and stores what the tick claimed and closes its row. Twice is once. */
  proveTick(input: ProveTickInput): Promise<TickSummary>;
  /** Closes the row of a tick that lasts too long. Twice is once. */
  closeOverrun(input: { readonly tickId: string }): Promise<void>;
  /** Gives up on an effect whose activity failed for good: it is settled by what its attempts left. Twice is once. */
  abandonEffect(input: PerformEffectInput & { readonly reason: string }): Promise<void>;
}
