/** `GET /v1/adapters`: the action types, and what each needs and does. */

import { z } from 'zod';
import { adapterListSchema } from '../../contracts/http/adapter.ts';
import type { Api, ApiContext } from '../context.ts';

export function adapterRoutes(app: Api, { contracts, setVariables, knownAccounts }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/adapters',
    schema: {
      summary: 'Action types, with the JSON Schema of their payloads',
      querystring: z.strictObject({}),
      response: { 200: adapterListSchema },
    },
    handler: async () => {
      const accounts = await knownAccounts.list();
      const items = [...contracts.values()].map(({ type, performs = false, ...contract }) => {
        const missing = (contract.realVariables ?? []).filter((name) => !setVariables.has(name));
        const providers = Object.entries(contract.providers ?? {}).map(([provider, variables]) => {
          const names = accounts.filter((account) => account.provider === provider).map(({ name }) => name);
          const isConfigured = names.length > 0;
          return { provider, accounts: names, configured: isConfigured, missing: isConfigured ? [] : [...variables] };
        });
        const hasAccount = providers.length === 0 || providers.some(({ configured }) => configured);
        return {
          type,
          title: contract.title ?? type,
          payloadSchema: contract.jsonSchema ?? {},
          example: contract.example ?? {},
          redelivery: contract.redelivery ?? 'neither',
          performs,
          real: { configured: performs && missing.length === 0 && hasAccount, missing },
          providers,
          limits: contract.limits ?? {},
        };
      });
      return { items, nextCursor: null, total: items.length, totalIsExact: true };
    },
  });
}
