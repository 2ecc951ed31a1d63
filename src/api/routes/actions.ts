/** `/v1/actions`: queue, look. What is decided about actions stands in `decisions.ts`. */

import { z } from 'zod';
import {
  actionListAnswerSchema,
  actionListQuerySchema,
  actionQuerySchema,
  actionSchema,
  enqueueRequestSchema,
  lastApprovedSchema,
} from '../../contracts/http/action.ts';
import { actionLogsQuerySchema, logListSchema } from '../../contracts/http/log.ts';
import { actionIdSchema } from '../../contracts/http/primitives.ts';
import { summaryOf } from '../../contracts/payloads/summary.ts';
import { toAction } from '../../db/action-row.ts';
import { listActions } from '../../db/look/action-list.ts';
import { decodeCursor, encodeCursor } from '../../db/look/cursor.ts';
import { findLastApproved } from '../../db/look/last-approved.ts';
import { logsOfAction } from '../../db/look/logs.ts';
import { cappedTotal } from '../../db/look/page.ts';
import { presentActions, readWaitingFacts } from '../../db/look/present.ts';
import { snapshot } from '../../db/pool.ts';
import { createEnqueue } from '../../db/queue/batched-enqueue.ts';
import { asCallerMayQueue, findActionInScope, lanesToRead } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { checkEnqueue, isDueSoon, referenceErrors, withHeaderKey } from '../enqueue.ts';
import { traceQueued } from '../trace.ts';

const params = z.strictObject({ id: actionIdSchema });
const noQuery = z.strictObject({});

export function actionRoutes(app: Api, context: ApiContext): void {
  enqueueRoute(app, context);
  readRoutes(app, context);
}

function enqueueRoute(app: Api, context: ApiContext): void {
  const { database, contracts, waker, view, queueCap, bounds, knownAccounts } = context;
  const enqueue = createEnqueue(database);
  app.route({
    ...bounds.enqueues.hooks,
    method: 'POST',
    url: '/v1/actions',
    config: { problems: [409, 422] },
    schema: {
      summary: 'Queue an action; the same key again answers the action that is there',
      querystring: noQuery,
      body: enqueueRequestSchema,
      response: { 200: actionSchema, 201: actionSchema },
    },
    async handler(request, reply) {
      const startedAtMs = Date.now();
      const asked = asCallerMayQueue(request, withHeaderKey(request.body, request.headers['idempotency-key']));
      checkEnqueue(contracts, asked);
      const [wrongNames] = await referenceErrors(database, contracts, [asked]);
      if (wrongNames) throw wrongNames;
      if (asked.mode === 'REAL') await knownAccounts.require(contracts.get(asked.type), asked.payload);
      await queueCap.admit(1);
      const result = await enqueue(asked, request.actor);
      if (result.kind === 'refused') throw result.error;
      const isNew = result.kind === 'created';
      if (isNew) {
        queueCap.added(1);
        traceQueued(request, result.row, startedAtMs);
      }
      if (isNew && isDueSoon(result.row)) waker.wake(asked.lane);
      reply.code(isNew ? 201 : 200).header('location', `/v1/actions/${result.row.id}`);
      return toAction(result.row, view);
    },
  });
}

function readRoutes(app: Api, { database, view, bounds, waits }: ApiContext): void {
  app.addHook('preClose', async () => waits.close());

  app.route({
    method: 'GET',
    url: '/v1/actions',
    config: { problems: [422] },
    schema: {
      summary: 'Actions, newest first, or by what runs out first',
      querystring: actionListQuerySchema,
      response: { 200: actionListAnswerSchema },
    },
    async handler(request) {
      const { query, scope } = request;
      const list = () => listActions(database, query, lanesToRead(scope, query.lane));
      const [{ rows, ...page }, facts] = await Promise.all([
        query.q === undefined ? list() : bounds.searches.run(request, list),
        snapshot(database, readWaitingFacts),
      ]);
      const items = await presentActions(database, rows, view, facts);
      if (query.fields === 'all') return { items, ...page };
      const summaries = items.map(({ payload, ...rest }) => ({ ...rest, summary: summaryOf(rest.type, payload) }));
      return { items: summaries, ...page };
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/actions/:id',
    config: { problems: [404] },
    schema: {
      summary: 'One action; with wait, when its status changes or the time is over',
      params,
      querystring: actionQuerySchema,
      response: { 200: actionSchema },
    },
    async handler(request) {
      const { id } = request.params;
      const { wait: waitMs, seen } = request.query;
      const read = () => findActionInScope(database, id, request.scope);
      const row = await (waitMs === undefined ? read() : waits.forChange(request, id, { waitMs, seen, read }));
      const [action] = await presentActions(database, [row], view);
      return action ?? toAction(row, view);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/actions/:id/logs',
    config: { problems: [404] },
    schema: {
      summary: "An action's attempts and events, in the order of what happened",
      params,
      querystring: actionLogsQuerySchema,
      response: { 200: logListSchema },
    },
    async handler(request) {
      const { cursor, limit } = request.query;
      await findActionInScope(database, request.params.id, request.scope);
      const afterId = cursor === undefined ? 0 : Number(decodeCursor(cursor, /^\d{1,15}$/));
      const { items, total } = await logsOfAction(database, request.params.id, { afterId, limit: limit + 1 });
      const page = items.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = items.length > limit && last ? encodeCursor(last.id) : null;
      return { items: page, nextCursor, ...cappedTotal(total) };
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/actions/:id/last-approved',
    config: { problems: [404] },
    schema: {
      summary: 'The other REAL action of its lane, type and account that a person approved last, to compare it with',
      params,
      querystring: noQuery,
      response: { 200: lastApprovedSchema },
    },
    async handler(request) {
      const row = await findLastApproved(database, await findActionInScope(database, request.params.id, request.scope));
      return { action: row && toAction(row, view) };
    },
  });
}
