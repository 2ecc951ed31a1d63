/** `/v1/autonomy`: how far types of actions may go by themselves. */

import { z } from 'zod';
import {
  autonomyListSchema,
  autonomyPutSchema,
  autonomyQuerySchema,
  autonomySchema,
} from '../../contracts/http/autonomy.ts';
import { listAutonomy, setAutonomy } from '../../db/decide/autonomy.ts';
import { callerHas } from '../access/route-rights.ts';
import { lanesToRead, requireLaneInScope } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

export function autonomyRoutes(app: Api, { database }: ApiContext): void {
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
    handler(request) {
      requireLaneInScope(request.scope, request.body.lane);
      return setAutonomy(database, request.body, { actor: request.actor, mayLoosen: callerHas(request, 'administer') });
    },
  });
}
