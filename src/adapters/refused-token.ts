/** A token that a provider has refused. */

import { AccountOnHoldError, errorText } from '../domain/errors.ts';
import type { PerformContext, PreparationOutcome } from './port.ts';

type Refused = Exclude<PreparationOutcome, { kind: 'ready' | 'not_yet' }>;

/**
 * The request has done nothing. A token that can be renewed is, for the next attempt; where it cannot, the account waits for a
 * person. What is refused stays refused, however its renewal ends: it outlasts the attempt where others renew the token too, or
 * nobody answers.
 *
 * @throws AccountOnHoldError
 */
export async function refusedToken(
  provider: string,
  { account, signal }: Pick<PerformContext, 'account' | 'signal'>,
): Promise<Refused> {
  const notSent = (what: string): Refused => ({
    kind: 'not_sent',
    reason: `${provider} refused the token, and ${what}`,
  });
  try {
    const before = (await account?.credential()) ?? {};
    // What loses goes on, and keeps what it is told.
    const renewed = await Promise.race([account?.credential({ renew: true }) ?? before, aborted(signal)]);
    if (renewed === 'aborted') return notSent('its renewal is not over yet');
    if (Object.entries(renewed).some(([name, value]) => value !== before[name])) return notSent('it was renewed');
  } catch (error) {
    if (error instanceof AccountOnHoldError) throw error;
    return notSent(`it could not be renewed: ${errorText(error, 300)}`);
  }
  return { kind: 'on_hold', reason: `${provider} refuses the token`, needsLogin: true };
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}
