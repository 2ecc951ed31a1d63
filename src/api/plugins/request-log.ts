/** One line per request: who did what. No headers and no bodies, so no secrets. */

import { traceIdOf } from '../../observability/tracing.ts';
import type { Api } from '../context.ts';

const REFUSALS: ReadonlySet<number> = new Set([401, 429]);

export function addRequestLog(app: Api): void {
  app.addHook('onResponse', async (request, reply) => {
    const actionId = actionIn(reply.getHeader('location')) ?? actionIn(request.url);
    const line = {
      method: request.method,
      url: request.routeOptions.config.queryIsSecret ? request.routeOptions.url : request.url,
      status: reply.statusCode,
      actor: request.actor,
      durationMs: Math.round(reply.elapsedTime),
      ...(actionId === undefined ? {} : { actionId, traceId: traceIdOf(actionId) }),
    };
    // Refusals stand in the audit, counted: a flood of them fills no log.
    if (request.method === 'GET' || request.method === 'HEAD' || REFUSALS.has(reply.statusCode))
      request.log.debug(line, 'answered');
    else request.log.info(line, 'answered');
  });
}

/** The action that an address is about: of the request, or of what it made. */
function actionIn(address: unknown): string | undefined {
  const match = typeof address === 'string' ? /^\/v1\/actions\/([0-9a-f-]{36})(?![0-9a-f-])/.exec(address) : null;
  return match?.[1];
}
