/** Notices: what people are told of, and how soon. */

/** In the order in which a message tells of them. */
export const NOTICE_KINDS = [
  'test',
  'lane_killed',
  'lane_red',
  'real_unlocked',
  'real_locked',
  'unconfirmed',
  'account_held',
  'account_token',
  'account_version',
  'account_budget',
  'autonomy_lowered',
  'approval_expires',
  'approval_ran_out',
  'approval_waits',
  'dead_letter',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** These wait for no digest; the others go with them, or when their time has come. */
export const URGENT_NOTICES: readonly NoticeKind[] = [
  'lane_killed',
  'lane_red',
  'real_unlocked',
  'real_locked',
  'unconfirmed',
  'account_held',
  'approval_expires',
  'approval_ran_out',
];

export const NOTICE_MESSAGE_STATES = ['waiting', 'sent', 'given_up'] as const;
export type NoticeMessageState = (typeof NOTICE_MESSAGE_STATES)[number];

/** How often a destination may be written to. */
export interface NoticePace {
  /** A digest goes out at most so often. */
  readonly everyMs: number;
  /** A message that holds something urgent goes out at most so often. */
  readonly urgentEveryMs: number;
  /** What happens within so long goes into one message. */
  readonly gatherMs: number;
}

export const NOTICE_INTERVAL_MINUTES = 10;
export const NOTICE_PACE: NoticePace = {
  everyMs: NOTICE_INTERVAL_MINUTES * 60_000,
  urgentEveryMs: 60_000,
  gatherMs: 10_000,
};
