/** What a token that is bound to lanes and types sees and touches. Null is a token without bounds. */

import type { EnqueueRequest } from '../../contracts/http/action.ts';
import type { LogEntry } from '../../contracts/http/log.ts';
import type { ActionRow } from '../../db/action-row.ts';
import { findAction } from '../../db/decide/cancel.ts';
import type { Queryable } from '../../db/pool.ts';
import type { BudgetScope } from '../../domain/budgets.ts';
import { ForbiddenError, NotFoundError } from '../../domain/errors.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import type { Role } from '../../domain/roles.ts';
import { coversLane, type Scope, UNBOUND } from '../../domain/scope.ts';
import { callerHas } from './route-rights.ts';

/**
 * The lanes that a read is about: the one that was asked for, else those that the token is bound to; undefined is all.
 *
 * @throws ForbiddenError for a lane that the token is not bound to
 */
export function lanesToRead(scope: Scope | null, asked?: string): readonly string[] | undefined {
  if (asked === undefined) return scope?.lanes ?? undefined;
  requireLaneInScope(scope, asked);
  return [asked];
}

/**
 * Refuses a lane that the token is not bound to, and `*` to each token that is bound.
 *
 * @throws ForbiddenError
 */
export function requireLaneInScope(scope: Scope | null, lane: string): void {
  const { lanes } = scope ?? UNBOUND;
  if (lanes === null || lanes.includes(lane)) return;
  const asked = lane === ALL_LANES ? 'all lanes' : `lane ${lane}`;
  throw new ForbiddenError(`this token is bound to lane ${lanes.join(', ')}, and this is about ${asked}`);
}

/**
 * Refuses a type that the token is not bound to, and `*` to each token that is bound.
 *
 * @throws ForbiddenError
 */
export function requireTypeInScope(scope: Scope | null, type: string): void {
  requireOfTypes(scope, type, type === '*' ? 'about all types' : type);
}

/**
 * Refuses each budget but those of the types that the token is bound to: the others bound what is sent of other types too.
 *
 * @throws ForbiddenError
 */
export function requireBudgetInScope(
  scope: Scope | null,
  { scope: of, name }: { readonly scope: BudgetScope; readonly name: string },
): void {
  requireOfTypes(scope, of === 'type' ? name : undefined, `the budget of ${of} ${name}`);
}

function requireOfTypes(scope: Scope | null, type: string | undefined, what: string): void {
  const { types } = scope ?? UNBOUND;
  if (types === null || (type !== undefined && types.includes(type))) return;
  throw new ForbiddenError(`this token is bound to the type ${types.join(', ')}, and this is ${what}`);
}

/**
 * Refuses what is about all lanes to each token that is bound to some.
 *
 * @throws ForbiddenError
 */
export function requireUnbound(scope: Scope | null, what: string): void {
  if (scope?.lanes) throw new ForbiddenError(`this token is bound to lane ${scope.lanes.join(', ')}, and ${what}`);
}

/**
 * An action that the token may see. One of another lane is not told apart from one that is not there.
 *
 * @throws NotFoundError
 */
export async function findActionInScope(db: Queryable, id: string, scope: Scope | null): Promise<ActionRow> {
  const row = await findAction(db, id);
  if (!coversLane(scope ?? UNBOUND, row.lane)) throw new NotFoundError(`there is no action ${id}`);
  return row;
}

/**
 * An action that the token may decide about: of its lanes and its types.
 *
 * @throws NotFoundError
 * @throws ForbiddenError for a type that the token is not bound to
 */
export async function findActionToDecide(db: Queryable, id: string, scope: Scope | null): Promise<ActionRow> {
  const row = await findActionInScope(db, id, scope);
  requireTypeInScope(scope, row.type);
  return row;
}

/**
 * A request as its caller may have it queued. A REAL action of a role that may not queue unapproved awaits approval, whatever was
 * asked for and whatever the lane's policy is.
 *
 * @throws ForbiddenError for a lane or type that the token is not bound to
 */
export function asCallerMayQueue(
  caller: { readonly role: Role | null; readonly scope: Scope | null },
  asked: EnqueueRequest,
): EnqueueRequest {
  requireLaneInScope(caller.scope, asked.lane);
  requireTypeInScope(caller.scope, asked.type);
  return asked.mode === 'REAL' && !callerHas(caller, 'queueUnapproved') ? { ...asked, requireApproval: true } : asked;
}

/** Whether the token may see a row of the log. Of what concerns all lanes, a bound token sees the flags: they hold for its lanes too. */
export function seesLogEntry(scope: Scope | null, { lane, event }: Pick<LogEntry, 'lane' | 'event'>): boolean {
  return coversLane(scope ?? UNBOUND, lane) || (lane === ALL_LANES && event === 'FLAG_CHANGED');
}
