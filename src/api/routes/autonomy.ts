/** `/v1/autonomy`: how far types of actions may go by themselves. */

import { z } from 'zod';
import {
  autonomyDeleteQuerySchema,
  autonomyListSchema,
  autonomyParamsSchema,
  autonomyPutSchema,
  autonomyQuerySchema,
  autonomySchema,
  autonomyUnsetSchema,
} from '../../contracts/http/autonomy.ts';
import { listAutonomy, releaseDrafts, setAutonomy, unsetAutonomy } from '../../db/decide/autonomy.ts';
import { callerHas } from '../access/route-rights.ts';
import { lanesToRead, requireLaneInScope, requireTypeInScope } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

export function autonomyRoutes(app: Api, { database, waker }: ApiContext): void {
  const release = async (of: { readonly lane: string; readonly type: string }) => {
    for (const lane of await releaseDrafts(database, of)) waker.wake(lane);
  };

  app.route({
    method: 'GET',
    url: '/v1/autonomy',
    schema: {
      summary: 'How far types of actions may go by themselves, and what set it so; the lane’s flags hold besides',
      querystring: autonomyQuerySchema,
      response: { 200: autonomyListSchema },
    },
    async handler({ query, scope }) {
      return { items: await listAutonomy(database, lanesToRead(scope, query.lane)) };
    },
  });

  app.route({
    method: 'PUT',
    url: '/v1/autonomy',
    config: { problems: [422] },
    schema: {
      summary: 'Set it for a type in a lane: draft, approve or auto; whatever lets more go by itself needs an admin',
      querystring: z.strictObject({}),
      body: autonomyPutSchema,
      response: { 200: autonomySchema },
    },
    async handler(request) {
      requireLaneInScope(request.scope, request.body.lane);
      requireTypeInScope(request.scope, request.body.type);
      const by = { actor: request.actor, mayLoosen: callerHas(request, 'administer') };
      const level = await setAutonomy(database, request.body, by);
      await release(level);
      return level;
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/autonomy/:lane/:type',
    schema: {
      summary:
        'Take a level back: what is set more widely holds again, else the flags alone; what lets more go needs an admin',
      params: autonomyParamsSchema,
      querystring: autonomyDeleteQuerySchema,
      response: { 200: autonomyUnsetSchema },
    },
    async handler(request) {
      const { params, query, actor, scope } = request;
      requireLaneInScope(scope, params.lane);
      requireTypeInScope(scope, params.type);
      const by = { actor, mayLoosen: callerHas(request, 'administer') };
      const inForce = await unsetAutonomy(database, { ...params, reason: query.reason }, by);
      await release(params);
      return { inForce };
    },
  });
}
