/** `POST /v1/actions/validate`: what would be proved, without an action. */

import { z } from 'zod';
import { MAX_VALIDATED } from '../../domain/limits.ts';
import type { EnqueueInput } from './action.ts';
import { sha256Schema } from './primitives.ts';
import { problemSchema } from './problem.ts';

/** Items are checked one by one, so that one that is wrong is answered in its place. */
export const validateRequestSchema = z.strictObject({ actions: z.array(z.unknown()).min(1).max(MAX_VALIDATED) }).meta({
  description: 'Each item is a request as POST /v1/actions takes it. One that is wrong is answered in its place.',
  examples: [{ actions: [{ type: 'POST_SOCIAL', payload: { platform: 'x', content: 'Hello' } }] }],
});
export interface ValidateInput {
  readonly actions: readonly EnqueueInput[];
}

export const validateResultSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    /** What a proof would store: `GET /v1/actions/{id}/artifact` answers its canonical JSON. */
    effect: z.record(z.string(), z.unknown()),
    /** Of the effect's bytes, as a proof would have them. A note says where it holds for this rendering alone. */
    sha256: sha256Schema,
    byteCount: z.int(),
    summary: z.string(),
    /** How it looks to the one who receives it; null where its adapter does not say. */
    preview: z.record(z.string(), z.unknown()).nullable(),
    /** What would become of it, and what this look cannot know. */
    notes: z.array(z.string()),
  }),
  z.object({ ok: z.literal(false), problem: problemSchema }),
]);
export type ValidateResult = z.output<typeof validateResultSchema>;

/** One result for each item, in the order given. */
export const validateAnswerSchema = z.object({ results: z.array(validateResultSchema) });
export type ValidateAnswer = z.output<typeof validateAnswerSchema>;
