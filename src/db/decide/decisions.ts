/**
 * What operators decide about single actions and dead letters. A decision is one statement, and so one transaction: it
 * locks the rows that are in the status it starts from, changes them, and logs them. Of two at once, one finds nothing.
 */

import type { DlqFilter, ResolveOutcome } from '../../contracts/http/decisions.ts';
import { StateConflictError } from '../../domain/errors.ts';
import { MAX_BULK_DECISIONS } from '../../domain/limits.ts';
import { type Scope, UNBOUND } from '../../domain/scope.ts';
import type { ActionStatus } from '../../domain/states.ts';
import type { ActionRow } from '../action-row.ts';
import { type Queryable, query } from '../pool.ts';
import { findAction } from './cancel.ts';
import { listLanes, requireLane } from './flags.ts';

/** Who decides, and why. */
export interface DecidedBy {
  readonly actor: string;
  readonly reason?: string | undefined;
}

interface Decision {
  readonly from: ActionStatus;
  /** What else must hold. */
  readonly condition?: string;
  readonly set: string;
  readonly event: 'REPLAYED' | 'RESOLVED' | 'CANCELLED';
  readonly message: string;
  /** As in `an action that is DLQ cannot be replayed`. */
  readonly verb: string;
}

/** Back to the queue, due now: the attempts begin anew, their numbers go on, and an old wish to cancel is overruled. */
const NEW_ROUND = `status = 'PENDING', attempts_before = a.attempts_before + a.attempts, attempts = 0,
  run_at = clock_timestamp(), dlq_reason = NULL, last_error = NULL, cancel_requested = false`;

const RESOLVED_RECEIPT = `coalesce(a.receipt, '{}') || jsonb_build_object('outcome', 'sent', 'resolvedBy', $1::text,
  'resolvedAt', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`;

const REPLAY: Decision = {
  from: 'DLQ',
  set: NEW_ROUND,
  event: 'REPLAYED',
  message: 'replayed: a new round of attempts',
  verb: 'replayed',
};

const CLEAR: Decision = {
  from: 'DLQ',
  set: `status = 'CANCELLED', dlq_reason = NULL, finished_at = clock_timestamp()`,
  event: 'CANCELLED',
  message: 'cleared from the dead letters',
  verb: 'cleared',
};

