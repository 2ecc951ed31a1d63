/** Addresses and methods that are not there, refused before a body is read. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { NotFoundError } from '../../domain/errors.ts';
import type { Api } from '../context.ts';
import { allowedMethods, isShadowed, type RouteTable } from '../describe/route-table.ts';

export function addNotFound(app: Api, routes: RouteTable): void {
  const refuse = (request: FastifyRequest, reply: FastifyReply): never => {
    const allowed = allowedMethods(routes, request.url);
    if (allowed.length === 0) throw new NotFoundError('there is nothing at this address');
    reply.header('allow', allowed.join(', '));
    throw Object.assign(new Error(`this address takes ${allowed.join(', ')}`), { statusCode: 405 });
  };
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404 || isShadowed(routes, request)) refuse(request, reply);
  });
  app.setNotFoundHandler(async (request, reply) => refuse(request, reply));
}
