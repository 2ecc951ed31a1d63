/**
 * What operators decide about single actions. A decision is one statement, and so one transaction: it locks the rows that are in the
 * status it starts from, changes them, and logs them. Of two at once, one finds nothing. `many.ts` decides about many with the same.
 */

import type { ResolveOutcome } from '../../contracts/http/decisions.ts';
import { StateConflictError } from '../../domain/errors.ts';
import type { ActionStatus } from '../../domain/states.ts';
import type { ActionRow } from '../action-row.ts';
import { type Part, run } from '../look/page.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { findAction } from './cancel.ts';

/** Who decides, and why. */
export interface DecidedBy {
  readonly actor: string;
  readonly reason?: string | undefined;
}

export interface Decision {
  readonly from: readonly ActionStatus[];
  /** What else must hold. */
  readonly condition?: string;
  readonly set: string;
  readonly event: 'REPLAYED' | 'RESOLVED' | 'CANCELLED';
  readonly message: string;
  /** A new round prepares anew: what was made before may be gone at the provider, or have failed too often. */
  readonly preparesAnew?: boolean;
  /** As in `an action that is DLQ cannot be replayed`. */
  readonly verb: string;
}

/**
 * Back to the queue, due now: the attempts begin anew, their numbers go on, deaths of workers are forgotten, and an old wish to cancel
 * is overruled.
 */
const NEW_ROUND = `status = 'PENDING', attempts_before = a.attempts_before + a.attempts, attempts = 0, claim_count = 0,
  run_at = clock_timestamp(), dlq_reason = NULL, last_error = NULL, cancel_requested = false`;

const RESOLVED_RECEIPT = `coalesce(a.receipt, '{}') || jsonb_build_object('outcome', 'sent', 'resolvedBy', by_whom.actor,
  'resolvedAt', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`;

export const REPLAY: Decision = {
  from: ['DLQ'],
  set: NEW_ROUND,
  event: 'REPLAYED',
  message: 'replayed: a new round of attempts',
  preparesAnew: true,
  verb: 'replayed',
};

export const CLEAR: Decision = {
  from: ['DLQ'],
  set: `status = 'CANCELLED', dlq_reason = NULL, finished_at = clock_timestamp()`,
  event: 'CANCELLED',
  message: 'cleared from the dead letters',
  verb: 'cleared',
};

const RESOLVE: Readonly<Record<ResolveOutcome, Decision>> = {
  sent: {
    from: ['UNCONFIRMED'],
    condition: 'artifact_sha256 IS NOT NULL',
    set: `status = 'SUCCESS', last_error = NULL, finished_at = clock_timestamp(), receipt = ${RESOLVED_RECEIPT}`,
    event: 'RESOLVED',
    message: 'resolved: it was sent',
    verb: 'resolved as sent',
  },
  not_sent: {
    from: ['UNCONFIRMED'],
    set: NEW_ROUND,
    event: 'RESOLVED',
    message: 'resolved: it was not sent; a new round of attempts',
    preparesAnew: true,
    verb: 'resolved as not sent',
  },
};

/**
 * Gives a dead letter a new round of attempts under the same key. Of many calls at once one does, the others are refused.
 *
 * @throws NotFoundError
 * @throws StateConflictError with the present status when it is no dead letter
 */
export function replayAction(db: Queryable, id: string, by: DecidedBy): Promise<ActionRow> {
  return decideOne(db, REPLAY, id, by);
}

/**
 * Says what became of an UNCONFIRMED effect: sent ends it as SUCCESS with the person's word as receipt, not sent gives
 * it a new round of attempts, and its budgets what it drew from them.
 *
 * @throws NotFoundError
 * @throws StateConflictError with the present status
 */
export function resolveAction(db: Database, id: string, outcome: ResolveOutcome, by: DecidedBy): Promise<ActionRow> {
  if (outcome === 'sent') return decideOne(db, RESOLVE.sent, id, by);
  return transaction(db, async (connection) => {
    const [found] = await query<{ given: string | null }>(
      connection,
      'SELECT aol_given_back_by_word($1)::text AS given',
      [id],
    );
    const given = found?.given ?? null;
    const row = await decideOne(connection, RESOLVE.not_sent, id, by, given);
    if (given !== null) await query(connection, 'SELECT aol_give_back($1, ARRAY[1])', [given]);
    return row;
  });
}

/**
 * Cancels a dead letter.
 *
 * @throws NotFoundError
 * @throws StateConflictError with the present status
 */
export function clearAction(db: Queryable, id: string, by: DecidedBy): Promise<ActionRow> {
  return decideOne(db, CLEAR, id, by);
}

async function decideOne(
  db: Queryable,
  decision: Decision,
  id: string,
  by: DecidedBy,
  given: string | null = null,
): Promise<ActionRow> {
  const [changed] = await decide<ActionRow>(db, decision, by, {
    columns: '*',
    where: (value) => `id = ${value(id)}::uuid`,
    limit: 1,
    given,
  });
  if (changed) return changed;
  const { status } = await findAction(db, id);
  const lacks = decision.from.includes(status) && decision.condition ? ' and has no artifact' : '';
  throw new StateConflictError(`an action that is ${status}${lacks} cannot be ${decision.verb}`, status);
}

/** The one statement. Rows are locked in the order of their ids, so that two bulk decisions never wait for each other. */
export function decide<Row extends object>(
  db: Queryable,
  { from, condition = 'true', set, event, message, preparesAnew = false }: Decision,
  by: DecidedBy,
  which: {
    readonly where: Part;
    readonly columns: string;
    readonly limit: number;
    /** What the one action gives back to its budgets: the answer of `aol_given_back`. */
    readonly given?: string | null;
  },
): Promise<Row[]> {
  const statuses = from.map((status) => `'${status}'`).join(', ');
  return run<Row>(
    db,
    (
      value,
    ) => `WITH by_whom AS MATERIALIZED (SELECT ${value(by.actor)}::text AS actor, ${value(by.reason ?? null)}::text AS reason),
     chosen AS (
       SELECT id, status, attempts_before + attempts AS attempts, dlq_reason, last_error FROM aol_actions
       WHERE status IN (${statuses}) AND ${condition} AND (${which.where(value)})
       ORDER BY id LIMIT ${which.limit} FOR UPDATE),
     changed AS (
       UPDATE aol_actions a SET ${set}, updated_at = clock_timestamp()
       FROM chosen, by_whom WHERE a.id = chosen.id RETURNING a.*),
     forgotten AS (
       DELETE FROM aol_preparations p USING chosen WHERE p.action_id = chosen.id AND ${preparesAnew}),
     logged AS (
       INSERT INTO aol_execution_logs (lane, action_id, event, level, actor, message, detail)
       SELECT changed.lane, changed.id, '${event}', 'WARNING', actor, '${message}' || coalesce(': ' || reason, ''),
         jsonb_strip_nulls(jsonb_build_object('from', chosen.status, 'to', changed.status, 'reason', reason,
           'attempts', chosen.attempts, 'dlqReason', chosen.dlq_reason, 'lastError', chosen.last_error,
           'drawn', ${value(which.given ?? null)}::jsonb -> '1'))
       FROM changed JOIN chosen USING (id) CROSS JOIN by_whom ORDER BY changed.id)
     SELECT ${which.columns} FROM changed`,
  );
}
