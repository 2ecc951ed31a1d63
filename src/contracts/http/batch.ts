/** `POST /v1/actions/batch`: many actions at once. */

import { z } from 'zod';
import { MAX_BATCH_ACTIONS } from '../../domain/limits.ts';
import { actionSchema, type EnqueueInput } from './action.ts';
import { problemSchema } from './problem.ts';

/** Items are checked one by one afterwards, so that a malformed one is answered in its place. */
export const batchRequestSchema = z.strictObject({ actions: z.array(z.unknown()).min(1).max(MAX_BATCH_ACTIONS) }).meta({
  description: 'Each item is a request as POST /v1/actions takes it. One that is wrong is answered in its place.',
  examples: [
    { actions: [{ type: 'POST_SOCIAL', payload: { platform: 'x', content: 'Hello' }, idempotencyKey: 'hello-x' }] },
  ],
});
export interface BatchInput {
  readonly actions: readonly EnqueueInput[];
}

export const batchResultSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal([200, 201]), action: actionSchema }),
  z.object({ status: z.literal([400, 403, 409, 422]), problem: problemSchema }),
]);
export type BatchResult = z.output<typeof batchResultSchema>;

/** One result for each item, in the order given. */
export const batchAnswerSchema = z.object({ results: z.array(batchResultSchema) });
export type BatchAnswer = z.output<typeof batchAnswerSchema>;
