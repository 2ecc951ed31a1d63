/** Accounts of test servers, logged in by their providers. */

import { bluesky } from '../../src/adapters/post-social/bluesky/index.ts';
import type { Credential } from '../../src/adapters/provider.ts';
import { performContext } from './contexts.ts';
import { type Poster, posterAt } from './social.ts';

export interface Who {
  readonly provider: 'bluesky' | 'mastodon';
  readonly identity: string;
  readonly server: string;
  /** An app password, or a token. */
  readonly secret: string;
  /** What a check learned; Mastodon's own by default. */
  readonly software?: string;
}

/** Keeps its session, and renews it when that is asked for, as accounts do. */
export function posterOf({ provider, identity, server, secret, software = 'mastodon' }: Who): Poster {
  const account = posterAt(provider, identity, server, provider === 'mastodon' ? { software } : {});
  if (provider === 'mastodon') return { account, credential: async () => ({ accessToken: secret }) };
  let last: Credential | undefined;
  const context = {
    settings: { service: server, identifier: identity, appPassword: { env: 'BLUESKY_APP_PASSWORD' } },
    secrets: { appPassword: secret },
    exchange: performContext({ allow: [new URL(server).host] }).exchange,
    signal: new AbortController().signal,
  };
  return {
    account,
    async credential({ renew = false } = {}) {
      if (last && !renew) return last;
      const answer = await bluesky.provider.logIn?.({ ...context, last });
      if (answer?.kind !== 'logged_in') throw new Error(`not logged in: ${JSON.stringify(answer)}`);
      last = answer.credential;
      return last;
    },
  };
}
