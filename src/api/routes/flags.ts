/** `/v1/control/flags`: the flags of a lane, and changing them. Loosening is an admin's, by the rule of `domain/flags.ts`. */

import { z } from 'zod';
import { flagsChangedSchema, flagsPatchSchema, flagsQuerySchema, laneFlagsSchema } from '../../contracts/http/flags.ts';
import { listLanes, patchFlags, readFlagsOf } from '../../db/decide/flags.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { callerHas } from '../access/route-rights.ts';
import { requireLaneInScope } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

export function flagRoutes(app: Api, { waker, bounds, ...ports }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/control/flags',
    config: { problems: [404] },
    schema: {
      summary: 'The flags in force in a lane, who set them and why; without a lane the defaults of all',
      querystring: flagsQuerySchema,
      response: { 200: laneFlagsSchema },
    },
    handler: (request) => {
      requireLaneInScope(request.scope, request.query.lane);
      return readFlagsOf(ports.database, request.query.lane);
    },
  });

  // A tightened flag is a stop, too. One at a time: the other connections are left to kill and pause.
  const database = ports.controlDatabase ?? ports.database;
  app.route({
    method: 'PATCH',
    url: '/v1/control/flags',
    config: { problems: [404, 409] },
    schema: {
      summary: 'Change flags; loosening a limit and proof_only: false need an admin',
      querystring: z.strictObject({}),
      body: flagsPatchSchema,
      response: { 200: flagsChangedSchema },
    },
    async handler(request) {
      const { lane, reason, ...patch } = request.body;
      requireLaneInScope(request.scope, lane);
      const mayLoosen = callerHas(request, 'administer');
      const by = { actor: request.actor, reason, mayLoosen };
      return bounds.flags.run(request, async () => {
        const lanes = lane === ALL_LANES ? await listLanes(database) : [lane];
        const answer = await patchFlags(database, lane, patch, by);
        waker.signalControl(lanes);
        return answer;
      });
    },
  });
}
