/** Every answer 401, 403 and 429 is told to the audit. */

import type { Api } from '../context.ts';
import type { Audit } from './audit.ts';

const REFUSALS: ReadonlySet<number> = new Set([401, 403, 429]);
/** A page that opens asks who is signed in. That nobody is, is its answer, and no refusal. */
const WHO_ROUTE = '/v1/session';

export function addRefusalAudit(app: Api, audit: Audit): void {
  app.addHook('onResponse', async (request, { statusCode }) => {
    if (!REFUSALS.has(statusCode)) return;
    const { method, actor, ip, headers, routeOptions } = request;
    const route = routeOptions.url ?? 'no route';
    const gaveNothing = headers.authorization === undefined && headers.cookie === undefined;
    if (statusCode === 401 && method === 'GET' && route === WHO_ROUTE && gaveNothing) return;
    audit.refused({ status: statusCode, actor: actor || 'anonymous', address: ip, method, route });
  });
  app.addHook('onClose', () => audit.close());
}
