/** What the API adds to traces: the first span of each action that it queues. */

import type { FastifyRequest } from 'fastify';
import type { ActionRow } from '../db/action-row.ts';
import { recordFirstSpan } from '../observability/tracing.ts';

/** Begins the trace of an action that was queued just now. A caller's own trace is linked to it. */
export function traceQueued(
  request: Pick<FastifyRequest, 'headers' | 'actor'>,
  row: Pick<ActionRow, 'id' | 'lane' | 'type' | 'mode'>,
  startedAtMs: number,
): void {
  const { traceparent } = request.headers;
  recordFirstSpan(row.id, 'enqueue', {
    startedAtMs,
    kind: 'server',
    attributes: { 'aol.lane': row.lane, 'aol.type': row.type, 'aol.mode': row.mode, 'aol.actor': request.actor },
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  });
}
