/** Notices: what the workflow asks of activities, and what a message says. Types only. */

import type { NoticeKind } from '../../domain/notices.ts';

export interface NoticeLine {
  readonly text: string;
  /** Where to look. A link shows, and decides nothing. */
  readonly link: string;
}

export interface NoticeSection {
  readonly kind: NoticeKind;
  /** `2 approvals wait`. */
  readonly title: string;
  readonly count: number;
  /** The first of them. */
  readonly lines: readonly NoticeLine[];
  /** Where all of them are. */
  readonly link: string;
}

/** The same for every destination; each is written to in its own way. */
export interface NoticeContent {
  readonly subject: string;
  readonly sections: readonly NoticeSection[];
}

export interface NoticeActivities {
  /** Makes messages of what waits, and answers the ids of those that may be tried now. Twice is once. */
  composeNotices(): Promise<readonly string[]>;
  /** One attempt of one message. How it ended stands in its row, and one that failed is tried again later. */
  deliverNotice(input: { readonly messageId: string }): Promise<'sent' | 'failed' | 'gone'>;
}
