/** A refused request has done nothing, whatever becomes of the renewal of its token. */

import { expect, test } from '@jest/globals';
import { refusedToken } from '../../src/adapters/refused-token.ts';
import { AccountOnHoldError, UnavailableError } from '../../src/domain/errors.ts';
import { performContext } from '../support/contexts.ts';

/** X refuses `old`, and the renewal ends as it is told. */
function refused(renewal: (stop: AbortController) => Promise<string>) {
  const stop = new AbortController();
  const account = {
    name: 'ops',
    provider: 'x',
    identity: '@ops',
    server: 'https://x.example',
    settings: {},
    facts: {},
    credential: async ({ renew = false } = {}) => ({ accessToken: renew ? await renewal(stop) : 'old' }),
  };
  return refusedToken('X', performContext({ account, signal: stop.signal }));
}

test('a renewal that hangs until the attempt is over: it was not sent, and the renewal goes on', async () => {
  const outcome = await refused((stop) => {
    setImmediate(() => stop.abort());
    return new Promise(() => undefined);
  });
  expect(outcome).toEqual({ kind: 'not_sent', reason: 'X refused the token, and its renewal is not over yet' });
});

test('a renewal that finds the attempt over already, and one that fails afterwards', async () => {
  const outcome = await refused(async (stop) => {
    stop.abort();
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('too late');
  });
  expect(outcome).toMatchObject({ kind: 'not_sent' });
});

test('a renewal that the database breaks off: it was not sent', async () => {
  const outcome = await refused(() => Promise.reject(new UnavailableError('postgres', 'PostgreSQL is away')));
  expect(outcome).toEqual({
    kind: 'not_sent',
    reason: 'X refused the token, and it could not be renewed: PostgreSQL is away',
  });
});

test('an account that is on hold is, and a token that is renewed is for the next attempt', async () => {
  const hold = new AccountOnHoldError('account ops needs a log-in', { needsLogin: true });
  await expect(refused(() => Promise.reject(hold))).rejects.toBe(hold);
  expect(await refused(async () => 'new')).toMatchObject({
    kind: 'not_sent',
    reason: expect.stringContaining('renewed'),
  });
  expect(await refused(async () => 'old')).toMatchObject({ kind: 'on_hold', needsLogin: true });
});
