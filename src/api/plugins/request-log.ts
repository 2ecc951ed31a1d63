/** One line per request: who did what. No headers and no bodies, so no secrets. */

import type { Api } from '../context.ts';

export function addRequestLog(app: Api): void {
  app.addHook('onResponse', async (request, reply) => {
    const line = {
      method: request.method,
      url: request.url,
      status: reply.statusCode,
      actor: request.actor,
      durationMs: Math.round(reply.elapsedTime),
    };
    if (request.method === 'GET' || request.method === 'HEAD') request.log.debug(line, 'answered');
    else request.log.info(line, 'answered');
  });
}
