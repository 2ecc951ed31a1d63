/** `/openapi.json` describes every route for programs, `/docs` for people. */

import { z } from 'zod';
import type { Api } from '../context.ts';
import { docsPage, docsPolicy } from '../describe/docs-page.ts';
import type { Description } from '../describe/openapi.ts';
import { rawAnswer } from '../describe/raw-answer.ts';

const noQuery = z.strictObject({});

export function docsRoutes(app: Api, describe: () => Description): void {
  let description: Description | undefined;
  const described = () => {
    description ??= describe();
    return description;
  };

  app.route({
    method: 'GET',
    url: '/openapi.json',
    schema: {
      summary: 'This description',
      querystring: noQuery,
      response: { 200: rawAnswer('OpenAPI 3.1', 'application/json', 'object') },
    },
    async handler(_request, reply) {
      return reply.type('application/json').send(JSON.stringify(described()));
    },
  });

  app.route({
    method: 'GET',
    url: '/docs',
    schema: {
      summary: 'The same to read',
      querystring: noQuery,
      response: { 200: rawAnswer('A page', 'text/html') },
    },
    async handler(_request, reply) {
      reply.type('text/html; charset=utf-8').header('content-security-policy', docsPolicy);
      return reply.send(docsPage(described()));
    },
  });
}
