/** Actions as they come in and go out over HTTP. */

import { z } from 'zod';
import { DEFAULT_LANE } from '../../domain/flags.ts';
import { MAX_ATTEMPTS } from '../../domain/limits.ts';
import { ACTION_MODES, ACTION_STATUSES, DLQ_REASONS } from '../../domain/states.ts';
import { payloadSchema } from './json.ts';
import {
  actionModeSchema,
  actionTypeSchema,
  commaListOf,
  cursorSchema,
  idempotencyKeySchema,
  laneNameSchema,
  maxAttemptsSchema,
  openWordSchema,
  pageOf,
  pageSizeSchema,
  prioritySchema,
  runAtSchema,
  searchTextSchema,
  timeSchema,
} from './primitives.ts';

/** What `POST /v1/actions` takes. The payload is checked against its type's own schema afterwards. */
export const enqueueRequestSchema = z
  .strictObject({
    type: actionTypeSchema,
    payload: payloadSchema,
    idempotencyKey: idempotencyKeySchema.optional(),
    lane: laneNameSchema.default(DEFAULT_LANE),
    mode: actionModeSchema.default('PROOF'),
    priority: prioritySchema.default(0),
    runAt: runAtSchema.optional(),
    maxAttempts: maxAttemptsSchema.default(MAX_ATTEMPTS),
    requireApproval: z.boolean().default(false),
  })
  .meta({
    examples: [
      { type: 'POST_SOCIAL', payload: { platform: 'bluesky', content: 'Hello' }, idempotencyKey: 'hello-1' },
      {
        type: 'CALL_WEBHOOK',
        payload: { url: 'https://example.com/hooks/orders', body: { order: 42 }, dedupes: true },
        priority: 5,
        requireApproval: true,
      },
    ],
  });
export type EnqueueRequest = z.output<typeof enqueueRequestSchema>;
export type EnqueueInput = z.input<typeof enqueueRequestSchema>;

export const actionSchema = z.object({
  id: z.uuid(),
  lane: z.string(),
  type: z.string(),
  payload: z.record(z.string(), z.unknown()),
  idempotencyKey: z.string(),
  status: openWordSchema(ACTION_STATUSES),
  mode: openWordSchema(ACTION_MODES),
  promotedFrom: z.uuid().nullable(),
  priority: z.int(),
  runAt: timeSchema,
  attempts: z.int(),
  maxAttempts: z.int(),
  dlqReason: openWordSchema(DLQ_REASONS).nullable(),
  artifactSha256: z.string().nullable(),
  artifactUri: z.string().nullable(),
  approval: z.object({
    needed: z.boolean(),
    by: z.string().nullable(),
    at: timeSchema.nullable(),
    sha256: z.string().nullable(),
    expires: timeSchema.nullable(),
  }),
  receipt: z.record(z.string(), z.unknown()).nullable(),
  lastError: z.string().nullable(),
  cancelRequested: z.boolean(),
  /** Why it waits, in words, when nothing else says so. */
  waiting: z.string().nullable(),
  createdBy: z.string(),
  createdAt: timeSchema,
  updatedAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  temporal: z.object({
    workflowId: z.string().nullable(),
    runId: z.string().nullable(),
    url: z.string().nullable(),
  }),
});
export type Action = z.output<typeof actionSchema>;

export const actionListQuerySchema = z
  .strictObject({
    status: commaListOf(ACTION_STATUSES).optional(),
    type: actionTypeSchema.optional(),
    lane: laneNameSchema.optional(),
    mode: actionModeSchema.optional(),
    /** An id, the beginning of an idempotency key, or words in the payload or the last error. */
    q: searchTextSchema.optional(),
    /** What runs out first comes first: for what waits for approval alone. Without it the newest comes first. */
    order: z.literal('expires').optional(),
    /** `summary`: one line of what each does instead of its payload, which may have 64 KiB. */
    fields: z.enum(['all', 'summary']).default('all'),
    cursor: cursorSchema.optional(),
    limit: pageSizeSchema,
  })
  .refine(
    ({ order, status, q }) => order === undefined || (status?.join() === 'AWAITING_APPROVAL' && q === undefined),
    {
      path: ['order'],
      message: 'goes with status=AWAITING_APPROVAL alone, and without q',
    },
  );
export type ActionListQuery = z.output<typeof actionListQuerySchema>;
export const actionListSchema = pageOf(actionSchema);
export type ActionList = z.output<typeof actionListSchema>;

/** An action with one line of what it does instead of its payload, as `fields=summary` answers it. */
export const actionSummarySchema = actionSchema.omit({ payload: true }).extend({ summary: z.string() });
export type ActionSummary = z.output<typeof actionSummarySchema>;
export const actionSummaryListSchema = pageOf(actionSummarySchema);
export type ActionSummaryList = z.output<typeof actionSummaryListSchema>;
/** What the server answers: with payloads, or with summaries. */
export const actionListAnswerSchema = pageOf(
  actionSchema.partial({ payload: true }).extend({ summary: actionSummarySchema.shape.summary.optional() }),
);

/** `GET /v1/actions/{id}/last-approved`: what to compare an action with. */
export const lastApprovedSchema = z.object({ action: actionSchema.nullable() });
export type LastApproved = z.output<typeof lastApprovedSchema>;

/** `GET /v1/lanes/{lane}/next`: what the next tick would claim, in its order. */
export const nextActionsSchema = z.object({
  items: z.array(actionSchema),
  /** Why these, or why none. */
  why: z.string(),
});
export type NextActions = z.output<typeof nextActionsSchema>;
