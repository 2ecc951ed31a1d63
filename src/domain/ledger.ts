/** The tick ledger: outcomes, counters, and the equation that every closed row satisfies. */

export const TICK_OUTCOMES = ['OK', 'IDLE', 'PAUSED', 'NO_LEASE', 'OVERRUN', 'KILLED', 'ERROR'] as const;
export type TickOutcome = (typeof TICK_OUTCOMES)[number];

/** Outcomes of ticks that claimed nothing: consecutive ones share a row. */
export const QUIET_OUTCOMES = ['IDLE', 'PAUSED', 'KILLED', 'NO_LEASE'] as const satisfies readonly TickOutcome[];
export type QuietOutcome = (typeof QUIET_OUTCOMES)[number];

export interface TickCounts {
  readonly claimed: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly retried: number;
  readonly released: number;
  readonly awaiting: number;
  readonly running: number;
}

/** claimed = succeeded + failed + retried + released + awaiting + running (promise 12). */
export function isBalanced(counts: TickCounts): boolean {
  const { succeeded, failed, retried, released, awaiting, running } = counts;
  return counts.claimed === succeeded + failed + retried + released + awaiting + running;
}
