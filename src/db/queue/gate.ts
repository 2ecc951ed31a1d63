/**
 * The gate: the one place that every effect passes, right before it is performed. One function of the database, so one round
 * trip: it locks the lane's lease row, then reads the flags, and commits the attempt's intent or says why not. Whoever presses
 * kill commits the flag first and then waits for the lease row, so no gate that had read the older flag is still open when
 * kill answers (docs/adr/0008).
 */

import type { Draw } from '../../domain/budgets.ts';
import type { Redelivery } from '../../domain/outcomes.ts';
import { type Database, query, withConnection } from '../pool.ts';

/** One effect that a tick holds. */
export interface EffectClaim {
  readonly lane: string;
  readonly actionId: string;
  readonly tickId: string;
  readonly token: number;
}

export interface GateRequest extends EffectClaim {
  readonly artifactSha256: string;
  readonly artifactUri: string;
  readonly proofMode: boolean;
  /** How long the attempt may take; by the database's clock it is over then. */
  readonly attemptTimeoutMs: number;
  /** What the provider makes of a second request under our key. */
  readonly redelivery: Redelivery;
  /** The process that asks: it has the action in hand from now on. */
  readonly worker: string;
  /** The account that speaks, which must be able to; absent: nobody's. */
  readonly account?: string | undefined;
  /** What it takes of which budgets; absent: nothing. No scope and name stands twice. */
  readonly draws?: readonly Draw[];
  /** Only whether it would open: nothing is written, and nothing may be performed. */
  readonly onlyLook?: boolean;
}

/** Why the gate said no, and the action returns to the queue. */
export type ShutReason = 'killed' | 'paused' | 'proof' | 'lease_lost' | 'cancelled' | 'exhausted' | 'draft' | 'not_due';

export type GateAnswer =
  /** Asked at this moment of `performance.now()`, when a connection was there. */
  | {
      readonly kind: 'open';
      readonly attempt: number;
      readonly attemptsLeft: number;
      /** Attempts before this one may have happened: what the provider says now is said of them too. */
      readonly repeatsUnknown: boolean;
      /** When the first attempt that may have happened began, ISO 8601; now, if there was none. */
      readonly firstAttemptAt: string;
      /** When this one began, ISO 8601. */
      readonly lastAttemptAt: string;
      readonly askedAtMs: number;
    }
  /** It would open: the answer to a look. */
  | { readonly kind: 'may_pass' }
  | { readonly kind: 'shut'; readonly reason: ShutReason }
  /** Its account can do nothing now: until then (epoch milliseconds), or until somebody looks after it. */
  | { readonly kind: 'on_hold'; readonly reason: string; readonly untilMs: number | null; readonly heldBy: string }
  /** A budget has no room for it: until then, or until somebody changes the budget. */
  | { readonly kind: 'no_room'; readonly reason: string; readonly untilMs: number | null; readonly heldBy: string }
  /** The action is no longer this tick's: nothing is to be done with it. */
  | { readonly kind: 'gone' }
  /** Approved was another artifact than the one that would be performed. */
  | { readonly kind: 'unapproved' }
  /** A person has to approve this artifact first. */
  | { readonly kind: 'approval_needed' }
  /**
   * An earlier attempt has neither an outcome nor passed its deadline, or the wait before this one is not over: to be asked again after
   * `againInMs`.
   */
  | { readonly kind: 'wait'; readonly attempt: number; readonly againInMs: number }
  /** The receipt of an earlier attempt stands in the log: it happened. */
  | { readonly kind: 'receipt'; readonly receipt: unknown }
  /** An earlier attempt may have happened, and must not be repeated. */
  | {
      readonly kind: 'unsettled';
      readonly attempt: number;
      readonly isOpen: boolean;
      readonly firstAttemptAt: string;
      readonly lastAttemptAt: string;
    };

/**
 * Asks for leave to perform. `open` means that the intent of the attempt is committed: from now on it counts, and its
 * outcome must be recorded.
 *
 * @throws UnavailableError when flags cannot be read or a lock is held too long: nothing may be performed then
 */
export async function passGate(db: Database, request: GateRequest): Promise<GateAnswer> {
  const [answer] = await passGates(db, [request]);
  if (!answer) throw new Error('the gate answered nothing');
  return answer;
}

/** {@link passGate} for several at once, in one transaction: all of them are answered, or none has passed. */
export function passGates(db: Database, requests: readonly GateRequest[]): Promise<GateAnswer[]> {
  return withConnection(db, async (connection) => {
    const askedAtMs = performance.now();
    const rows = await query<{ index: number; answer: GateAnswer }>(
      connection,
      'SELECT index, answer FROM aol_pass_gates($1)',
      [JSON.stringify(requests)],
    );
    const answers = new Map(rows.map(({ index, answer }) => [index, answer]));
    return requests.map((_, index) => {
      const answer = answers.get(index + 1);
      if (!answer) throw new Error('the gate answered nothing');
      return answer.kind === 'open' ? { ...answer, askedAtMs } : answer;
    });
  });
}
