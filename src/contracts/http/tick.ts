/** Rows of the tick ledger as they go out, and the result of a tick that was asked for. */

import { z } from 'zod';
import { TICK_OUTCOMES } from '../../domain/ledger.ts';
import { ACTION_MODES } from '../../domain/states.ts';
import { cursorSchema, laneNameSchema, openWordSchema, pageOf, pageSizeSchema, timeSchema } from './primitives.ts';

export const tickSchema = z.object({
  id: z.uuid(),
  lane: z.string(),
  number: z.int(),
  leaseToken: z.int(),
  runId: z.string(),
  mode: openWordSchema(ACTION_MODES),
  /** Null while the tick is open. */
  outcome: openWordSchema(TICK_OUTCOMES).nullable(),
  claimed: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  retried: z.int(),
  released: z.int(),
  awaiting: z.int(),
  running: z.int(),
  deadLettered: z.int(),
  unconfirmed: z.int(),
  startedAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  durationMs: z.number().nullable(),
  /** How many consecutive quiet ticks this row stands for. */
  repeats: z.int(),
  error: z.string().nullable(),
});
export type Tick = z.output<typeof tickSchema>;

export const tickListQuerySchema = z.strictObject({
  lane: laneNameSchema.optional(),
  cursor: cursorSchema.optional(),
  limit: pageSizeSchema,
});
export type TickListQuery = z.output<typeof tickListQuerySchema>;
export const tickListSchema = pageOf(tickSchema);
export type TickList = z.output<typeof tickListSchema>;
