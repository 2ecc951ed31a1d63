/** The two cookies of the dashboard. Behind TLS their names keep other hosts and plain pages from setting them. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { SECURE_SESSION_COOKIE, SESSION_COOKIE } from '../../contracts/http/session.ts';
import type { ApiContext } from '../context.ts';
import { SESSION_MS } from './look-ups.ts';

type Security = Pick<ApiContext, 'secureCookies'>;

const name = ({ secureCookies }: Security) => (secureCookies ? SECURE_SESSION_COOKIE : SESSION_COOKIE);
const options = ({ secureCookies: secure }: Security) =>
  ({ path: '/', httpOnly: true, sameSite: 'strict', secure }) as const;

/** The cookie of the session, by the name that this server gives it. */
export function sessionCookie({ cookies }: FastifyRequest, security: Security): string | undefined {
  return cookies[name(security)];
}

export function setSessionCookie(reply: FastifyReply, cookie: string, security: Security): void {
  reply.setCookie(name(security), cookie, { ...options(security), maxAge: SESSION_MS / 1_000 });
}

export function clearSessionCookie(reply: FastifyReply, security: Security): void {
  reply.clearCookie(name(security), options(security));
}

const SIGN_IN_SECONDS = 600;
const signInName = ({ secureCookies }: Security) => (secureCookies ? '__Host-aol_sign_in' : 'aol_sign_in');
/** `lax`: the issuer's page sends people back to us, and the cookie has to come with them. */
const signInOptions = (security: Security) => ({ ...options(security), sameSite: 'lax' }) as const;

/** What the browser keeps while its person is at the issuer. */
export function signInCookie({ cookies }: FastifyRequest, security: Security): string | undefined {
  return cookies[signInName(security)];
}

export function setSignInCookie(reply: FastifyReply, cookie: string, security: Security): void {
  reply.setCookie(signInName(security), cookie, { ...signInOptions(security), maxAge: SIGN_IN_SECONDS });
}

export function clearSignInCookie(reply: FastifyReply, security: Security): void {
  reply.clearCookie(signInName(security), signInOptions(security));
}
