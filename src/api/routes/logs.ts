/** `GET /v1/logs`: the execution log of everything, with the operators' acts in it. */

import { logListQuerySchema, logListSchema } from '../../contracts/http/log.ts';
import { listLogs } from '../../db/look/logs.ts';
import { lanesToRead } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

export function logRoutes(app: Api, { database, bounds }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/logs',
    config: { problems: [422] },
    schema: { summary: 'The log, newest first', querystring: logListQuerySchema, response: { 200: logListSchema } },
    handler({ query, scope }) {
      const list = () => listLogs(database, query, lanesToRead(scope, query.lane));
      return query.q === undefined ? list() : bounds.searches.run(list);
    },
  });
}
