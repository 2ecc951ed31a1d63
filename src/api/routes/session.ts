/** `/v1/session`: the dashboard signs in with a token and works with a cookie, which no script can read. */

import { z } from 'zod';
import { sessionSchema, signInMethodsSchema, signInRequestSchema } from '../../contracts/http/session.ts';
import { UnauthenticatedError } from '../../domain/errors.ts';
import type { Caller } from '../access/credentials.ts';
import { checkSite } from '../access/csrf.ts';
import { beginSession, leave } from '../access/sign-in.ts';
import type { Api, ApiContext } from '../context.ts';
import { BEGIN_PATH, SIGN_OUT_PATH } from './oidc.ts';

const noQuery = z.strictObject({});

export function sessionRoutes(app: Api, context: ApiContext): void {
  const { credentials, lookUps, limits, oidc } = context;

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
      const caller = await credentials.ofToken(request.body.token, lookUps);
      if (!caller) {
        await limits.countWrongToken(request);
        throw new UnauthenticatedError('the token is unknown, expired or revoked');
      }
      const { actor, role, scope, owner } = caller;
      const csrfToken = await beginSession({ request, reply, actor, owner }, context);
      return { actor, role, ...scope, csrfToken, signOutUrl: null };
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/session',
    schema: { summary: 'Who calls', querystring: noQuery, response: { 200: sessionSchema } },
    handler: ({ caller }) => {
      if (!caller) throw new UnauthenticatedError('nobody calls');
      const { actor, role, scope, session } = caller;
      return { actor, role, ...scope, csrfToken: session?.csrfToken ?? null, signOutUrl: signOutUrlOf(caller) };
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
      await leave(request, reply, context);
      return reply.code(204).send(null);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/session/methods',
    schema: { summary: 'How one may sign in here', querystring: noQuery, response: { 200: signInMethodsSchema } },
    handler: () => ({
      oidc: oidc ? { issuerHost: oidc.issuerHost, beginUrl: oidc.publicUrl + BEGIN_PATH } : null,
    }),
  });
}

function signOutUrlOf({ owner, session }: Caller): string | null {
  return session !== null && 'personId' in owner ? SIGN_OUT_PATH : null;
}
