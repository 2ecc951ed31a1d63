/** `/v1/accounts`: on whose behalf effects are performed, whether that works, how much they may do. */

import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import {
  ACCOUNT_CHECK_LIMIT_MS,
  type AccountDescription,
  accountCheckedSchema,
  accountListSchema,
} from '../../contracts/http/account.ts';
import { accountKeySchema } from '../../contracts/http/budget.ts';
import { askForCheck, isCheckedSince } from '../../db/decide/accounts.ts';
import { findAccount, listAccounts } from '../../db/look/accounts.ts';
import type { Database } from '../../db/pool.ts';
import { NotFoundError } from '../../domain/errors.ts';
import { lanesToRead } from '../access/scope.ts';
import type { Api, ApiContext } from '../context.ts';

const params = z.strictObject({ name: accountKeySchema });
const noQuery = z.strictObject({});
const POLL_MS = 200;

export function accountRoutes(app: Api, { database }: ApiContext): void {
  app.route({
    method: 'GET',
    url: '/v1/accounts',
    schema: {
      summary: 'Accounts without their secrets: whether each can act, until when, its budget',
      querystring: noQuery,
      response: { 200: accountListSchema },
    },
    async handler({ scope }) {
      const items = await listAccounts(database, lanesToRead(scope));
      return { items, nextCursor: null, total: items.length, totalIsExact: true };
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/accounts/:name/check',
    config: { bodyOptional: true, problems: [404] },
    schema: {
      summary: 'Have a worker look whether an account works: a log-in that changes nothing. Waits up to 10 s for it',
      params,
      querystring: noQuery,
      body: z.strictObject({}),
      response: { 200: accountCheckedSchema },
    },
    async handler({ params: { name }, scope }) {
      const askedAt = await askForCheck(database, name);
      const giveUpAtMs = performance.now() + ACCOUNT_CHECK_LIMIT_MS;
      let checked = false;
      while (!checked && performance.now() < giveUpAtMs) {
        await delay(POLL_MS);
        checked = await isCheckedSince(database, name, askedAt);
      }
      return { checked, account: await requireAccount(database, name, lanesToRead(scope)) };
    },
  });
}

async function requireAccount(
  database: Database,
  name: string,
  lanes: readonly string[] | undefined,
): Promise<AccountDescription> {
  const account = await findAccount(database, name, lanes);
  if (!account) throw new NotFoundError(`there is no account ${name}`);
  return account;
}
