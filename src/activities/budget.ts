/** Which budgets an effect draws from. */

import { domainToASCII } from 'node:url';
import { accountKey } from '../accounts/entries.ts';
import type { Effect } from '../adapters/port.ts';
import type { Draw } from '../domain/budgets.ts';

/**
 * What the effect takes: of its account's budget, or of its host's where nobody's account speaks; of its type's; and of each domain's
 * that its mail goes to, once for each recipient there.
 *
 * @param price what it may cost at most, in millionths of a US dollar; undefined: nobody knows
 */
export function drawsOf({ type, account, request }: Effect, price: number | undefined): readonly Draw[] {
  const cost = price === undefined ? { unpriced: true as const } : price > 0 ? { microUsd: price } : {};
  const draws: Draw[] = [];
  if (account) draws.push({ scope: 'account', name: accountKey(account), effects: 1, ...cost });
  else if (request.protocol === 'http' && URL.canParse(request.url)) {
    draws.push({ scope: 'host', name: new URL(request.url).hostname, effects: 1, ...cost });
  }
  draws.push({ scope: 'type', name: type, effects: 1, ...cost });
  if (request.protocol === 'smtp') {
    const domains = request.envelope.to.map(domainOf);
    for (const name of new Set(domains)) {
      draws.push({ scope: 'domain', name, effects: domains.filter((domain) => domain === name).length, ...cost });
    }
  }
  return draws;
}

function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return domainToASCII(domain) || domain;
}
