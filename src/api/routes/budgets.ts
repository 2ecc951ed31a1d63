/** `/v1/budgets`: what an hour, a day or a month may have. */

import { z } from 'zod';
import { type BudgetList, budgetListSchema, budgetPutSchema, budgetQuerySchema } from '../../contracts/http/budget.ts';
import { setBudget } from '../../db/decide/budgets.ts';
import { listBudgets } from '../../db/look/budgets.ts';
import { callerHas } from '../access/route-rights.ts';
import { requireBudgetInScope, requireUnbound } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

const ABOUT_ALL = 'budgets are about all lanes';

export function budgetRoutes(app: Api, { database, waker }: ApiContext): void {
  const list = async (of: Parameters<typeof listBudgets>[1]): Promise<BudgetList> => {
    const { items, isWhole } = await listBudgets(database, of);
    return { items, nextCursor: null, total: items.length, totalIsExact: isWhole };
  };

  app.route({
    method: 'GET',
    url: '/v1/budgets',
    schema: {
      summary:
        'What an hour, a day or a month may have of accounts, hosts, types and recipients’ domains; what is used',
      querystring: budgetQuerySchema,
      response: { 200: budgetListSchema },
    },
    async handler({ query, scope }) {
      requireUnbound(scope, ABOUT_ALL);
      return list(query);
    },
  });

  app.route({
    method: 'PUT',
    url: '/v1/budgets',
    config: { problems: [404] },
    schema: {
      summary: 'Set numbers of a budget, or take them back (null); whatever lets more pass needs an admin',
      querystring: z.strictObject({}),
      body: budgetPutSchema,
      response: { 200: budgetListSchema },
    },
    async handler(request) {
      const { body, actor, scope } = request;
      requireUnbound(scope, ABOUT_ALL);
      requireBudgetInScope(scope, body);
      const mayLoosen = callerHas(request, 'administer');
      for (const lane of await setBudget(database, body, { actor, mayLoosen })) waker.wake(lane);
      return list(body);
    },
  });
}
