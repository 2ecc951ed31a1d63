/** `POST /v1/actions/batch`: many at once, in one transaction, an answer for each in its place. */

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type EnqueueRequest, enqueueRequestSchema } from '../../contracts/http/action.ts';
import { type BatchResult, batchAnswerSchema, batchRequestSchema } from '../../contracts/http/batch.ts';
import { parseBatchText } from '../../contracts/http/batch-text.ts';
import { decodeUtf8 } from '../../contracts/http/json-text.ts';
import { toAction } from '../../db/action-row.ts';
import { type EnqueueResult, enqueue } from '../../db/decide/cancel.ts';
import { AolError } from '../../domain/errors.ts';
import { MAX_BATCH_BODY_BYTES } from '../../domain/limits.ts';
import { asCallerMayQueue } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';
import { checkEnqueue, isDueSoon, referenceErrors } from '../enqueue.ts';
import { toProblem } from '../plugins/problems.ts';
import { checkBy, invalidRequest } from '../plugins/validation.ts';
import { traceQueued } from '../trace.ts';

/** Who queues: what they ask for is what they may. */
type Caller = Parameters<typeof asCallerMayQueue>[0];
type Checked = { readonly request: EnqueueRequest } | { readonly error: AolError };

const REFUSED = [400, 403, 409, 422] as const;

/** The status of an action that is refused for what it is. Undefined of a failure of ours, which is the answer to the whole batch. */
function refusedStatus(error: AolError): (typeof REFUSED)[number] | undefined {
  return REFUSED.find((one) => one === toProblem(error, '').status);
}

export function batchRoutes(app: Api, context: ApiContext): void {
  const { database, contracts, waker, view, queueCap, bounds, knownAccounts } = context;
  const { turns, readingBatch, queueingBatch } = bounds;
  const parseBody = (body: Buffer, request: FastifyRequest) =>
    readingBatch.run(request, async () => {
      await turns.turn();
      return parseBatchText(decodeUtf8(body), () => turns.turn());
    });
  const checkShape = checkBy(enqueueRequestSchema);
  const check = async (item: unknown, caller: Caller): Promise<Checked> => {
    if (item instanceof AolError) return { error: item };
    const parsed = checkShape(item);
    if (!parsed.success) return { error: invalidRequest(parsed.error, 'action') };
    try {
      const request = asCallerMayQueue(caller, parsed.data);
      checkEnqueue(contracts, request);
      if (request.mode === 'REAL') await knownAccounts.require(contracts.get(request.type), request.payload);
      return { request };
    } catch (error) {
      // Nothing is queued yet: what fails now can be told of all of them, and repeated.
      if (error instanceof AolError && refusedStatus(error) !== undefined) return { error };
      throw error;
    }
  };

  app.route({
    ...bounds.batches.hooks,
    method: 'POST',
    url: '/v1/actions/batch',
    bodyLimit: MAX_BATCH_BODY_BYTES,
    config: { parseBody },
    schema: {
      summary: 'Queue up to 1,000 actions in one transaction; each is answered in its place',
      querystring: z.strictObject({}),
      body: batchRequestSchema,
      response: { 200: batchAnswerSchema },
    },
    handler: (request) =>
      queueingBatch.run(request, async () => {
        const startedAtMs = Date.now();
        const checked: Checked[] = [];
        for (const item of request.body.actions) {
          await turns.turn();
          checked.push(await check(item, request));
        }
        const named = checked.flatMap((item) => ('request' in item ? [item.request] : []));
        const wrongNames = await referenceErrors(database, contracts, named);
        for (const [index, error] of wrongNames.entries()) {
          if (error)
            checked.splice(
              checked.findIndex((item) => 'request' in item && item.request === named[index]),
              1,
              { error },
            );
        }
        const asked = named.filter((_, index) => wrongNames[index] === undefined);
        await queueCap.admit(asked.length);
        const queued = await enqueue(database, asked, request.actor);
        queueCap.added(queued.filter(({ kind }) => kind === 'created').length);
        for (const lane of lanesToWake(queued)) waker.wake(lane);
        const answers = queued.values();
        const refused = (error: AolError): BatchResult => {
          const status = refusedStatus(error);
          if (status === undefined) throw error;
          return { status, problem: toProblem(error, request.id) };
        };
        const results = checked.map((item): BatchResult => {
          if ('error' in item) return refused(item.error);
          const { value: result } = answers.next();
          if (!result) throw new Error('enqueue answered too few');
          if (result.kind === 'refused') return refused(result.error);
          if (result.kind === 'created') traceQueued(request, result.row, startedAtMs);
          return { status: result.kind === 'created' ? 201 : 200, action: toAction(result.row, view) };
        });
        return { results };
      }),
  });
}

function lanesToWake(queued: readonly EnqueueResult[]): Set<string> {
  return new Set(
    queued.flatMap((result) => (result.kind === 'created' && isDueSoon(result.row) ? [result.row.lane] : [])),
  );
}
