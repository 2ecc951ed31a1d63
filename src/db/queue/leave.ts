/** How actions leave their tick: `aol_leave`, the one mechanism for outcomes, releases, proofs' ends and cancels. */

import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { ActionStatus, DlqReason } from '../../domain/states.ts';
import { type Queryable, query } from '../pool.ts';

/** One action that leaves. Absent fields change nothing. */
export interface Leaving {
  readonly actionId: string;
  readonly to: Exclude<ActionStatus, 'RUNNING'>;
  readonly message: string;
  /** The claim that it leaves; without one, or an attempt, whoever holds it. */
  readonly tickId?: string;
  readonly token?: number;
  /** The attempt whose outcome this is; it needs nothing else. */
  readonly attempt?: number;
  readonly outcome?: AttemptOutcome['kind'];
  readonly receipt?: unknown;
  /** What the attempt cost, in millionths of a US dollar; absent: nobody knows, and what was reserved for it stays. */
  readonly spentMicroUsd?: number;
  readonly reason?: DlqReason;
  readonly actor?: string;
  /** Not again before that time. */
  readonly delayMs?: number;
  /** Not again before its own time. */
  readonly untilDue?: boolean;
  /** The account that it waits for: it is due again when that can act. */
  readonly heldBy?: string | undefined;
  /** A RETRY that waits in its tick; any other waits in the queue. */
  readonly waitsInTick?: boolean;
  readonly artifactSha256?: string;
  readonly artifactUri?: string;
  /** How long a person has to approve it. */
  readonly approvalTtlMs?: number;
  readonly durationMs?: number;
  /** What the provider said of the attempts before: they are settled by it. */
  readonly settles?: boolean;
}

/**
 * What became of it: it went there; it waits in its tick; its attempt was closed or its action gone on, and a receipt was recorded
 * beside it; or it is no longer this claim's, and nothing was done.
 */
export type LeaveAnswer = 'left' | 'stays' | 'late' | 'gone';

/** All leave in one statement. Answers one for each, in their order. A second call with the same changes nothing. */
export async function leave(db: Queryable, items: readonly Leaving[]): Promise<LeaveAnswer[]> {
  const rows = await query<{ index: number; answer: LeaveAnswer }>(db, 'SELECT index, answer FROM aol_leave($1)', [
    JSON.stringify(items),
  ]);
  const answers = new Map(rows.map(({ index, answer }) => [index, answer]));
  return items.map((_, index) => answers.get(index + 1) ?? 'gone');
}
