/** The one table of who may call what: each route and the right that it needs. A route without an entry stops the start. */

import { ForbiddenError } from '../../domain/errors.ts';
import { hasRight, lacksRight, type Right, type Role } from '../../domain/roles.ts';

/** A right, or `public`: everybody may, without a token. */
export type RouteRight = Right | 'public';

export const ROUTE_RIGHTS: Readonly<Record<string, RouteRight>> = {
  'GET /': 'public',
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'POST /v1/session': 'public',
  'GET /v1/session/methods': 'public',
  'GET /v1/session/oidc': 'public',
  'GET /v1/session/oidc/callback': 'public',
  'GET /v1/session/oidc/sign-out': 'public',
  // The dashboard's page under all its addresses. It holds no data: what it shows it asks the API for.
  'GET /actions': 'public',
  'GET /actions/:id': 'public',
  'GET /calendar': 'public',
  'GET /decisions': 'public',
  'GET /ticks': 'public',
  'GET /logs': 'public',
  'GET /accounts': 'public',
  'GET /adapters': 'public',
  'GET /settings': 'public',
  'GET /enqueue': 'public',
  'GET /assets/:name': 'public',

  'GET /openapi.json': 'read',
  'GET /docs': 'read',
  'GET /metrics': 'read',
  'GET /v1/session': 'read',
  'DELETE /v1/session': 'read',
  // One's own; everybody's with `administer`.
  'GET /v1/sessions': 'read',
  'DELETE /v1/sessions/:id': 'read',
  'GET /v1/actions': 'read',
  'GET /v1/actions/:id': 'read',
  'GET /v1/actions/:id/logs': 'read',
  'GET /v1/actions/:id/artifact': 'read',
  'GET /v1/actions/:id/last-approved': 'read',
  'GET /v1/accounts': 'read',
  'GET /v1/adapters': 'read',
  'GET /v1/control/flags': 'read',
  'GET /v1/dlq/groups': 'read',
  'GET /v1/events': 'read',
  'GET /v1/lanes': 'read',
  'GET /v1/lanes/:lane': 'read',
  'GET /v1/lanes/:lane/next': 'read',
  'GET /v1/logs': 'read',
  'GET /v1/notices': 'read',
  'GET /v1/status': 'read',
  'GET /v1/ticks': 'read',
  'GET /v1/autonomy': 'read',
  'GET /v1/budgets': 'read',
  'GET /v1/blobs/:sha256': 'read',

  // It makes nothing, and shows what a proof would.
  'POST /v1/actions/validate': 'read',

  'PUT /v1/blobs': 'queue',
  'POST /v1/actions': 'queue',
  'POST /v1/actions/batch': 'queue',
  'POST /v1/actions/:id/cancel': 'cancelOwn',
  'POST /v1/actions/cancel': 'cancelOwn',
  'POST /v1/control/pause': 'stop',
  'POST /v1/control/kill': 'stop',

  'POST /v1/actions/:id/approve': 'approve',
  'POST /v1/approvals': 'approve',
  'POST /v1/actions/:id/reject': 'approve',
  'POST /v1/actions/:id/promote': 'approve',
  'POST /v1/actions/:id/revise': 'approve',
  'POST /v1/actions/:id/reschedule': 'approve',
  'POST /v1/actions/:id/request-changes': 'approve',

  'POST /v1/accounts/:name/check': 'operate',
  'POST /v1/notices/test': 'operate',
  'POST /v1/actions/:id/replay': 'operate',
  'POST /v1/actions/:id/resolve': 'operate',
  'POST /v1/dlq/replay': 'operate',
  'POST /v1/dlq/clear': 'operate',
  'POST /v1/control/resume': 'operate',
  'POST /v1/control/start': 'operate',
  'PATCH /v1/control/flags': 'operate',
  'PUT /v1/autonomy': 'operate',
  'DELETE /v1/autonomy/:lane/:type': 'operate',
  'PUT /v1/budgets': 'operate',

  'PUT /v1/lanes/:lane': 'administer',
  'GET /v1/people': 'administer',
  'POST /v1/people/:id/disable': 'administer',
  'POST /v1/people/:id/enable': 'administer',
  'GET /v1/tokens': 'administer',
  'POST /v1/tokens': 'administer',
  'DELETE /v1/tokens/:id': 'administer',
};

/** The right that a route needs; HEAD needs what GET does. Undefined for a route that the table does not know. */
export function rightOf(method: string, url: string): RouteRight | undefined {
  return ROUTE_RIGHTS[`${method === 'HEAD' ? 'GET' : method} ${url}`];
}

interface Caller {
  /** Null on public routes. */
  readonly role: Role | null;
}

/** Whether a caller has a right beyond the one of the route. */
export function callerHas({ role }: Caller, right: Right): boolean {
  return role !== null && hasRight(role, right);
}

/** @throws ForbiddenError when the caller lacks a right beyond the one of the route */
export function requireRight(caller: Caller, right: Right): void {
  if (callerHas(caller, right)) return;
  throw new ForbiddenError(caller.role === null ? 'this needs a token' : lacksRight(caller.role, right));
}
