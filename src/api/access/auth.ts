/** Who calls: a bearer token or the dashboard's cookie, and whether the token's role has the right that the route needs. */

import cookie from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import { ForbiddenError, UnauthenticatedError } from '../../domain/errors.ts';
import { hasRight, lacksRight } from '../../domain/roles.ts';
import type { Api, ApiContext } from '../context.ts';
import { sessionCookie } from './cookies.ts';
import type { Caller } from './credentials.ts';
import { checkCookieCall } from './csrf.ts';

/** Asks every call who it is, unless its route is public, and whether its role has the route's right. */
export async function addAuthentication(app: Api, context: ApiContext): Promise<void> {
  await app.register(cookie);
  app.decorateRequest('actor', '');
  app.decorateRequest('role', null);
  app.decorateRequest('scope', null);
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const needed = request.routeOptions.config.right;
    if (needed === 'public') return;
    const caller = await identify(request, context).catch(async (error: unknown) => {
      if (error instanceof UnauthenticatedError) await context.limits.countWrongToken(request);
      throw error;
    });
    request.actor = caller.actor;
    request.role = caller.role;
    request.scope = caller.scope;
    request.caller = caller;
    if (needed === undefined) throw new ForbiddenError('nobody may call this');
    if (!hasRight(caller.role, needed)) throw new ForbiddenError(lacksRight(caller.role, needed));
    await context.limits.countCall(request);
  });
}

/**
 * Whose call this is. A bearer token goes before a cookie.
 *
 * @throws UnauthenticatedError
 * @throws ForbiddenError for a call under the cookie that another site may have made
 */
export async function identify(request: FastifyRequest, context: ApiContext): Promise<Caller> {
  const { credentials, lookUps, controlLookUps } = context;
  const asked = request.routeOptions.config.control ? controlLookUps : lookUps;
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = bearerToken(authorization);
    if (token === undefined) throw new UnauthenticatedError(NEEDS_TOKEN);
    const caller = await credentials.ofToken(token, asked);
    if (!caller) throw new UnauthenticatedError('the bearer token is unknown, expired or revoked');
    return caller;
  }
  const cookie = sessionCookie(request, context);
  if (cookie === undefined) throw new UnauthenticatedError(NEEDS_TOKEN);
  const caller = await credentials.ofCookie(cookie, asked);
  if (!caller) throw new UnauthenticatedError('the session has ended: sign in again');
  checkCookieCall(request, caller);
  return caller;
}

/** The token of a header `Authorization: Bearer …`. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
}

const NEEDS_TOKEN = 'this needs a bearer token: Authorization: Bearer …';
