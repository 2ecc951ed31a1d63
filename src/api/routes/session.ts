/** `/v1/session`: the dashboard signs in with a token and works with a cookie, which no script can read. */

import { z } from 'zod';
import { SESSION_COOKIE, sessionSchema, signInRequestSchema } from '../../contracts/http/session.ts';
import { UnauthenticatedError } from '../../domain/errors.ts';
import { SESSION_MS } from '../access/credentials.ts';
import { checkSite } from '../access/csrf.ts';
import type { Api, ApiContext } from '../context.ts';

const noQuery = z.strictObject({});

export function sessionRoutes(app: Api, { credentials, database, secureCookies, limits, audit }: ApiContext): void {
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
      const session = await credentials.signIn(request.body.token, database);
      if (!session) {
        await limits.countWrongToken(request);
        throw new UnauthenticatedError('the token is not known, or has ended');
      }
      const { actor, role, scope, csrfToken } = session;
      await audit.signedIn(actor, request.ip);
      reply.setCookie(SESSION_COOKIE, session.cookie, { ...cookieOptions, maxAge: SESSION_MS / 1_000 });
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
    schema: { summary: 'Sign out', querystring: noQuery, response: { 204: z.null() } },
    async handler(_request, reply) {
      return reply.clearCookie(SESSION_COOKIE, cookieOptions).code(204).send(null);
    },
  });
}
