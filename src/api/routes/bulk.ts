/** What people decide about many actions at once: approvals, what waits, dead letters. */

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  type ApprovalsResult,
  approvalsAnswerSchema,
  approvalsRequestSchema,
  cancelManyRequestSchema,
  dlqGroupsSchema,
} from '../../contracts/http/bulk.ts';
import { type DlqFilter, dlqAnswerSchema, dlqRequestSchema } from '../../contracts/http/decisions.ts';
import { actionTypeSchema, laneNameSchema } from '../../contracts/http/primitives.ts';
import type { ActionRow } from '../../db/action-row.ts';
import { approveAction, rejectAction } from '../../db/decide/approvals.ts';
import {
  type CancelFilter,
  cancelMany,
  clearMany,
  type DlqSelection,
  type ManyOptions,
  type ManyResult,
  replayMany,
} from '../../db/decide/many.ts';
import { groupDeadLetters } from '../../db/look/dead-letters.ts';
import { errorText } from '../../domain/errors.ts';
import { UNBOUND } from '../../domain/scope.ts';
import { callerHas } from '../access/route-rights.ts';
import { findActionToDecide, lanesToRead, requireLaneInScope } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { allDecided } from '../decided.ts';
import { toProblem } from '../plugins/problems.ts';

const noQuery = z.strictObject({});

export function bulkRoutes(app: Api, context: ApiContext): void {
  approvalsRoute(app, context);
  cancelRoute(app, context);
  dlqRoutes(app, context);
}

interface Asked {
  readonly id: string;
  decide(): Promise<ActionRow>;
}

type Outcome = { readonly row: ActionRow } | { readonly error: unknown };

function approvalsRoute(app: Api, context: ApiContext): void {
  const { database, bounds } = context;
  const decide = ({ id, decide: work }: Asked, request: FastifyRequest): Promise<Outcome> =>
    bounds.approving
      .run(request, async () => {
        if (request.scope !== null) await findActionToDecide(database, id, request.scope);
        return { row: await work() };
      })
      .catch((error: unknown) => ({ error }));
  const refusal = (id: string, error: unknown, request: FastifyRequest): ApprovalsResult => {
    const problem = toProblem(error, request.id);
    const status = ([403, 404, 409, 503] as const).find((one) => one === problem.status) ?? 500;
    if (status === 403) context.audit.refused(refusedCall(request));
    if (status === 500) request.log.error({ err: error }, 'a decision of several failed');
    if (status === 503) request.log.warn({ error: errorText(error, 300) }, 'a decision of several could not be made');
    return { id, status, problem };
  };

  app.route({
    method: 'POST',
    url: '/v1/approvals',
    schema: {
      summary:
        'Approve and reject up to 200 actions. Each is decided by itself, against its own SHA-256, and answered in its place: first ' +
        'those to approve, then those to reject',
      querystring: noQuery,
      body: approvalsRequestSchema,
      response: { 200: approvalsAnswerSchema },
    },
    async handler(request) {
      const { actor, body } = request;
      const by = (reason = body.reason) => ({ actor, reason });
      const asked: Asked[] = [
        ...body.approve.map(({ id, sha256 }) => ({ id, decide: () => approveAction(database, id, sha256, by()) })),
        ...body.reject.map(({ id, reason }) => ({ id, decide: () => rejectAction(database, id, by(reason)) })),
      ];
      const outcomes = await Promise.all(asked.map((one) => decide(one, request)));
      const rows = outcomes.flatMap((outcome) => ('row' in outcome ? [outcome.row] : []));
      const actions = await allDecided(context, rows);
      const byId = new Map(actions.map((action) => [action.id, action]));
      const results = asked.map(({ id }, index): ApprovalsResult => {
        const outcome = outcomes[index];
        const action = byId.get(id);
        return action
          ? { id, status: 200, action }
          : refusal(id, outcome && 'error' in outcome && outcome.error, request);
      });
      return { results };
    },
  });
}

function refusedCall({ method, actor, ip, routeOptions }: FastifyRequest) {
  return { status: 403, actor, address: ip, method, route: routeOptions.url ?? 'no route' };
}

function cancelRoute(app: Api, { database, bounds }: ApiContext): void {
  app.route({
    method: 'POST',
    url: '/v1/actions/cancel',
    config: { problems: [404, 422] },
    schema: {
      summary:
        'Cancel up to 1,000 actions that are PENDING or AWAITING_APPROVAL; what may have been sent is left. An agent cancels only what ' +
        'it queued itself',
      querystring: noQuery,
      body: cancelManyRequestSchema,
      response: { 200: dlqAnswerSchema },
    },
    async handler(request) {
      const { ids } = request.body;
      const filter: CancelFilter = request.body.filter ?? {};
      requireFilterInScope(request, filter);
      const onlyOwn = !callerHas(request, 'cancelAny');
      const options = { ...optionsOf(request), onlyOwn };
      const cancel = () => cancelMany(database, ids === undefined ? { filter } : { ids }, options);
      return answer(await (filter.q === undefined ? cancel() : bounds.searches.run(request, cancel)));
    },
  });
}

const DLQ_VERBS = [
  { verb: 'replay', decide: replayMany, summary: 'Give up to 1,000 dead letters a new round of attempts' },
  { verb: 'clear', decide: clearMany, summary: 'Cancel up to 1,000 dead letters' },
] as const;

function dlqRoutes(app: Api, { database, waker, bounds }: ApiContext): void {
  for (const { verb, decide, summary } of DLQ_VERBS) {
    app.route({
      method: 'POST',
      url: `/v1/dlq/${verb}`,
      config: { problems: [404, 422] },
      schema: { summary, querystring: noQuery, body: dlqRequestSchema, response: { 200: dlqAnswerSchema } },
      async handler(request) {
        const { ids } = request.body;
        const filter: DlqFilter = request.body.filter ?? {};
        requireFilterInScope(request, filter);
        const selection: DlqSelection = ids === undefined ? { filter } : { ids };
        const result = await decide(database, selection, optionsOf(request));
        if (verb === 'replay') for (const lane of result.lanes) waker.wake(lane);
        return answer(result);
      },
    });
  }

  app.route({
    method: 'GET',
    url: '/v1/dlq/groups',
    config: { problems: [404, 422] },
    schema: {
      summary:
        'Dead letters by their cause: the last error without ids, numbers and hashes. The largest groups come first',
      querystring: z.strictObject({ lane: laneNameSchema.optional(), type: actionTypeSchema.optional() }),
      response: { 200: dlqGroupsSchema },
    },
    handler(request) {
      const { query, scope } = request;
      const lanes = lanesToRead(scope, query.lane);
      return bounds.searches.run(request, () => groupDeadLetters(database, { lanes, type: query.type }));
    },
  });
}

interface BulkRequest extends Pick<FastifyRequest, 'actor' | 'scope'> {
  readonly body: { readonly dryRun: boolean; readonly reason?: string | undefined };
}

function optionsOf({ actor, scope, body }: BulkRequest): ManyOptions {
  return { actor, reason: body.reason, dryRun: body.dryRun, scope: scope ?? UNBOUND };
}

function requireFilterInScope(
  { scope }: Pick<FastifyRequest, 'scope'>,
  { lane }: { readonly lane?: string | undefined },
) {
  if (lane !== undefined) requireLaneInScope(scope, lane);
}

function answer(result: ManyResult) {
  return { ...result, refused: [...result.refused], asOf: result.asOf.toISOString() };
}
