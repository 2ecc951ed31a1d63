/** Every answer 401, 403 and 429 is told to the audit. */

import type { Api } from '../context.ts';
import type { Audit } from './audit.ts';

const REFUSALS: ReadonlySet<number> = new Set([401, 403, 429]);

export function addRefusalAudit(app: Api, audit: Audit): void {
  app.addHook('onResponse', async (request, { statusCode }) => {
    if (!REFUSALS.has(statusCode)) return;
    const { method, actor, ip, routeOptions } = request;
    const route = routeOptions.url ?? 'no route';
    audit.refused({ status: statusCode, actor: actor || 'anonymous', address: ip, method, route });
  });
  app.addHook('onClose', () => audit.close());
}
