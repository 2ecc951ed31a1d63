/** A token that a provider has refused. */

import type { PerformContext, PreparationOutcome } from './port.ts';

type Refused = Exclude<PreparationOutcome, { kind: 'ready' | 'not_yet' }>;

/**
 * The request has done nothing. A token that can be renewed is, for the next attempt; where it cannot, the account waits for a
 * person.
 */
export async function refusedToken(provider: string, { account }: Pick<PerformContext, 'account'>): Promise<Refused> {
  const before = (await account?.credential()) ?? {};
  const renewed = (await account?.credential({ renew: true })) ?? before;
  if (Object.entries(renewed).some(([name, value]) => value !== before[name])) {
    return { kind: 'not_sent', reason: `${provider} refused the token, and it was renewed` };
  }
  return { kind: 'on_hold', reason: `${provider} refuses the token`, needsLogin: true };
}
