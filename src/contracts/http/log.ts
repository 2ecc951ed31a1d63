/** Rows of the execution log as they go out. */

import { z } from 'zod';
import { LOG_EVENTS, LOG_LEVELS } from '../../domain/events.ts';
import { storableText } from './json.ts';
import {
  actionIdSchema,
  commaListOf,
  cursorSchema,
  instantSchema,
  laneOrAllSchema,
  openWordSchema,
  pageOf,
  pageSizeSchema,
  searchTextSchema,
  timeSchema,
} from './primitives.ts';

export const logEntrySchema = z.object({
  id: z.int(),
  at: timeSchema,
  lane: z.string(),
  actionId: z.uuid().nullable(),
  tickId: z.uuid().nullable(),
  attempt: z.int().nullable(),
  event: openWordSchema(LOG_EVENTS),
  level: openWordSchema(LOG_LEVELS),
  actor: z.string(),
  message: z.string(),
  detail: z.record(z.string(), z.unknown()).nullable(),
  artifactSha256: z.string().nullable(),
  durationMs: z.number().nullable(),
  /** One line of what its action does; in the list of all rows alone, and null where the action is gone. */
  summary: z.string().nullable().optional(),
});
export type LogEntry = z.output<typeof logEntrySchema>;

/** `GET /v1/actions/{id}/logs`: the rows of one action, in the order of what happened. */
export const actionLogsQuerySchema = z.strictObject({ cursor: cursorSchema.optional(), limit: pageSizeSchema });

/** `GET /v1/logs`: all rows, newest first. */
export const logListQuerySchema = z.strictObject({
  /** `*` is what concerns all lanes. */
  lane: laneOrAllSchema.optional(),
  actionId: actionIdSchema.optional(),
  tickId: actionIdSchema.optional(),
  level: commaListOf(LOG_LEVELS).optional(),
  event: commaListOf(LOG_EVENTS).optional(),
  actor: storableText(1, 200).optional(),
  /** From this moment on. */
  from: instantSchema.optional(),
  /** Before this moment. */
  to: instantSchema.optional(),
  /** Only what people did: decisions, flags, stops, tokens. Neither what the engine wrote of its work, nor what agents did. */
  people: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional(),
  /** Words that each must stand in the message or the detail. */
  q: searchTextSchema.optional(),
  /** `csv`: all rows that fit, oldest last, as a file; limit and cursor are of pages. */
  format: z.enum(['json', 'csv']).default('json'),
  cursor: cursorSchema.optional(),
  limit: pageSizeSchema,
});
export type LogListQuery = z.output<typeof logListQuerySchema>;
export const logListSchema = pageOf(logEntrySchema);
export type LogList = z.output<typeof logListSchema>;

/** `GET /v1/events`: a row of the log is an event's data, its id the event's id. Rows of all lanes come with those of a lane. */
export const eventsQuerySchema = z.strictObject({
  lane: laneOrAllSchema.optional(),
  /** As the header `Last-Event-ID`, for clients that cannot set it. */
  lastEventId: z
    .string()
    .regex(/^\d{1,15}$/, { message: 'must be the id of an event' })
    .optional(),
});
