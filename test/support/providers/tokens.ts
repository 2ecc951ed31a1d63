/** OAuth 2 tokens as providers give them out: they expire, and a refresh token is good once (or for ever, where a provider says so). */

import { randomBytes } from 'node:crypto';
import type { Clock } from './time.ts';

export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface TokenRules {
  readonly accessMs: number;
  /** `single_use`: each refresh kills the token it was made with, and one that comes again kills the whole family. */
  readonly refresh: 'single_use' | 'lasting';
  readonly prefix?: string;
}

export type TokenState = 'good' | 'expired' | 'revoked' | 'unknown';

export interface TokenStore {
  issue(): TokenPair;
  state(accessToken: string | undefined): TokenState;
  /** A new pair, or undefined for `invalid_grant`. */
  refresh(refreshToken: string | null): TokenPair | undefined;
  /** Every token of the account is dead from now on. */
  revoke(): void;
  /** How often a refresh succeeded. */
  refreshes(): number;
}

export function createTokens(clock: Clock, rules: TokenRules): TokenStore {
  const access = new Map<string, number>();
  const known = new Set<string>();
  const spent = new Set<string>();
  let live = new Set<string>();
  let count = 0;
  const random = () => `${rules.prefix ?? ''}${randomBytes(18).toString('base64url')}`;
  const issueWith = (refreshToken: string): TokenPair => {
    const accessToken = random();
    access.set(accessToken, clock.nowMs() + rules.accessMs);
    known.add(accessToken);
    live.add(refreshToken);
    return { accessToken, refreshToken };
  };
  const revoke = () => {
    access.clear();
    live = new Set();
  };
  return {
    issue: () => issueWith(random()),
    state(accessToken) {
      if (accessToken === undefined || !known.has(accessToken)) return 'unknown';
      const untilMs = access.get(accessToken);
      if (untilMs === undefined) return 'revoked';
      return untilMs > clock.nowMs() ? 'good' : 'expired';
    },
    refresh(refreshToken) {
      if (refreshToken === null) return undefined;
      if (spent.has(refreshToken)) revoke();
      if (!live.has(refreshToken)) return undefined;
      count += 1;
      if (rules.refresh === 'lasting') return issueWith(refreshToken);
      live.delete(refreshToken);
      spent.add(refreshToken);
      return issueWith(random());
    },
    revoke,
    refreshes: () => count,
  };
}

/** `Basic` of a client's id and secret. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}
