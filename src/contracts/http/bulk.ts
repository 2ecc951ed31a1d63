/** What is decided about many actions at once: approvals, each answered by itself, and cancelling by ids or by a filter. */

import { z } from 'zod';
import { MAX_BULK_APPROVALS, MAX_BULK_DECISIONS } from '../../domain/limits.ts';
import { DLQ_REASONS } from '../../domain/states.ts';
import { actionFilterFields, actionSchema, DUE_STATUSES } from './action.ts';
import { actionIdSchema, openWordSchema, reasonSchema, sha256Schema, timeSchema } from './primitives.ts';
import { problemSchema } from './problem.ts';

/** `POST /v1/approvals` */
export const approvalsRequestSchema = z
  .strictObject({
    approve: z.array(z.strictObject({ id: actionIdSchema, sha256: sha256Schema })).default([]),
    reject: z.array(z.strictObject({ id: actionIdSchema, reason: reasonSchema.optional() })).default([]),
    /** Of those that have none of their own. */
    reason: reasonSchema.optional(),
  })
  .refine(({ approve, reject }) => approve.length + reject.length >= 1, {
    path: ['approve'],
    message: 'must name an action, or reject must',
  })
  .refine(({ approve, reject }) => approve.length + reject.length <= MAX_BULK_APPROVALS, {
    path: ['approve'],
    message: `and reject must name at most ${MAX_BULK_APPROVALS} actions together`,
  })
  .refine(
    ({ approve, reject }) => {
      const ids = [...approve, ...reject].map(({ id }) => id);
      return new Set(ids).size === ids.length;
    },
    { path: ['approve'], message: 'and reject must name each action once' },
  )
  .meta({
    examples: [
      {
        approve: [
          {
            id: '019502a0-0000-7000-8000-000000000000',
            sha256: '788f782ba1f61a9aae9379991b72efe30a29c12ea094576cf7a454c7a994853e',
          },
        ],
        reason: 'read them all',
      },
    ],
  });
export type ApprovalsRequest = z.input<typeof approvalsRequestSchema>;

export const approvalsResultSchema = z.discriminatedUnion('status', [
  z.object({ id: z.uuid(), status: z.literal(200), action: actionSchema }),
  z.object({ id: z.uuid(), status: z.literal([403, 404, 409, 500, 503]), problem: problemSchema }),
]);
export type ApprovalsResult = z.output<typeof approvalsResultSchema>;

/** One result for each, first those to approve and then those to reject, in the order given. */
export const approvalsAnswerSchema = z.object({ results: z.array(approvalsResultSchema) });
export type ApprovalsAnswer = z.output<typeof approvalsAnswerSchema>;

const cancelFilterSchema = z.strictObject({
  ...actionFilterFields,
  /** Absent: both. What runs is asked to stop one by one; dead letters are cleared. */
  status: z.union([z.enum(DUE_STATUSES), z.array(z.enum(DUE_STATUSES)).min(1)]).optional(),
});

/** `POST /v1/actions/cancel`: either ids or a filter. */
export const cancelManyRequestSchema = z
  .strictObject({
    ids: z.array(actionIdSchema).min(1).max(MAX_BULK_DECISIONS).optional(),
    filter: cancelFilterSchema.optional(),
    /** Only count. */
    dryRun: z.boolean().default(false),
    reason: reasonSchema.optional(),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    path: ['filter'],
    message: 'must be given, or ids instead; {} means all waiting actions',
  })
  .meta({ examples: [{ filter: { lane: 'default', status: 'PENDING' }, dryRun: true }] });
export type CancelManyRequest = z.output<typeof cancelManyRequestSchema>;
export type CancelManyInput = z.input<typeof cancelManyRequestSchema>;

/** `GET /v1/dlq/groups`: dead letters of one cause. */
export const dlqGroupSchema = z.object({
  lane: z.string(),
  type: z.string(),
  /** Null where no payload names one, and no provider has a single one. */
  account: z.string().nullable(),
  dlqReason: openWordSchema(DLQ_REASONS),
  /** The last error without what differs from one action to the next: ids, numbers, hashes, addresses. */
  cause: z.string(),
  count: z.int(),
  newestAt: timeSchema,
  sampleId: z.uuid(),
});
export type DlqGroup = z.output<typeof dlqGroupSchema>;
export const dlqGroupsSchema = z.object({
  items: z.array(dlqGroupSchema),
  /** False: there are more dead letters than were looked at, or more groups than are told; the largest of them are here. */
  isComplete: z.boolean(),
});
export type DlqGroups = z.output<typeof dlqGroupsSchema>;
