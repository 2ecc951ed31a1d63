/** Actions as they come in and go out over HTTP. */

import { z } from 'zod';
import { DEFAULT_LANE } from '../../domain/flags.ts';
import { MAX_ATTEMPTS, MAX_WAIT_MS } from '../../domain/limits.ts';
import { ACTION_MODES, ACTION_STATUSES, type ActionStatus, DLQ_REASONS } from '../../domain/states.ts';
import { payloadSchema, storableText } from './json.ts';
import {
  accountSearchSchema,
  actionModeSchema,
  actionTypeSchema,
  commaListOf,
  cursorSchema,
  idempotencyKeySchema,
  instantSchema,
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

/** What a person wants to be different before they approve it. */
export const changesRequestedSchema = z.object({ by: z.string(), at: timeSchema, reason: z.string() });
export type ChangesRequested = z.output<typeof changesRequestedSchema>;

export const actionSchema = z.object({
  id: z.uuid(),
  lane: z.string(),
  type: z.string(),
  payload: z.record(z.string(), z.unknown()),
  idempotencyKey: z.string(),
  status: openWordSchema(ACTION_STATUSES),
  mode: openWordSchema(ACTION_MODES),
  promotedFrom: z.uuid().nullable(),
  /** The action in whose place it was queued, changed. */
  revises: z.uuid().nullable(),
  /** The action that was queued in its place. */
  revisedBy: z.uuid().nullable(),
  priority: z.int(),
  /** When its effect may begin, not when it is looked at: what needs a person asks before. */
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
    /** The last request for changes; null where nobody asked for any, or it was approved since. */
    changesRequested: changesRequestedSchema.nullable(),
  }),
  /** Its approval runs out before `runAt`: it has to be approved before that. */
  approvalExpiresFirst: z.boolean(),
  receipt: z.record(z.string(), z.unknown()).nullable(),
  lastError: z.string().nullable(),
  cancelRequested: z.boolean(),
  /** Why it waits, in words, when nothing else says so. */
  waiting: z.string().nullable(),
  /** What keeps it waiting: an account, a budget (`host`, `type`, `domain`), its type's level (`autonomy`), an earlier `action`. */
  heldBy: z.object({ scope: z.string(), name: z.string() }).nullable(),
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

/** Which actions, in lists and in what is done to many. Ranges begin with their first moment and end before their last. */
export const actionFilterFields = {
  status: commaListOf(ACTION_STATUSES).optional(),
  type: actionTypeSchema.optional(),
  lane: laneNameSchema.optional(),
  /** Those that name it, and those that name none where it is the only one of its provider. */
  account: accountSearchSchema.optional(),
  /** The name of the token that queued it. */
  createdBy: storableText(1, 200).optional(),
  /** An id; or words, each of which must stand in the payload, the last error or at the beginning of the key. */
  q: searchTextSchema.optional(),
  dueFrom: instantSchema.optional(),
  dueTo: instantSchema.optional(),
};

export const LIST_ORDERS = ['expires', 'due'] as const;
/** What may be listed by its time: it waits for it. */
export const DUE_STATUSES = ['PENDING', 'AWAITING_APPROVAL'] as const satisfies readonly ActionStatus[];
const due: ReadonlySet<ActionStatus> = new Set(DUE_STATUSES);

export const actionListQuerySchema = z
  .strictObject({
    ...actionFilterFields,
    mode: actionModeSchema.optional(),
    createdFrom: instantSchema.optional(),
    createdTo: instantSchema.optional(),
    /**
     * `expires`: what runs out first comes first, for what waits for approval alone. `due`: what is due first, for PENDING and
     * AWAITING_APPROVAL alone. Without it the newest comes first.
     */
    order: z.enum(LIST_ORDERS).optional(),
    /** `summary`: one line of what each does instead of its payload, which may have 64 KiB. */
    fields: z.enum(['all', 'summary']).default('all'),
    cursor: cursorSchema.optional(),
    limit: pageSizeSchema,
  })
  .refine(
    ({ order, status, q }) => order !== 'expires' || (status?.join() === 'AWAITING_APPROVAL' && q === undefined),
    {
      path: ['order'],
      message: 'works only with status=AWAITING_APPROVAL and without q',
    },
  )
  .refine(({ order, status = [], q }) => order !== 'due' || (q === undefined && status.every((one) => due.has(one))), {
    path: ['order'],
    message: `works only with status=${DUE_STATUSES.join(',')} or one of them, and without q`,
  });
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

const WAIT_UNITS_MS = { ms: 1, s: 1_000 } as const;

/** `GET /v1/actions/{id}` */
export const actionQuerySchema = z
  .strictObject({
    /** `30s`, 60 s at most: answers when the status changes, or after that time. Of a final status it waits for nothing. */
    wait: z
      .string()
      .regex(/^\d{1,5}(?:ms|s)$/, { message: 'must be a time such as 30s', abort: true })
      .transform((text) => {
        const unit = text.endsWith('ms') ? 'ms' : 's';
        return Number(text.slice(0, -unit.length)) * WAIT_UNITS_MS[unit];
      })
      .pipe(z.int().max(MAX_WAIT_MS, { message: `must be at most ${MAX_WAIT_MS / 1_000}s` }))
      .optional(),
    /** The status that the caller knows: another one is answered at once. Without it, the one at the beginning of the call. */
    seen: openWordSchema(ACTION_STATUSES).optional(),
  })
  .refine(({ wait, seen }) => seen === undefined || wait !== undefined, { path: ['seen'], message: 'goes with wait' });

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
