/** `/v1/sessions`: who is signed in to the dashboard. Everybody sees and ends their own; an admin everybody's. */

import { z } from 'zod';
import { cursorSchema, pageSizeSchema } from '../../contracts/http/primitives.ts';
import { type SessionEntry, sessionListSchema } from '../../contracts/http/session.ts';
import { endSession, type ListedSession, listSessions, type SessionOwner } from '../../db/decide/sessions.ts';
import { UnauthenticatedError } from '../../domain/errors.ts';
import type { Caller } from '../access/credentials.ts';
import { IDLE_SESSION_MS } from '../access/look-ups.ts';
import { callerHas } from '../access/route-rights.ts';
import type { Api, ApiContext } from '../context.ts';

export function sessionListRoutes(app: Api, { database, credentials }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/sessions',
    schema: {
      summary: 'Open sessions of the dashboard, the newest first: one’s own, an admin’s everybody’s',
      querystring: z.strictObject({ cursor: cursorSchema.optional(), limit: pageSizeSchema }),
      response: { 200: sessionListSchema },
    },
    async handler({ query, caller }) {
      const { environmentSha256s } = credentials;
      const filter = { ...query, owner: reachOf(caller), environmentSha256s, idleMs: IDLE_SESSION_MS };
      const page = await listSessions(database, filter);
      return { ...page, items: page.items.flatMap((session) => entryOf(session, caller)) };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/sessions/:id',
    config: { problems: [404] },
    schema: {
      summary: 'End a session, at once and everywhere; again changes nothing',
      params: z.strictObject({ id: z.uuid({ message: 'must be a UUID' }) }),
      querystring: z.strictObject({}),
      response: { 204: z.null() },
    },
    async handler(request, reply) {
      await endSession(database, request.params.id, reachOf(request.caller), request.actor);
      return reply.code(204).send(null);
    },
  });

  const entryOf = (session: ListedSession, caller: Caller | null): SessionEntry[] => {
    const whose = credentials.ofListed(session);
    if (!whose) return [];
    return [
      {
        id: session.id,
        actor: whose.actor,
        role: whose.role,
        method: session.person ? 'person' : 'token',
        createdAt: session.createdAt.toISOString(),
        lastUsedAt: session.lastUsedAt.toISOString(),
        expiresAt: session.expiresAt.toISOString(),
        address: session.address,
        browser: session.browser,
        isCurrent: session.id === caller?.session?.id,
      },
    ];
  };
}

/** Whose sessions a caller sees and ends; null is everybody's. */
function reachOf(caller: Caller | null): SessionOwner | null {
  if (!caller) throw new UnauthenticatedError('nobody calls');
  return callerHas(caller, 'administer') ? null : caller.owner;
}
