/** `GET /v1/logs`: the execution log of everything, with the operators' acts in it. */

import { logListQuerySchema, logListSchema } from '../../contracts/http/log.ts';
import { listLogs } from '../../db/look/logs.ts';
import { lanesToRead } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

export function logRoutes(app: Api, { database }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/logs',
    schema: { summary: 'The log, newest first', querystring: logListQuerySchema, response: { 200: logListSchema } },
    handler: (request) => listLogs(database, request.query, lanesToRead(request.scope, request.query.lane)),
  });
}
