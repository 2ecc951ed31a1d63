/** Whose budget an effect is of. */

import { accountKey } from '../accounts/entries.ts';
import type { Effect } from '../adapters/port.ts';

/** Its account's; of nobody's account, the host's that it goes to. */
export function budgetOf({ account, request }: Effect): string | undefined {
  if (account) return accountKey(account);
  if (request.protocol !== 'http' || !URL.canParse(request.url)) return undefined;
  return `webhook:${new URL(request.url).hostname}`;
}
