/** The one tool that makes work, as a proof, or as a request for REAL that a person has to approve; and the look before it. */

import { z } from 'zod';
import { actionSchema, enqueueRequestSchema } from '../../contracts/http/action.ts';
import {
  actionModeSchema,
  actionTypeSchema,
  idempotencyKeySchema,
  laneNameSchema,
  maxAttemptsSchema,
  prioritySchema,
} from '../../contracts/http/primitives.ts';
import { fieldProblems } from '../../contracts/http/problem.ts';
import { validateResultSchema } from '../../contracts/http/validate.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import { tool } from '../tool.ts';

const input = z.strictObject({
  type: actionTypeSchema.describe('e.g. POST_SOCIAL; list_adapters names all'),
  payload: z.record(z.string(), z.unknown()).describe("what the type's schema in list_adapters asks for"),
  idempotencyKey: idempotencyKeySchema
    .optional()
    .describe('a name of your own for this one thing: the same call with it queues nothing twice'),
  lane: laneNameSchema.optional().describe('"default" when absent'),
  mode: actionModeSchema
    .default('PROOF')
    .describe('PROOF renders what would be sent and sends nothing. REAL asks: it waits until a person approves it'),
  priority: prioritySchema.optional().describe('higher first'),
  runAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('sent not before, e.g. 2026-12-24T18:00:00Z; a person can approve it before'),
  maxAttempts: maxAttemptsSchema.optional(),
});

export const enqueueAction = tool({
  name: 'enqueue_action',
  title: 'Queue an action',
  description:
    'Queues an action. In PROOF (the default) it is rendered and nothing is sent; get_artifact then shows the exact request. ' +
    'In REAL it is rendered and waits in AWAITING_APPROVAL until a person has approved it: you cannot. ' +
    'Give an idempotencyKey, and use the same one when you repeat a call.',
  kind: 'queues',
  input,
  output: actionSchema,
  async run(client, asked) {
    // The server asks it of an agent's token anyway; this holds for every other token too.
    const parsed = enqueueRequestSchema.safeParse({ ...asked, requireApproval: asked.mode === 'REAL' });
    if (!parsed.success) throw new InvalidRequestError('this cannot be queued', fieldProblems(parsed.error));
    const action = await client.enqueue(parsed.data);
    const then =
      action.mode === 'REAL'
        ? 'it is rendered at once and then waits for the approval of a person, whatever its runAt is'
        : 'it is rendered; nothing is sent';
    const beware = action.approvalExpiresFirst ? ' Its approval will run out before its runAt.' : '';
    return { words: `${action.id} is ${action.status} in ${action.mode}: ${then}.${beware}`, result: action };
  },
});

export const validateAction = tool({
  name: 'validate_action',
  title: 'Look at an action before it is queued',
  description:
    'Checks a request as enqueue_action would, and answers the exact effect that a proof would store, how it looks to its receiver, and ' +
    'what would become of it. Nothing is queued or sent.',
  kind: 'looks',
  input: input.omit({ idempotencyKey: true }),
  output: z.object({ result: validateResultSchema }),
  async run(client, asked) {
    const parsed = enqueueRequestSchema.safeParse({ ...asked, requireApproval: asked.mode === 'REAL' });
    if (!parsed.success) throw new InvalidRequestError('this cannot be queued', fieldProblems(parsed.error));
    const [result] = (await client.validate({ actions: [parsed.data] })).results;
    if (!result) throw new Error('the server answered nothing');
    const words = result.ok ? `It would be: ${result.summary}.` : `It would be refused: ${result.problem.detail}.`;
    return { words, result: { result } };
  },
});
