/** Headers that keep browsers out of trouble, and a guard against DNS rebinding. */

import { ForbiddenError } from '../../domain/errors.ts';
import type { Api } from '../context.ts';

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Browsers that were here once over TLS come back over TLS only. */
const OVER_TLS = { 'strict-transport-security': 'max-age=31536000' } as const;

export function addSecurityHeaders(app: Api, behindTls: boolean): void {
  const headers = behindTls ? { ...HEADERS, ...OVER_TLS } : HEADERS;
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(headers);
  });
}

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** Whether an address to bind to is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/**
 * Names under which a server that is bound to `host` may be called. A page of another site that makes its own name
 * point at 127.0.0.1 sends that name. Undefined: any name, because the server is meant for the network.
 *
 * @param publicUrl where people reach it: a proxy of this machine passes that name on
 */
export function allowedHostNames(host: string, publicUrl?: string): readonly string[] | undefined {
  if (!isLoopback(host)) return undefined;
  const published = publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
  return [...LOOPBACK_HOSTS, host.toLowerCase(), ...published];
}

/** Refuses calls that name another host than those in the list. */
export function addHostCheck(app: Api, names: readonly string[]): void {
  app.addHook('onRequest', async (request) => {
    const name = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
    if (!names.includes(name)) throw new ForbiddenError('this server does not answer under that host name');
  });
}
