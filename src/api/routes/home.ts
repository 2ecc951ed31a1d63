/** `/` says where to go. */

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
      api: '/openapi.json and /docs (with a bearer token)',
      status: '/v1/status (with a bearer token)',
      health: '/readyz',
    }),
  });
}
