/** A provider whose log-ins and checks a test plays: each token is used up by its renewal, and a second renewal kills the account. */

import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { AccountSettings } from '../../src/accounts/entries.ts';
import {
  type AccountCheck,
  defineProvider,
  type LogInAnswer,
  secretReferenceSchema,
} from '../../src/adapters/provider.ts';

export interface PlayedProvider {
  /** Every log-in that was asked of it, with the token that it was asked with. */
  readonly logIns: string[];
  /** How long a token lives. */
  lifeMs: number;
  /** Answers instead of the rule. */
  answer: ((token: string) => LogInAnswer | Promise<LogInAnswer>) | undefined;
  check: AccountCheck;
}

/** A provider whose tokens rotate, and one whose secrets stay. */
export function createPlayedProviders() {
  const played: PlayedProvider = {
    logIns: [],
    lifeMs: 3_600_000,
    answer: undefined,
    check: { kind: 'ready', identity: '@brand', facts: { characters: 500 } },
  };
  const rotating = defineProvider({
    name: 'rotating',
    title: 'Rotating',
    settings: z.strictObject({ handle: z.string(), server: z.url(), refreshToken: secretReferenceSchema }),
    identify: ({ handle, server }) => ({ identity: handle, server }),
    variables: {
      handle: { name: 'ROTATING_HANDLE', required: true },
      server: { name: 'ROTATING_SERVER', required: true },
      refreshToken: { name: 'ROTATING_TOKEN', required: true, secret: true },
    },
    placeholder: { identity: 'not configured', server: 'https://not-configured.invalid' },
    async logIn({ secrets, last }): Promise<LogInAnswer> {
      const token = last?.refreshToken ?? secrets.refreshToken ?? '';
      const isUsedUp = played.logIns.includes(token);
      played.logIns.push(token);
      await delay(50);
      if (played.answer) return played.answer(token);
      if (isUsedUp) return { kind: 'needs_login', reason: 'invalid_grant' };
      const number = played.logIns.length;
      return {
        kind: 'logged_in',
        credential: { accessToken: `access-token-${number}`, refreshToken: `refresh-token-${number}` },
        expiresAt: new Date(Date.now() + played.lifeMs),
      };
    },
    check: async () => played.check,
  });
  const steady = defineProvider({
    name: 'steady',
    title: 'Steady',
    settings: z.strictObject({ url: z.url(), token: secretReferenceSchema }),
    identify: ({ url }) => ({ identity: new URL(url).host, server: url }),
    variables: {
      url: { name: 'STEADY_URL', required: true },
      token: { name: 'STEADY_TOKEN', required: true, secret: true },
    },
    placeholder: { identity: 'not configured', server: 'https://not-configured.invalid' },
    check: async () => played.check,
  });
  return { played, rotating, steady, providers: [rotating, steady] };
}

/** Settings as the configuration hands them over. */
export function accountSettings(
  entries: Readonly<Record<string, unknown>> | undefined,
  env: Readonly<Record<string, string>> = {},
): AccountSettings {
  return {
    file: entries && { path: 'aol.accounts.yaml', entries },
    variable: (name) => env[name],
    resolve: (reference) => ('env' in reference ? env[reference.env] : undefined),
  };
}
