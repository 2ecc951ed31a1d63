/** `/` says where to go; `/openapi.json` describes every route. */

import { z } from 'zod';
import type { Api } from '../context.ts';

const homeSchema = z.object({ name: z.string(), api: z.string(), status: z.string(), health: z.string() });

export function homeRoutes(app: Api): void {
  app.route({
    method: 'GET',
    url: '/',
    config: { role: 'public' },
    schema: { summary: 'Where to go', response: { 200: homeSchema } },
    handler: () => ({
      name: 'AOL, the Autonomy Orchestration Layer',
      api: '/openapi.json (with a bearer token)',
      status: '/v1/status (with a bearer token)',
      health: '/readyz',
    }),
  });

  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { role: 'viewer' },
    schema: { summary: 'This description' },
    handler: (_request, reply) => reply.type('application/json').send(JSON.stringify(app.swagger())),
  });
}