const RESOLVE: Readonly<Record<ResolveOutcome, Decision>> = {
  sent: {
    from: 'UNCONFIRMED',
    condition: 'artifact_sha256 IS NOT NULL',
    set: `status = 'SUCCESS', last_error = NULL, finished_at = clock_timestamp(), receipt = ${RESOLVED_RECEIPT}`,
    event: 'RESOLVED',
    message: 'resolved: it was sent',
    verb: 'resolved as sent',
  },
  not_sent: {
    from: 'UNCONFIRMED',
    set: NEW_ROUND,
    event: 'RESOLVED',
    message: 'resolved: it was not sent; a new round of attempts',
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
 * it a new round of attempts.
 *
 * @throws NotFoundError
 * @throws StateConflictError with the present status
 */
export function resolveAction(db: Queryable, id: string, outcome: ResolveOutcome, by: DecidedBy): Promise<ActionRow> {
  return decideOne(db, RESOLVE[outcome], id, by);
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

/** Which dead letters: these, or those that fit. */
export type DlqSelection = { readonly ids: readonly string[] } | { readonly filter: DlqFilter };

export interface DlqOptions extends DecidedBy {
  /** The lanes and types that the caller may touch; absent: all. */
  readonly scope?: Scope;
  /** Only count. */
  readonly dryRun?: boolean;
}

export interface DlqResult {
  readonly dryRun: boolean;
  /** Dead letters that fitted when the call began. */
  readonly matched: number;
  readonly changed: number;
  /** What fitted beyond the limit of one call. */
  readonly remaining: number;
  readonly refused: readonly { readonly id: string; readonly currentStatus: ActionStatus | null }[];
  /** The database's time when the call began. */
  readonly asOf: Date;
  /** Lanes of what was changed. */
  readonly lanes: readonly string[];
}

/** Replays at most 1,000 dead letters, each by the rules of {@link replayAction}. */
export function replayMany(db: Queryable, selection: DlqSelection, options: DlqOptions): Promise<DlqResult> {
  return decideMany(db, REPLAY, selection, options);
}

/** Clears at most 1,000 dead letters, each by the rules of {@link clearAction}. */
export function clearMany(db: Queryable, selection: DlqSelection, options: DlqOptions): Promise<DlqResult> {
  return decideMany(db, CLEAR, selection, options);
}

async function decideOne(db: Queryable, decision: Decision, id: string, by: DecidedBy): Promise<ActionRow> {
  const [changed] = await decide<ActionRow>(db, decision, by, {
    columns: '*',
    condition: 'id = $3',
    values: [id],
    limit: 1,
  });
  if (changed) return changed;
  const { status } = await findAction(db, id);
  const lacks = status === decision.from && decision.condition ? ' and has no artifact' : '';
  throw new StateConflictError(`an action that is ${status}${lacks} cannot be ${decision.verb}`, status);
}

async function decideMany(
  db: Queryable,
  decision: Decision,
  selection: DlqSelection,
  { dryRun = false, scope = UNBOUND, ...by }: DlqOptions,
): Promise<DlqResult> {
  const where = withinScope(await whereOf(db, selection), scope);
  const { matched, asOf } = await count(db, decision, where);
  const changed = dryRun
    ? []
    : await decide<{ id: string; lane: string }>(db, decision, by, {
        columns: 'id, lane',
        limit: MAX_BULK_DECISIONS,
        ...where,
      });
  const done = dryRun ? undefined : new Set(changed.map((row) => row.id));
  return {
    dryRun,
    matched,
    changed: changed.length,
    remaining: 'ids' in selection ? 0 : Math.max(0, matched - changed.length),
    refused: 'ids' in selection ? await refusedOf(db, decision, selection.ids, { done, scope }) : [],
    asOf,
    lanes: [...new Set(changed.map((row) => row.lane))].sort(),
  };
}

/** A condition on rows, with its values from `$3` on. */
interface Where {
  readonly condition: string;
  readonly values: readonly unknown[];
}

async function whereOf(db: Queryable, selection: DlqSelection): Promise<Where> {
  if ('ids' in selection) return { condition: 'id = ANY ($3::uuid[])', values: [selection.ids] };
  const { lane, type, dlqReason, before } = selection.filter;
  if (lane !== undefined) await requireLane(db, lane);
  // The lanes are named so that the index by lane and status is used.
  const lanes = lane === undefined ? await listLanes(db) : [lane];
  return {
    condition: `lane = ANY ($3::text[]) AND ($4::text IS NULL OR type = $4) AND ($5::text IS NULL OR dlq_reason = $5)
      AND ($6::timestamptz IS NULL OR updated_at < $6)`,
    values: [lanes, type ?? null, dlqReason ?? null, before ?? null],
  };
}

function withinScope({ condition, values }: Where, { lanes, types }: Scope): Where {
  const [lanesAt, typesAt] = [values.length + 3, values.length + 4];
  return {
    condition: `${condition} AND ($${lanesAt}::text[] IS NULL OR lane = ANY ($${lanesAt})) AND ($${typesAt}::text[] IS NULL OR type = ANY ($${typesAt}))`,
    values: [...values, lanes, types],
  };
}

/** The one statement. Rows are locked in the order of their ids, so that two bulk decisions never wait for each other. */
function decide<Row extends object>(
  db: Queryable,
  { from, condition = 'true', set, event, message }: Decision,
  by: DecidedBy,
  which: Where & { readonly columns: string; readonly limit: number },
): Promise<Row[]> {
  return query<Row & Record<string, unknown>>(
    db,
    `WITH chosen AS (
       SELECT id, attempts_before + attempts AS attempts, dlq_reason, last_error FROM aol_actions
       WHERE status = '${from}' AND ${condition} AND ${which.condition}
       ORDER BY id LIMIT ${which.limit} FOR UPDATE),
     changed AS (
       UPDATE aol_actions a SET ${set}, claim_count = 0, updated_at = clock_timestamp()
       FROM chosen WHERE a.id = chosen.id RETURNING a.*),
     logged AS (
       INSERT INTO aol_execution_logs (lane, action_id, event, level, actor, message, detail)
       SELECT changed.lane, changed.id, '${event}', 'WARNING', $1::text, '${message}' || coalesce(': ' || $2::text, ''),
         jsonb_strip_nulls(jsonb_build_object('from', '${from}', 'to', changed.status, 'reason', $2::text,
           'attempts', chosen.attempts, 'dlqReason', chosen.dlq_reason, 'lastError', chosen.last_error))
       FROM changed JOIN chosen USING (id) ORDER BY changed.id)
     SELECT ${which.columns} FROM changed`,
    [by.actor, by.reason ?? null, ...which.values],
  );
}

async function count(
  db: Queryable,
  { from }: Decision,
  { condition, values }: Where,
): Promise<{ readonly matched: number; readonly asOf: Date }> {
  const [row] = await query<{ matched: number; as_of: Date }>(
    db,
    // Times go out in milliseconds: rounded up, so that what is there now lies before it.
    `SELECT count(*) AS matched, date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond' AS as_of
     FROM aol_actions WHERE status = $1 AND $2::text IS NULL AND ${condition}`,
    [from, null, ...values],
  );
  if (!row) throw new Error('a count answered nothing');
  return { matched: row.matched, asOf: row.as_of };
}

/** Those of the ids that were not decided, or of a dry run would not be. */
async function refusedOf(
  db: Queryable,
  { from }: Decision,
  ids: readonly string[],
  { done, scope }: { readonly done: ReadonlySet<string> | undefined; readonly scope: Scope },
): Promise<DlqResult['refused']> {
  const { condition, values } = withinScope(
    { condition: '$1::text IS NULL AND $2::text IS NULL AND id = ANY ($3::uuid[])', values: [ids] },
    scope,
  );
  const rows = await query<{ id: string; status: ActionStatus }>(
    db,
    `SELECT id, status FROM aol_actions WHERE ${condition}`,
    [null, null, ...values],
  );
  const statuses = new Map(rows.map((row) => [row.id, row.status]));
  const left = [...new Set(ids)].filter((id) => (done ? !done.has(id) : statuses.get(id) !== from));
  return left.map((id) => ({ id, currentStatus: statuses.get(id) ?? null }));
}
