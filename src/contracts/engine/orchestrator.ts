/** The orchestrator's own contract: what it is started with, and what it answers to queries and updates. */

import type { TickOutcome } from '../../domain/ledger.ts';
import type { ActionMode } from '../../domain/states.ts';
import type { TickSummary } from './activities.ts';

export interface OrchestratorInput {
  readonly lane: string;
  /**
   * True: ticks whenever something is due. False: ticks only when asked to by the `tick` update (`aol run`), until
   * a wake signal of a supervisor makes it autonomous.
   */
  readonly autonomous: boolean;
  /** Handed on when it continues as new. */
  readonly carried?: OrchestratorCarried;
}

/** What the `control` signal may carry. The flags themselves are read from their rows. */
export interface ControlChange {
  /** The lane was killed: its effects at work are to stop. */
  readonly killed?: boolean;
}

export interface OrchestratorCarried {
  readonly token: number | null;
  /** A tick whose claim or proof did not end yet; it is taken up again under the same id. */
  readonly openTickId: string | null;
  readonly ticks: number;
}

/** What the `tick` update answers. */
export type TickAnswer =
  | { readonly kind: 'proved'; readonly summary: TickSummary }
  | { readonly kind: 'quiet'; readonly outcome: TickOutcome }
  | { readonly kind: 'failed'; readonly reason: string };

export interface OrchestratorState {
  readonly lane: string;
  readonly autonomous: boolean;
  readonly token: number | null;
  readonly ticks: number;
  readonly lastOutcome: TickOutcome | null;
  /** The mode of its last claim; null before the first one. */
  readonly mode: ActionMode | null;
  /** The last tick whose proofs are done, as in its ledger row then; null before the first one. */
  readonly lastTick: TickSummary | null;
  /** A tick that began and has not ended, or that failed and is taken up again. */
  readonly openTickId: string | null;
  /** What it waits for, in words. */
  readonly waitingFor: string;
}
