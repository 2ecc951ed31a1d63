import { z } from 'zod';
import { type NoticeDestination, parseNoticeDestinations } from '../domain/notice-destinations.ts';
import { NOTICE_INTERVAL_MINUTES } from '../domain/notices.ts';
import type { Variable } from './variable.ts';

/** Where people are told of what waits or went wrong. The address of a webhook may be a secret. */
export const notices = {
  AOL_NOTICES: {
    schema: z
      .string()
      .transform((value) => parseNoticeDestinations(value))
      .pipe(z.array(z.custom<NoticeDestination>()))
      .optional(),
    rule: 'mailto:ops@example.com, slack:#approvals or https://…, more of them separated by commas; behind the first two ?account=NAME, ?approver=NAME or both with & between',
    defaultText: 'unset',
    meaning: 'Where people are told of what waits or went wrong. All workers need the same.',
    secret: true,
  },
  AOL_NOTICE_INTERVAL_MINUTES: {
    schema: z
      .string()
      .regex(/^[0-9]{1,4}$/)
      .default(String(NOTICE_INTERVAL_MINUTES))
      .transform(Number)
      .pipe(z.int().min(1).max(1_440)),
    rule: 'a number from 1 to 1440',
    defaultText: String(NOTICE_INTERVAL_MINUTES),
    meaning: 'How many minutes lie between two digests to one destination, at least.',
  },
} as const satisfies Record<string, Variable>;
