/** The dashboard: one page under all its addresses, and its assets. It holds no data; what it shows it asks the API for. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { NotFoundError } from '../../domain/errors.ts';
import type { Api } from '../context.ts';
import type { WebFile, WebFiles } from '../web-files.ts';

/** The page's addresses beside `/`, which the home route answers. */
const ADDRESSES = [
  '/accounts',
  '/actions',
  '/calendar',
  '/decisions',
  '/ticks',
  '/logs',
  '/adapters',
  '/settings',
  '/enqueue',
] as const;

/**
 * Scripts and styles of this server and nothing inline; HTML is made from text in one named place, where an e-mail is shown
 * (`web/show/mail-html.ts`), whose frame inherits all this.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types aol-mail',
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
} as const;

/** A name holds the hash of its content, so what was read once never changes. */
const ASSET_HEADERS = { 'cache-control': 'public, max-age=31536000, immutable' } as const;

export function webRoutes(app: Api, files: WebFiles): void {
  for (const url of ADDRESSES) {
    app.route({
      method: 'GET',
      url,
      schema: { hide: true },
      handler: (request, reply) => sendPage(files, request, reply),
    });
  }
  app.route({
    method: 'GET',
    url: '/actions/:id',
    schema: { hide: true },
    handler: (request, reply) => sendPage(files, request, reply),
  });
  app.route({
    method: 'GET',
    url: '/assets/:name',
    schema: { hide: true, params: z.strictObject({ name: z.string() }) },
    handler(request, reply) {
      const file = files.assets.get(request.params.name);
      if (!file) throw new NotFoundError('there is no such part of the dashboard');
      return send(file, request, reply.headers(ASSET_HEADERS));
    },
  });
}

/** Whether the caller is a browser that shows a page, and not a program. */
export function wantsPage({ headers }: FastifyRequest): boolean {
  return /\btext\/html\b/u.test(headers.accept ?? '');
}

export function sendPage({ page }: WebFiles, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return send(page, request, reply.headers(PAGE_HEADERS));
}

function send({ type, bytes, gzipped }: WebFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.type(type).header('vary', 'accept, accept-encoding');
  if (!/\bgzip\b/u.test(request.headers['accept-encoding'] ?? '')) return reply.send(bytes);
  return reply.header('content-encoding', 'gzip').send(gzipped);
}
