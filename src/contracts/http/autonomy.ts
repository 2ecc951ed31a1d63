/** `GET` and `PUT /v1/autonomy`, `DELETE /v1/autonomy/{lane}/{type}`. */

import { z } from 'zod';
import { AUTONOMY_LEVELS } from '../../domain/autonomy.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import { laneOrAllSchema, openWordSchema, reasonSchema, timeSchema } from './primitives.ts';

/** A type, or `*` for every one. */
const typeSchema = z.string().regex(/^(?:\*|[A-Z][A-Z0-9_]{0,62})$/, { message: 'must be a type, or *' });

export const autonomyQuerySchema = z.strictObject({ lane: laneOrAllSchema.optional() });

export const autonomySchema = z.object({
  lane: z.string(),
  type: z.string(),
  level: openWordSchema(AUTONOMY_LEVELS),
  updatedBy: z.string(),
  reason: z.string().nullable(),
  updatedAt: timeSchema,
});
export type Autonomy = z.output<typeof autonomySchema>;

/** What holds for the type in the lane when its own level is taken back; null: nothing is set, and the flags hold alone. */
export const autonomyUnsetSchema = z.object({ inForce: autonomySchema.nullable() });
export type AutonomyUnset = z.output<typeof autonomyUnsetSchema>;

export const autonomyParamsSchema = z.strictObject({ lane: laneOrAllSchema, type: typeSchema });
export const autonomyDeleteQuerySchema = z.strictObject({ reason: reasonSchema.optional() });

export const autonomyListSchema = z.object({ items: z.array(autonomySchema) });
export type AutonomyList = z.output<typeof autonomyListSchema>;

export const autonomyPutSchema = z
  .strictObject({
    lane: laneOrAllSchema.default(ALL_LANES),
    type: typeSchema.default('*'),
    level: z.enum(AUTONOMY_LEVELS),
    reason: reasonSchema.optional(),
  })
  .meta({ examples: [{ lane: 'default', type: 'POST_SOCIAL', level: 'approve', reason: 'somebody looks at each' }] });
export type AutonomyPut = z.output<typeof autonomyPutSchema>;
export type AutonomyPutInput = z.input<typeof autonomyPutSchema>;
