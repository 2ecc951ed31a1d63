/** The routes that exist, collected as they are declared, each with the right that it needs. */

import type { FastifyRequest, RouteOptions } from 'fastify';
import { type RouteRight, rightOf } from '../access/route-rights.ts';
import type { Api } from '../context.ts';

export interface DeclaredRoute {
  readonly method: string;
  readonly url: string;
  readonly right: RouteRight;
  /** Statuses of problems that not every route answers. */
  readonly problems: readonly number[];
  readonly bodyOptional: boolean;
  /** Its body is bytes of whatever kind. */
  readonly rawBody: boolean;
}

export type RouteTable = DeclaredRoute[];

/**
 * Collects every route, and stops the start at one that the table of rights does not know: what was forgotten is denied.
 * To be called before the first route.
 */
export function collectRoutes(app: Api): RouteTable {
  const table: RouteTable = [];
  app.addHook('onRoute', (route: RouteOptions) => {
    const { problems = [], bodyOptional = false, rawBody = false } = route.config ?? {};
    for (const method of [route.method].flat()) {
      const right = rightOf(method, route.url);
      if (right === undefined) throw new Error(`the route ${method} ${route.url} has no entry in ROUTE_RIGHTS`);
      route.config = { ...route.config, right };
      table.push({ method, url: route.url, right, problems, bodyOptional, rawBody });
    }
  });
  return table;
}

/** The methods that an address takes; none when there is no such address. */
export function allowedMethods(table: RouteTable, address: string): string[] {
  const path = pathOf(address);
  const exact = table.filter(({ url }) => url === path);
  const matches = exact.length > 0 ? exact : table.filter(({ url }) => pattern(url).test(path));
  return [...new Set(matches.map(({ method }) => method))].sort();
}

/** Whether a call met `/v1/actions/:id` though its address is that of a route by itself, which lacks the method. */
export function isShadowed(table: RouteTable, { url, method, routeOptions }: FastifyRequest): boolean {
  const path = pathOf(url);
  if (routeOptions.url === path) return false;
  const exact = table.filter((route) => route.url === path);
  return exact.length > 0 && exact.every((route) => route.method !== method);
}

function pathOf(address: string): string {
  return address.split('?', 1)[0] ?? '';
}

/** `/v1/actions/:id` as OpenAPI writes it. */
export function openApiPath(url: string): string {
  return url.replaceAll(/:([a-z0-9]+)/gi, '{$1}');
}

function pattern(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : part.replaceAll('.', '\\.');
  });
  return new RegExp(`^${parts.join('/')}$`);
}
