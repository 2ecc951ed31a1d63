/** Calls that a browser may have been talked into by another site's page. */

import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { CSRF_HEADER } from '../../contracts/http/session.ts';
import { ForbiddenError } from '../../domain/errors.ts';
import type { Caller } from './credentials.ts';

/**
 * A call under the cookie comes from a page of this very server; one that changes something says so (`Origin`) and carries the
 * session's own token, which no other page can read.
 *
 * @throws ForbiddenError
 */
export function checkCookieCall(request: FastifyRequest, { session }: Pick<Caller, 'session'>): void {
  checkSite(request);
  if (request.method === 'GET' || request.method === 'HEAD') return;
  if (request.headers.origin === undefined)
    throw new ForbiddenError('a change with a session cookie needs the header Origin');
  const given = request.headers[CSRF_HEADER];
  if (typeof given !== 'string' || session === null || !isSame(given, session.csrfToken)) {
    throw new ForbiddenError(`a change with a session cookie needs the header ${CSRF_HEADER} with the session's token`);
  }
}

/**
 * What a browser says of where a call comes from must be this server. Other clients say nothing.
 *
 * @throws ForbiddenError
 */
export function checkSite({ headers, method }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  const isOwn = site === undefined || site === 'same-origin' || (site === 'none' && method === 'GET');
  if (!isOwn) throw new ForbiddenError('this call comes from a page of another site');
  if (headers.origin !== undefined && hostOf(headers.origin) !== headers.host?.toLowerCase()) {
    throw new ForbiddenError('this call comes from a page of another site');
  }
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
