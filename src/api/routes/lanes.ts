/** `/v1/lanes`: list, look, create. */

import { z } from 'zod';
import { nextActionsSchema } from '../../contracts/http/action.ts';
import { laneCreatedSchema, laneListSchema } from '../../contracts/http/lane.ts';
import { laneNameSchema } from '../../contracts/http/primitives.ts';
import { laneStatusSchema } from '../../contracts/http/status.ts';
import { toAction } from '../../db/action-row.ts';
import { createLane, listLanes } from '../../db/decide/flags.ts';
import { nextActions } from '../../db/look/preview-claim.ts';
import { readStatus } from '../../db/look/status.ts';
import { NotFoundError } from '../../domain/errors.ts';
import { lanesToRead, requireLaneInScope } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

const params = z.strictObject({ lane: laneNameSchema });
const noQuery = z.strictObject({});

export function laneRoutes(app: Api, { database, view, count }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/lanes',
    schema: { summary: 'The names of all lanes', querystring: noQuery, response: { 200: laneListSchema } },
    async handler(request) {
      const visible = lanesToRead(request.scope);
      const lanes = await listLanes(database);
      const items = lanes.filter((lane) => visible?.includes(lane) ?? true).map((lane) => ({ lane }));
      return { items, nextCursor: null, total: items.length, totalIsExact: true };
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/lanes/:lane',
    config: { problems: [404] },
    schema: { summary: 'The status of one lane', params, querystring: noQuery, response: { 200: laneStatusSchema } },
    async handler(request) {
      const { lanes } = await readStatus(database, count, lanesToRead(request.scope, request.params.lane));
      const [found] = lanes;
      if (!found) throw new NotFoundError(`there is no lane ${request.params.lane}`);
      return found;
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/lanes/:lane/next',
    config: { problems: [404] },
    schema: {
      summary: 'What the next tick would claim, in its order, or why nothing',
      params,
      querystring: noQuery,
      response: { 200: nextActionsSchema },
    },
    async handler(request) {
      requireLaneInScope(request.scope, request.params.lane);
      const { rows, why } = await nextActions(database, request.params.lane);
      return { items: rows.map((row) => toAction(row, view)), why };
    },
  });

  app.route({
    method: 'PUT',
    url: '/v1/lanes/:lane',
    config: { bodyOptional: true },
    schema: {
      summary: 'Create a lane, in PROOF and with approval_policy all; again changes nothing',
      params,
      querystring: noQuery,
      body: z.strictObject({}),
      response: { 200: laneCreatedSchema, 201: laneCreatedSchema },
    },
    async handler(request, reply) {
      const created = await createLane(database, request.params.lane, request.actor);
      reply.code(created ? 201 : 200);
      return { lane: request.params.lane, created };
    },
  });
}
