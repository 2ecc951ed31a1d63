/** `/v1/session`: the dashboard signs in with a token and works with a cookie, which no script can read. */

import { z } from 'zod';
import {
  SECURE_SESSION_COOKIE,
  SESSION_COOKIE,
  sessionSchema,
  signInRequestSchema,
} from '../../contracts/http/session.ts';
import { UnauthenticatedError } from '../../domain/errors.ts';
import { sessionCookie } from '../access/auth.ts';
import { SESSION_MS } from '../access/credentials.ts';
import { checkSite } from '../access/csrf.ts';
import type { Api, ApiContext } from '../context.ts';

const noQuery = z.strictObject({});

export function sessionRoutes(app: Api, context: ApiContext): void {
  const { credentials, lookUps, secureCookies, limits, audit } = context;
  const cookieName = secureCookies ? SECURE_SESSION_COOKIE : SESSION_COOKIE;
  const cookieOptions = { path: '/', httpOnly: true, sameSite: 'strict', secure: secureCookies } as const;

  app.route({
    method: 'POST',
    url: '/v1/session',
    config: { problems: [401] },
    schema: {
      summary: 'Sign in: a token for a cookie',
      querystring: noQuery,
      body: signInRequestSchema,
      response: { 200: sessionSchema },
    },
    async handler(request, reply) {
      checkSite(request);
      const session = await credentials.signIn(request.body.token, lookUps);
      if (!session) {
        await limits.countWrongToken(request);
        throw new UnauthenticatedError('the token is not known, or has ended');
      }
      const { actor, role, scope, csrfToken } = session;
      await audit.signedIn(actor, request.ip);
      reply.setCookie(cookieName, session.cookie, { ...cookieOptions, maxAge: SESSION_MS / 1_000 });
      return { actor, role, ...scope, csrfToken };
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/session',
    schema: { summary: 'Who calls', querystring: noQuery, response: { 200: sessionSchema } },
    handler: ({ actor, role, scope, csrfToken }) => {
      if (role === null || scope === null) throw new UnauthenticatedError('nobody calls');
      return { actor, role, ...scope, csrfToken };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/session',
    schema: {
      summary: 'Sign out: the session ends, for every copy of its cookie',
      querystring: noQuery,
      response: { 204: z.null() },
    },
    async handler(request, reply) {
      const cookie = sessionCookie(request, context);
      if (cookie !== undefined) await credentials.signOut(cookie, lookUps);
      return reply.clearCookie(cookieName, cookieOptions).code(204).send(null);
    },
  });
}
