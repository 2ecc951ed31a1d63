/** `GET /v1/notices`, `POST /v1/notices/test`: where people are told, and whether it arrived. */

import { z } from 'zod';
import { NOTICE_MESSAGE_STATES } from '../../domain/notices.ts';
import { openWordSchema, pageSizeSchema } from './primitives.ts';

export const noticeListQuerySchema = z.strictObject({ limit: pageSizeSchema });
export type NoticeListQuery = z.output<typeof noticeListQuerySchema>;

export const noticeDestinationSchema = z.object({
  /** As `AOL_NOTICES` has it; of a webhook its host and a mark, for the rest may be a secret. */
  destination: z.string(),
  /** Notices that wait for its next message. */
  waiting: z.int(),
  lastSentAt: z.string().nullable(),
  /** A message that could not be brought there yet. */
  failing: z.object({ since: z.string(), attempts: z.int(), error: z.string(), nextAttemptAt: z.string() }).nullable(),
});
export type NoticeDestinationStatus = z.output<typeof noticeDestinationSchema>;

export const noticeMessageSchema = z.object({
  id: z.string(),
  destination: z.string(),
  subject: z.string(),
  /** How many notices it holds. */
  notices: z.int(),
  state: openWordSchema(NOTICE_MESSAGE_STATES),
  attempts: z.int(),
  error: z.string().nullable(),
  createdAt: z.string(),
  sentAt: z.string().nullable(),
});
export type NoticeMessage = z.output<typeof noticeMessageSchema>;

export const noticeListSchema = z.object({
  destinations: z.array(noticeDestinationSchema),
  /** The last messages, newest first. */
  items: z.array(noticeMessageSchema),
});
export type NoticeList = z.output<typeof noticeListSchema>;

/** A worker sends it within seconds: messages that were made since `askedAt` tell how it went. */
export const noticeTestSchema = z.object({ askedAt: z.string(), destinations: z.array(z.string()) });
export type NoticeTest = z.output<typeof noticeTestSchema>;
