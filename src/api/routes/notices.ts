/** `/v1/notices`: where people are told of what waits or went wrong, and whether it arrived. */

import { z } from 'zod';
import { noticeListQuerySchema, noticeListSchema, noticeTestSchema } from '../../contracts/http/notice.ts';
import { askForTestNotice } from '../../db/decide/notices.ts';
import { listNotices } from '../../db/look/notices.ts';
import { requireUnbound } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

export function noticeRoutes(app: Api, { database }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/notices',
    schema: {
      summary: 'Where notices go, the last messages, and whether they arrived',
      querystring: noticeListQuerySchema,
      response: { 200: noticeListSchema },
    },
    async handler({ query: { limit }, scope }) {
      requireUnbound(scope, 'notices are about all lanes');
      return listNotices(database, limit);
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/notices/test',
    config: { problems: [404], bodyOptional: true },
    schema: {
      summary: 'Have a test notice sent to every destination; a worker sends it within seconds',
      querystring: z.strictObject({}),
      body: z.strictObject({}),
      response: { 200: noticeTestSchema },
    },
    async handler({ actor, scope }) {
      requireUnbound(scope, 'notices are about all lanes');
      const { askedAt, destinations } = await askForTestNotice(database, actor);
      return { askedAt: askedAt.toISOString(), destinations: [...destinations] };
    },
  });
}
