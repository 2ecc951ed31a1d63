/** Operators' decisions: replay and resolve of one action, replay and clear of many dead letters. */

import { z } from 'zod';
import { actionSchema } from '../../contracts/http/action.ts';
import {
  dlqAnswerSchema,
  dlqRequestSchema,
  replayRequestSchema,
  resolveRequestSchema,
} from '../../contracts/http/decisions.ts';
import { actionIdSchema } from '../../contracts/http/primitives.ts';
import { clearMany, type DlqSelection, replayAction, replayMany, resolveAction } from '../../db/decide/decisions.ts';
import type { Api, ApiContext } from '../context.ts';
import { decided } from '../decided.ts';

const params = z.strictObject({ id: actionIdSchema });
const noQuery = z.strictObject({});

export function decisionRoutes(app: Api, context: ApiContext): void {
  singleRoutes(app, context);
  dlqRoutes(app, context);
}

function singleRoutes(app: Api, context: ApiContext): void {
  const { database } = context;

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/replay',
    config: { role: 'operator', bodyOptional: true, problems: [404, 409] },
    schema: {
      summary: 'Give a dead letter a new round of attempts under the same key',
      params,
      querystring: noQuery,
      body: replayRequestSchema,
      response: { 200: actionSchema },
    },
    async handler(request) {
      const by = { actor: request.actor, reason: request.body.reason };
      return decided(context, await replayAction(database, request.params.id, by));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/actions/:id/resolve',
    config: { role: 'operator', problems: [404, 409] },
    schema: {
      summary: 'Say whether an unconfirmed effect was sent: SUCCESS, or a new round of attempts',
      params,
      querystring: noQuery,
      body: resolveRequestSchema,
      response: { 200: actionSchema },
    },
    async handler(request) {
      const { outcome, reason } = request.body;
      return decided(
        context,
        await resolveAction(database, request.params.id, outcome, { actor: request.actor, reason }),
      );
    },
  });
}

const DLQ_VERBS = [
  { verb: 'replay', decide: replayMany, summary: 'Give up to 1,000 dead letters a new round of attempts' },
  { verb: 'clear', decide: clearMany, summary: 'Cancel up to 1,000 dead letters' },
] as const;

function dlqRoutes(app: Api, { database, waker }: ApiContext): void {
  for (const { verb, decide, summary } of DLQ_VERBS) {
    app.route({
      method: 'POST',
      url: `/v1/dlq/${verb}`,
      config: { role: 'operator', problems: [404] },
      schema: { summary, querystring: noQuery, body: dlqRequestSchema, response: { 200: dlqAnswerSchema } },
      async handler(request) {
        const { ids, filter, dryRun, reason } = request.body;
        const selection: DlqSelection = ids === undefined ? { filter: filter ?? {} } : { ids };
        const result = await decide(database, selection, { actor: request.actor, reason, dryRun });
        if (verb === 'replay') for (const lane of result.lanes) waker.wake(lane);
        return { ...result, refused: [...result.refused], asOf: result.asOf.toISOString() };
      },
    });
  }
}
