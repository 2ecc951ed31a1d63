/** `/metrics`, for Prometheus. */

import { z } from 'zod';
import { requireUnbound } from '../access/scope.ts';
import type { Api } from '../context.ts';
import { rawAnswer } from '../describe/raw-answer.ts';
import type { ApiMetrics } from './registry.ts';

export function metricsRoutes(app: Api, metrics: ApiMetrics): void {
  app.route({
    method: 'GET',
    url: '/metrics',
    schema: {
      summary: 'Metrics, in the text format of Prometheus',
      querystring: z.strictObject({}),
      response: { 200: rawAnswer('Metrics', 'text/plain') },
    },
    async handler(request, reply) {
      requireUnbound(request.scope, 'metrics are about all lanes');
      const page = await metrics.page();
      return reply.type(metrics.contentType).send(page);
    },
  });
}
