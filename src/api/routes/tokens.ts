/** `/v1/tokens`: named tokens, made and revoked by admins. The secret is answered once. */

import { z } from 'zod';
import { cursorSchema, pageSizeSchema } from '../../contracts/http/primitives.ts';
import {
  createdTokenSchema,
  createTokenRequestSchema,
  DEFAULT_TOKEN_DAYS,
  tokenListSchema,
} from '../../contracts/http/token.ts';
import { createToken, listTokens, revokeToken } from '../../db/decide/tokens.ts';
import { UnprocessableError } from '../../domain/errors.ts';
import { freshToken } from '../access/credentials.ts';
import type { Api, ApiContext } from '../context.ts';

const noQuery = z.strictObject({});
const DAY_MS = 24 * 3_600_000;

export function tokenRoutes(app: Api, { database, contracts }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/tokens',
    schema: {
      summary: 'Named tokens, newest first; never the secrets',
      querystring: z.strictObject({ cursor: cursorSchema.optional(), limit: pageSizeSchema }),
      response: { 200: tokenListSchema },
    },
    handler: (request) => listTokens(database, request.query),
  });

  app.route({
    method: 'POST',
    url: '/v1/tokens',
    config: { problems: [409, 422] },
    schema: {
      summary: 'Make a token; its secret is answered this once',
      querystring: noQuery,
      body: createTokenRequestSchema,
      response: { 201: createdTokenSchema },
    },
    async handler(request, reply) {
      const { name, role, lanes = null, types = null, expiresAt } = request.body;
      const unknown = types?.find((type) => !contracts.has(type));
      if (unknown !== undefined) {
        const rule = `must be known types: ${[...contracts.keys()].sort().join(', ')}`;
        throw new UnprocessableError(`there is no type ${unknown}`, [{ field: 'types', rule }]);
      }
      const { token, prefix, sha256 } = freshToken();
      const made = await createToken(
        database,
        { name, role, scope: { lanes, types }, prefix, sha256, expiresAt: endOf(expiresAt) },
        request.actor,
      );
      reply.code(201);
      return { id: made.id, name, role, lanes: made.lanes, types: made.types, token, expiresAt: made.expiresAt };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/tokens/:id',
    config: { problems: [404] },
    schema: {
      summary: 'Revoke a token, at once and everywhere; again changes nothing',
      params: z.strictObject({ id: z.uuid({ message: 'must be a UUID' }) }),
      querystring: noQuery,
      response: { 204: z.null() },
    },
    async handler(request, reply) {
      await revokeToken(database, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  });
}

function endOf(expiresAt: string | null | undefined): Date | null {
  if (expiresAt === null) return null;
  return expiresAt === undefined ? new Date(Date.now() + DEFAULT_TOKEN_DAYS * DAY_MS) : new Date(expiresAt);
}
