/** `/` is the dashboard for browsers, and says where to go to programs. */

import { z } from 'zod';
import type { Api } from '../context.ts';
import type { WebFiles } from '../web-files.ts';
import { sendPage, wantsPage } from './web.ts';

const homeSchema = z.object({ name: z.string(), api: z.string(), status: z.string(), health: z.string() });

/** @param files absent: there is no dashboard */
export function homeRoutes(app: Api, files: WebFiles | undefined): void {
  app.route({
    method: 'GET',
    url: '/',
    schema: { summary: 'The dashboard, or where to go', response: { 200: homeSchema } },
    handler(request, reply) {
      if (files && wantsPage(request)) {
        sendPage(files, request, reply);
        return;
      }
      return {
        name: 'AOL, the Autonomy Orchestration Layer',
        api: '/openapi.json and /docs (with a bearer token)',
        status: '/v1/status (with a bearer token)',
        health: '/readyz',
      };
    },
  });
}
