/** Sessions begin and end: each with a cookie of its own, of which the SHA-256 is kept. */

import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createSession, type SessionOwner, signOut } from '../../db/decide/sessions.ts';
import type { ApiContext } from '../context.ts';
import { clearSessionCookie, sessionCookie, setSessionCookie } from './cookies.ts';
import { csrfTokenOf, sha256 } from './credentials.ts';
import { SESSION_MS } from './look-ups.ts';

interface Beginning {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly actor: string;
  readonly owner: SessionOwner;
}

/**
 * Begins a session and sets its cookie, which is never one that the browser brought along. The one that it had ends.
 *
 * @returns what a change under the cookie must carry
 */
export async function beginSession(beginning: Beginning, context: ApiContext): Promise<string> {
  const { request, reply, actor, owner } = beginning;
  const cookie = randomBytes(32).toString('base64url');
  await endOwnSession(request, actor, context);
  await createSession(context.database, {
    sha256: sha256(cookie),
    owner,
    lastsMs: SESSION_MS,
    address: request.ip,
    browser: request.headers['user-agent'] ?? null,
  });
  await context.audit.signedIn(actor, request.ip);
  setSessionCookie(reply, cookie, context);
  return csrfTokenOf(cookie);
}

/** Ends the session of the browser that calls, for every copy of its cookie. */
export async function endOwnSession(request: FastifyRequest, actor: string, context: ApiContext): Promise<void> {
  const cookie = sessionCookie(request, context);
  if (cookie !== undefined) await signOut(context.database, sha256(cookie), actor);
}

export async function leave(request: FastifyRequest, reply: FastifyReply, context: ApiContext): Promise<void> {
  await endOwnSession(request, request.actor, context);
  clearSessionCookie(reply, context);
}
