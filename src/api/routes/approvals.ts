/** What a person allows: approve and reject what waits, promote a proof to REAL. */

import { z } from 'zod';
import { actionSchema } from '../../contracts/http/action.ts';
import { allowRequestSchema, rejectRequestSchema } from '../../contracts/http/decisions.ts';
import { actionIdSchema } from '../../contracts/http/primitives.ts';
import { approveAction, promoteAction, rejectAction } from '../../db/decide/approvals.ts';
import { findAction } from '../../db/decide/cancel.ts';
import { RealUnavailableError } from '../../domain/errors.ts';
import type { Api, ApiContext } from '../context.ts';
import { decided } from '../decided.ts';
import { traceQueued } from '../trace.ts';

const params = z.strictObject({ id: actionIdSchema });
const noQuery = z.strictObject({});

export function approvalRoutes(app: Api, context: ApiContext): void {
  const { database, contracts } = context;

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/approve',
    config: { role: 'operator', problems: [404, 409] },
    schema: {
      summary:
        'Let the artifact with this SHA-256 be performed, and nothing else; 409 when nothing waits or approval.expires has passed',
      params,
      querystring: noQuery,
      body: allowRequestSchema,
      response: { 200: actionSchema },
    },
    async handler(request) {
      const { sha256, reason } = request.body;
      return decided(
        context,
        await approveAction(database, request.params.id, sha256, { actor: request.actor, reason }),
      );
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/reject',
    config: { role: 'operator', bodyOptional: true, problems: [404, 409] },
    schema: {
      summary: 'Cancel what waits for approval',
      params,
      querystring: noQuery,
      body: rejectRequestSchema,
      response: { 200: actionSchema },
    },
    async handler(request) {
      const by = { actor: request.actor, reason: request.body.reason };
      return decided(context, await rejectAction(database, request.params.id, by));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/promote',
    config: { role: 'operator', problems: [404, 409, 422] },
    schema: {
      summary: 'Queue, once, a REAL action that may perform exactly this proof’s artifact: 201 new, 200 the same again',
      params,
      querystring: noQuery,
      body: allowRequestSchema,
      response: { 200: actionSchema, 201: actionSchema },
    },
    async handler(request, reply) {
      const { sha256, reason } = request.body;
      const { type } = await findAction(database, request.params.id);
      if (contracts.get(type)?.performs !== true) {
        throw new RealUnavailableError(`${type} performs nothing yet`, [
          { field: 'id', rule: 'must be of a type that performs' },
        ]);
      }
      const by = { actor: request.actor, reason };
      const startedAtMs = Date.now();
      const { created, row } = await promoteAction(database, request.params.id, sha256, by);
      if (created) traceQueued(request, row, startedAtMs);
      return reply.code(created ? 201 : 200).send(await decided(context, row));
    },
  });
}
