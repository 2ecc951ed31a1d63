/** Addresses and methods that are not there, refused before a body is read. A browser gets the dashboard, which says so. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { NotFoundError } from '../../domain/errors.ts';
import type { Api } from '../context.ts';
import { allowedMethods, isShadowed, type RouteTable } from '../describe/route-table.ts';
import { sendPage, wantsPage } from '../routes/web.ts';
import type { WebFiles } from '../web-files.ts';

/** @param files absent: there is no dashboard */
export function addNotFound(app: Api, routes: RouteTable, files: WebFiles | undefined): void {
  const refuse = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const allowed = allowedMethods(routes, request.url);
    if (allowed.length > 0) {
      reply.header('allow', allowed.join(', '));
      throw Object.assign(new Error(`this address takes ${allowed.join(', ')}`), { statusCode: 405 });
    }
    const isOfApi = request.url.startsWith('/v1/');
    if (files && !isOfApi && request.method === 'GET' && wantsPage(request)) {
      return sendPage(files, request, reply.code(404));
    }
    throw new NotFoundError('there is nothing at this address');
  };
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404 || isShadowed(routes, request)) return refuse(request, reply);
  });
  app.setNotFoundHandler(async (request, reply) => refuse(request, reply));
}
