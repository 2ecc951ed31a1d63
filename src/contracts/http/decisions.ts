/** What operators decide about actions that wait for a person: approve, reject, promote, replay, resolve, clear. */

import { z } from 'zod';
import { MAX_BULK_DECISIONS, MAX_CAUSE_LENGTH } from '../../domain/limits.ts';
import { ACTION_STATUSES, DLQ_REASONS } from '../../domain/states.ts';
import { payloadSchema, storableText } from './json.ts';
import {
  accountSearchSchema,
  actionIdSchema,
  actionTypeSchema,
  instantSchema,
  laneNameSchema,
  openWordSchema,
  reasonSchema,
  runAtSchema,
  sha256Schema,
  timeSchema,
} from './primitives.ts';

/** `POST /v1/actions/{id}/replay` */
export const replayRequestSchema = z
  .strictObject({ reason: reasonSchema.optional() })
  .meta({ examples: [{ reason: 'the receiver is back' }] });

export const RESOLVE_OUTCOMES = ['sent', 'not_sent'] as const;
export type ResolveOutcome = (typeof RESOLVE_OUTCOMES)[number];

/** `POST /v1/actions/{id}/resolve`: what a person found out about an effect that is UNCONFIRMED. */
export const resolveRequestSchema = z
  .strictObject({
    outcome: z.enum(RESOLVE_OUTCOMES),
    reason: reasonSchema.optional(),
  })
  .meta({ examples: [{ outcome: 'sent', reason: 'it is in their inbox' }] });
export type ResolveRequest = z.output<typeof resolveRequestSchema>;

/** `POST /v1/actions/{id}/approve`: which artifact, by its SHA-256. */
export const allowRequestSchema = z
  .strictObject({ sha256: sha256Schema, reason: reasonSchema.optional() })
  .meta({ examples: [{ sha256: '788f782ba1f61a9aae9379991b72efe30a29c12ea094576cf7a454c7a994853e' }] });
export type AllowRequest = z.output<typeof allowRequestSchema>;

/** `POST /v1/actions/{id}/promote`: which artifact, and when at the earliest. */
export const promoteRequestSchema = allowRequestSchema.safeExtend({ runAt: runAtSchema.optional() }).meta({
  examples: [
    {
      sha256: '788f782ba1f61a9aae9379991b72efe30a29c12ea094576cf7a454c7a994853e',
      runAt: '2026-12-24T18:00:00Z',
    },
  ],
});
export type PromoteRequest = z.output<typeof promoteRequestSchema>;

/** `POST /v1/actions/{id}/revise`: what is to be different. */
export const reviseRequestSchema = z
  .strictObject({ payload: payloadSchema.optional(), runAt: runAtSchema.optional(), reason: reasonSchema.optional() })
  .refine(({ payload, runAt }) => payload !== undefined || runAt !== undefined, {
    path: ['payload'],
    message: 'must be given, or runAt instead',
  })
  .meta({ examples: [{ payload: { platform: 'bluesky', content: 'Hello, all' }, reason: 'a typo' }] });
export type ReviseRequest = z.output<typeof reviseRequestSchema>;

/** `POST /v1/actions/{id}/reschedule` */
export const rescheduleRequestSchema = z
  .strictObject({ runAt: runAtSchema, reason: reasonSchema.optional() })
  .meta({ examples: [{ runAt: '2026-12-24T18:00:00Z', reason: 'after the concert' }] });
export type RescheduleRequest = z.output<typeof rescheduleRequestSchema>;

/** `POST /v1/actions/{id}/request-changes` */
export const requestChangesSchema = z
  .strictObject({ reason: reasonSchema.min(1) })
  .meta({ examples: [{ reason: 'the date is wrong: it is the 24th' }] });
export type RequestChanges = z.output<typeof requestChangesSchema>;

/** `POST /v1/actions/{id}/reject` */
export const rejectRequestSchema = z
  .strictObject({ reason: reasonSchema.optional() })
  .meta({ examples: [{ reason: 'the wrong audience' }] });

/** Which dead letters; without a condition all of them. */
export const dlqFilterSchema = z.strictObject({
  lane: laneNameSchema.optional(),
  type: actionTypeSchema.optional(),
  dlqReason: z.enum(DLQ_REASONS).optional(),
  /** Those that name it, and those that name none where it is the only one of its provider. */
  account: accountSearchSchema.optional(),
  /** Whose last error says this, as `GET /v1/dlq/groups` tells it. */
  cause: storableText(0, MAX_CAUSE_LENGTH).optional(),
  /** Dead-lettered earlier than this. */
  before: instantSchema.optional(),
});
export type DlqFilter = z.output<typeof dlqFilterSchema>;

/** `POST /v1/dlq/replay` and `/v1/dlq/clear`: either ids or a filter. */
export const dlqRequestSchema = z
  .strictObject({
    ids: z.array(actionIdSchema).min(1).max(MAX_BULK_DECISIONS).optional(),
    filter: dlqFilterSchema.optional(),
    /** Only count. */
    dryRun: z.boolean().default(false),
    reason: reasonSchema.optional(),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    path: ['filter'],
    message: 'must be given, or ids instead; {} means all dead letters',
  })
  .meta({ examples: [{ filter: { lane: 'default', dlqReason: 'exhausted' }, dryRun: true }] });
export type DlqRequest = z.output<typeof dlqRequestSchema>;
export type DlqInput = z.input<typeof dlqRequestSchema>;

export const dlqAnswerSchema = z.object({
  dryRun: z.boolean(),
  /** Actions that fitted when the call began. */
  matched: z.int(),
  changed: z.int(),
  /** Those that fitted and were left, because one call takes 1,000. */
  remaining: z.int(),
  /** Ids of actions in another status, which is told; null when there is no such action. */
  refused: z.array(z.object({ id: z.uuid(), currentStatus: openWordSchema(ACTION_STATUSES).nullable() })),
  /** The database's time of the call. As `before` of the next one it leaves out what has failed anew since. */
  asOf: timeSchema,
});
export type DlqAnswer = z.output<typeof dlqAnswerSchema>;
