/**
 * The gate: the one place that every effect passes, right before it is performed. One function of the database, so one round
 * trip: it locks the lane's lease row, then reads the flags, and commits the attempt's intent or says why not. Whoever presses
 * kill commits the flag first and then waits for the lease row, so no gate that had read the older flag is still open when
 * kill answers (docs/adr/0008).
 */

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
  /** Whose budget it needs a place in; absent: nobody's. */
  readonly account?: string | undefined;
  /** Only whether it would open: nothing is written, and nothing may be performed. */
  readonly onlyLook?: boolean;
}

/** Why the gate said no, and the action returns to the queue. */
export type ShutReason = 'killed' | 'paused' | 'proof' | 'lease_lost' | 'cancelled' | 'exhausted' | 'draft';

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
      readonly askedAtMs: number;
    }
  /** It would open: the answer to a look. */
  | { readonly kind: 'may_pass' }
  | { readonly kind: 'shut'; readonly reason: ShutReason }
  /** Its account can do nothing now, or its budget is used up: until then (epoch milliseconds), or until somebody looks after it. */
  | { readonly kind: 'on_hold'; readonly reason: string; readonly untilMs: number | null }
  /** The action is no longer this tick's: nothing is to be done with it. */
  | { readonly kind: 'gone' }
  /** Approved was another artifact than the one that would be performed. */
  | { readonly kind: 'unapproved' }
  /** A person has to approve this artifact first. */
  | { readonly kind: 'approval_needed' }
  /** An earlier attempt has neither an outcome nor passed its deadline, or the wait before this one is not over. */
  | { readonly kind: 'wait'; readonly attempt: number; readonly remainingMs: number }
  /** The receipt of an earlier attempt stands in the log: it happened. */
  | { readonly kind: 'receipt'; readonly receipt: unknown }
  /** An earlier attempt may have happened, and must not be repeated. */
  | {
      readonly kind: 'unsettled';
      readonly attempt: number;
      readonly isOpen: boolean;
      readonly firstAttemptAt: string;
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
    const rows = await query<{ index: number; answer: GateAnswer }>(connection, PASS_GATES, [JSON.stringify(requests)]);
    const answers = new Map(rows.map(({ index, answer }) => [index, answer]));
    return requests.map((_, index) => {
      const answer = answers.get(index + 1);
      if (!answer) throw new Error('the gate answered nothing');
      return answer.kind === 'open' ? { ...answer, askedAtMs } : answer;
    });
  });
}

/** Rows are locked in one order, so that two such transactions never wait for each other. */
const PASS_GATES = `
  SELECT r.index, aol_pass_gate(r.lane, r."actionId", r."tickId", r.token, r."artifactSha256", r."artifactUri", r.worker, r."proofMode",
    r."attemptTimeoutMs", r.redelivery, coalesce(r."onlyLook", false), r.account) AS answer
  FROM (SELECT item.* FROM ROWS FROM (jsonb_to_recordset($1) AS (lane text, "actionId" uuid, "tickId" uuid, token bigint,
      "artifactSha256" text, "artifactUri" text, worker text, "proofMode" boolean, "attemptTimeoutMs" double precision, redelivery jsonb,
      "onlyLook" boolean, account text))
    WITH ORDINALITY AS item (lane, "actionId", "tickId", token, "artifactSha256", "artifactUri", worker, "proofMode",
      "attemptTimeoutMs", redelivery, "onlyLook", account, index)
    ORDER BY account NULLS FIRST, lane, "actionId") AS r`;
