/** `POST /v1/actions/validate`: the checks of an enqueue, and the effect as a proof would store it. Nothing is queued or kept. */

import type { FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { type EnqueueRequest, enqueueRequestSchema } from '../../contracts/http/action.ts';
import { type ValidateResult, validateAnswerSchema, validateRequestSchema } from '../../contracts/http/validate.ts';
import { filesOf } from '../../contracts/payloads/contract.ts';
import { listAccountsToRender } from '../../db/look/accounts.ts';
import { findBlobs } from '../../db/queue/blobs.ts';
import { AolError, UnprocessableError } from '../../domain/errors.ts';
import { asCallerMayQueue } from '../access/scope.ts';
import type { Api, ApiContext, EffectRenderer, RenderReply } from '../context.ts';
import { checkEnqueue, referenceErrors } from '../enqueue.ts';
import { enqueueNotes } from '../enqueue-notes.ts';
import { toProblem } from '../plugins/problems.ts';
import { checkBy, invalidRequest } from '../plugins/validation.ts';

const checkShape = checkBy(enqueueRequestSchema);
const renderedSchema = z.looseObject({
  summary: z.string(),
  preview: z.record(z.string(), z.unknown()).optional(),
});

export function validateRoutes(app: Api, context: ApiContext, renderer: EffectRenderer): void {
  const { bounds } = context;
  app.route({
    method: 'POST',
    url: '/v1/actions/validate',
    schema: {
      summary: 'The checks of an enqueue, and the effect exactly as a proof would store it, without queueing anything',
      querystring: z.strictObject({}),
      body: validateRequestSchema,
      response: { 200: validateAnswerSchema },
    },
    async handler(request) {
      const results: ValidateResult[] = [];
      for (const item of request.body.actions) {
        await bounds.turns.turn();
        const result = await bounds.rendering
          .run(request, () => validate(item, request, context, renderer))
          .catch((error: unknown): ValidateResult => {
            if (!(error instanceof AolError)) throw error;
            return { ok: false, problem: toProblem(error, request.id) };
          });
        results.push(result);
      }
      return { results };
    },
  });
}

async function validate(
  item: unknown,
  caller: Pick<FastifyRequest, 'role' | 'scope'>,
  context: ApiContext,
  renderer: EffectRenderer,
): Promise<ValidateResult> {
  const { database, contracts, knownAccounts } = context;
  const parsed = checkShape(item);
  if (!parsed.success) throw invalidRequest(parsed.error, 'action');
  const asked = asCallerMayQueue(caller, parsed.data);
  checkEnqueue(contracts, asked);
  const [wrongNames] = await referenceErrors(database, contracts, [asked]);
  if (wrongNames) throw wrongNames;
  if (asked.mode === 'REAL') await knownAccounts.require(contracts.get(asked.type), asked.payload);
  const notes = await enqueueNotes(database, asked);
  const reply = await render(asked, context, renderer);
  if (reply.kind === 'failed') throw new UnprocessableError(`it cannot be rendered: ${reply.reason}`, reply.problems);
  const effect = renderedSchema.parse(JSON.parse(new TextDecoder().decode(reply.bytes)));
  return {
    ok: true,
    effect,
    sha256: reply.sha256,
    byteCount: reply.bytes.byteLength,
    summary: effect.summary,
    preview: effect.preview ?? null,
    notes: [
      ...notes,
      ...(reply.hasAccount ? [] : ['no worker has its account: the proof shows a placeholder, and REAL is refused']),
      ...(reply.holdsActionId
        ? ['its SHA-256 is of this look alone: the effect holds the id of its action, and each action has its own']
        : []),
    ],
  };
}

async function render(
  { type, payload }: EnqueueRequest,
  { database, contracts }: ApiContext,
  renderer: EffectRenderer,
): Promise<RenderReply> {
  const provider = contracts.get(type)?.account?.(payload)?.provider;
  const [accounts, files] = await Promise.all([
    provider === undefined ? [] : listAccountsToRender(database, provider),
    findBlobs(
      database,
      filesOf(payload).map(({ sha256 }) => sha256),
    ),
  ]);
  return renderer.render({
    type,
    payload,
    actionId: uuidv7(),
    accounts,
    files: [...files.values()],
  });
}
