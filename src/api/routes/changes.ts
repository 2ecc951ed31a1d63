/** What people change about one action before it is sent: revise, reschedule, request changes. */

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actionSchema } from '../../contracts/http/action.ts';
import { requestChangesSchema, rescheduleRequestSchema, reviseRequestSchema } from '../../contracts/http/decisions.ts';
import type { JsonObject } from '../../contracts/http/json.ts';
import { actionIdSchema } from '../../contracts/http/primitives.ts';
import type { ActionRow } from '../../db/action-row.ts';
import { requestChanges, rescheduleAction, reviseAction } from '../../db/decide/revise.ts';
import { findActionToDecide } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { decided } from '../decided.ts';
import { checkEnqueue, referenceErrors } from '../enqueue.ts';
import { traceQueued } from '../trace.ts';

const ofOneAction = { params: z.strictObject({ id: actionIdSchema }), querystring: z.strictObject({}) };

export function changeRoutes(app: Api, context: ApiContext): void {
  const { database } = context;

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/revise',
    config: { problems: [404, 409, 422] },
    schema: {
      ...ofOneAction,
      summary:
        'End an action that waits, or a dead letter, and queue a changed one in its place: 201 new, 200 the same again. A REAL one ' +
        'awaits approval. 409 when it is at work, has ended, or may have been sent',
      body: reviseRequestSchema,
      response: { 200: actionSchema, 201: actionSchema },
    },
    async handler(request, reply) {
      const { payload, runAt, reason } = request.body;
      const old = await findActionToDecide(database, request.params.id, request.scope);
      await checkRevised(context, old, payload ?? old.payload);
      const startedAtMs = Date.now();
      const revision = { payload, runAt };
      const { created, row } = await reviseAction(database, old.id, revision, { actor: request.actor, reason });
      if (created) traceQueued(request, row, startedAtMs);
      reply.code(created ? 201 : 200).header('location', `/v1/actions/${row.id}`);
      return decided(context, row);
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/reschedule',
    config: { problems: [404, 409] },
    schema: {
      ...ofOneAction,
      summary:
        'Move what waits to another time. What was approved stays approved. 409 when it does not wait, or its approval would run out ' +
        'before that time',
      body: rescheduleRequestSchema,
      response: { 200: actionSchema },
    },
    async handler(request) {
      const { runAt, reason } = request.body;
      const id = await idToDecide(request, request.params.id);
      return decided(context, await rescheduleAction(database, id, runAt, { actor: request.actor, reason }));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/request-changes',
    config: { problems: [404, 409] },
    schema: {
      ...ofOneAction,
      summary:
        'Say what has to be different before it is approved. It goes on waiting, and whoever asked for it reads the reason',
      body: requestChangesSchema,
      response: { 200: actionSchema },
    },
    async handler(request) {
      const id = await idToDecide(request, request.params.id);
      return decided(
        context,
        await requestChanges(database, id, { actor: request.actor, reason: request.body.reason }),
      );
    },
  });

  async function idToDecide({ scope }: FastifyRequest, id: string): Promise<string> {
    return (await findActionToDecide(database, id, scope)).id;
  }
}

/** A revision is checked as what is queued anew. */
async function checkRevised(
  { contracts, database, knownAccounts }: ApiContext,
  old: ActionRow,
  payload: JsonObject,
): Promise<void> {
  const { type, lane, mode, priority, max_attempts: maxAttempts, approval_needed: requireApproval } = old;
  const asked = { type, lane, mode, priority, maxAttempts, requireApproval, payload };
  checkEnqueue(contracts, asked);
  const [wrongNames] = await referenceErrors(database, contracts, [asked]);
  if (wrongNames) throw wrongNames;
  if (mode === 'REAL') await knownAccounts.require(contracts.get(type), payload);
}
