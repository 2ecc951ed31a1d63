/** Rows of the execution log as they go out. */

import { z } from 'zod';
import { LOG_EVENTS, LOG_LEVELS } from '../domain/events.ts';
import { cursorSchema, pageOf, pageSizeSchema, timeSchema } from './primitives.ts';

export const logEntrySchema = z.object({
  id: z.int(),
  at: timeSchema,
  lane: z.string(),
  actionId: z.uuid().nullable(),
  tickId: z.uuid().nullable(),
  attempt: z.int().nullable(),
  event: z.enum(LOG_EVENTS),
  level: z.enum(LOG_LEVELS),
  actor: z.string(),
  message: z.string(),
  detail: z.record(z.string(), z.unknown()).nullable(),
  artifactSha256: z.string().nullable(),
  durationMs: z.number().nullable(),
});
export type LogEntry = z.output<typeof logEntrySchema>;

export const logListQuerySchema = z.strictObject({ cursor: cursorSchema.optional(), limit: pageSizeSchema });
export const logListSchema = pageOf(logEntrySchema);
export type LogList = z.output<typeof logListSchema>;
