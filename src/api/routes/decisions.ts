/** What people decide about one action: approve, reject, promote, replay, resolve, cancel. About many: `bulk.ts`. */

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actionSchema } from '../../contracts/http/action.ts';
import { cancelRequestSchema } from '../../contracts/http/control.ts';
import {
  allowRequestSchema,
  promoteRequestSchema,
  rejectRequestSchema,
  replayRequestSchema,
  resolveRequestSchema,
} from '../../contracts/http/decisions.ts';
import { actionIdSchema } from '../../contracts/http/primitives.ts';
import type { ActionRow } from '../../db/action-row.ts';
import { approveAction, promoteAction, rejectAction } from '../../db/decide/approvals.ts';
import { cancelAction } from '../../db/decide/cancel.ts';
import { type DecidedBy, replayAction, resolveAction } from '../../db/decide/decisions.ts';
import { RealUnavailableError } from '../../domain/errors.ts';
import { callerHas } from '../access/route-rights.ts';
import { findActionToDecide } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { decided } from '../decided.ts';
import { traceQueued } from '../trace.ts';

const noQuery = z.strictObject({});
const ofOneAction = {
  params: z.strictObject({ id: actionIdSchema }),
  querystring: noQuery,
  response: { 200: actionSchema },
};

export function decisionRoutes(app: Api, context: ApiContext): void {
  approvalRoutes(app, context);
  afterwardsRoutes(app, context);
  promoteRoute(app, context);
}

/** What each decision about one action does: the caller may decide about it, somebody decides, its lane is woken. */
type Decide = (
  request: FastifyRequest,
  asked: { readonly id: string; readonly reason: string | undefined },
  work: (by: DecidedBy, row: ActionRow) => Promise<ActionRow>,
) => ReturnType<typeof decided>;

function decideWith(context: ApiContext): Decide {
  return async ({ actor, scope }, { id, reason }, work) => {
    const row = await findActionToDecide(context.database, id, scope);
    return decided(context, await work({ actor, reason }, row));
  };
}

function approvalRoutes(app: Api, context: ApiContext): void {
  const decide = decideWith(context);
  const { database } = context;

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/approve',
    config: { problems: [404, 409] },
    schema: {
      ...ofOneAction,
      summary:
        'Let the artifact with this SHA-256 be performed, and nothing else. Where approvals_needed is 2 or 3 it waits until as many ' +
        'people have approved it. 409 when nothing waits or approval.expires has passed',
      body: allowRequestSchema,
    },
    handler: (request) => {
      const { sha256, reason } = request.body;
      const { id } = request.params;
      return decide(request, { id, reason }, (by) => approveAction(database, id, sha256, by));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/reject',
    config: { bodyOptional: true, problems: [404, 409] },
    schema: { ...ofOneAction, summary: 'Cancel what waits for approval', body: rejectRequestSchema },
    handler: (request) => {
      const asked = { id: request.params.id, reason: request.body.reason };
      return decide(request, asked, (by) => rejectAction(database, asked.id, by));
    },
  });
}

function afterwardsRoutes(app: Api, context: ApiContext): void {
  const decide = decideWith(context);
  const { database } = context;

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/replay',
    config: { bodyOptional: true, problems: [404, 409] },
    schema: {
      ...ofOneAction,
      summary: 'Give a dead letter a new round of attempts under the same key',
      body: replayRequestSchema,
    },
    handler: (request) => {
      const asked = { id: request.params.id, reason: request.body.reason };
      return decide(request, asked, (by) => replayAction(database, asked.id, by));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/resolve',
    config: { problems: [404, 409] },
    schema: {
      ...ofOneAction,
      summary: 'Say whether an unconfirmed effect was sent: SUCCESS, or a new round of attempts',
      body: resolveRequestSchema,
    },
    handler: (request) => {
      const { outcome, reason } = request.body;
      const { id } = request.params;
      return decide(request, { id, reason }, (by) => resolveAction(database, id, outcome, by));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/cancel',
    config: { bodyOptional: true, problems: [404, 409] },
    schema: {
      ...ofOneAction,
      summary: 'Cancel what waits; ask it of what runs. An agent cancels only what it queued itself',
      body: cancelRequestSchema,
    },
    handler: (request) => {
      const asked = { id: request.params.id, reason: request.body.reason };
      const onlyOwn = !callerHas(request, 'cancelAny');
      return decide(request, asked, (by) => cancelAction(database, asked.id, { ...by, onlyOwn }));
    },
  });
}

function promoteRoute(app: Api, context: ApiContext): void {
  const { database, contracts, knownAccounts } = context;
  app.route({
    method: 'POST',
    url: '/v1/actions/:id/promote',
    config: { problems: [404, 409, 422] },
    schema: {
      ...ofOneAction,
      summary:
        'Queue, once, a REAL action that may perform exactly this proof’s artifact, not before runAt: 201 new, 200 the same again',
      body: promoteRequestSchema,
      response: { 200: actionSchema, 201: actionSchema },
    },
    async handler(request, reply) {
      const { sha256, runAt, reason } = request.body;
      const { id, type, payload } = await findActionToDecide(database, request.params.id, request.scope);
      if (contracts.get(type)?.performs !== true) {
        throw new RealUnavailableError(`${type} cannot be sent yet`, [
          { field: 'id', rule: 'must be of a type that can be sent' },
        ]);
      }
      await knownAccounts.require(contracts.get(type), payload);
      const startedAtMs = Date.now();
      const { created, row } = await promoteAction(database, id, sha256, { actor: request.actor, reason, runAt });
      if (created) traceQueued(request, row, startedAtMs);
      return reply.code(created ? 201 : 200).send(await decided(context, row));
    },
  });
}
