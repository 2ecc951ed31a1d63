/** Where people are told of what waits or went wrong. */

import { type NoticeList, type NoticeTest, noticeListSchema, noticeTestSchema } from '../contracts/http/notice.ts';
import { ActionCalls } from './actions.ts';

export class NoticeCalls extends ActionCalls {
  /** Where notices go, the last messages, and whether they arrived. */
  listNotices(page: { readonly limit?: number } = {}): Promise<NoticeList> {
    return this.json(noticeListSchema, { path: '/v1/notices', query: { ...page } });
  }

  /** Has a worker send a test to every destination, within seconds; {@link listNotices} tells how it went. */
  testNotices(): Promise<NoticeTest> {
    return this.json(noticeTestSchema, { method: 'POST', path: '/v1/notices/test', body: {} });
  }
}
