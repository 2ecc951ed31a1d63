/** How often one may call: by token, by address, and how many wrong tokens an address may try. Counted in this process. */

import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { TooManyRequestsError } from '../../domain/errors.ts';
import type { Api } from '../context.ts';

export interface RateLimits {
  /** Of a caller that is known. @throws TooManyRequestsError */
  countCall(request: FastifyRequest): Promise<void>;
  /** Of a caller that gave a wrong token, or none. @throws TooManyRequestsError */
  countWrongToken(request: FastifyRequest): Promise<void>;
}

const WINDOW_MS = 60_000;
export const MAX_WRONG_TOKENS = 100;
const unlimited = () => Promise.resolve();
/** Several tokens may share an address. */
const TOKENS_PER_ADDRESS = 2;

export interface Rates {
  /** For each token; 0 is without limit. */
  readonly callsPerMinute: number;
  /** For each address and minute; 0 is without limit. */
  readonly maxWrongTokens: number;
}

export async function addRateLimits(app: Api, { callsPerMinute, maxWrongTokens }: Rates): Promise<RateLimits> {
  await app.register(rateLimit, { global: false, cache: 10_000 });
  const limit = (max: number, key: (request: FastifyRequest) => string) => {
    if (max === 0) return unlimited;
    const count = app.createRateLimit({ max, timeWindow: WINDOW_MS, keyGenerator: key });
    return async (request: FastifyRequest) => {
      const answer = await count(request);
      if (answer.isAllowed || !answer.isExceeded) return;
      throw new TooManyRequestsError('too many calls: wait', Math.max(1, answer.ttlInSeconds));
    };
  };
  const ofToken = limit(callsPerMinute, ({ actor }) => `token ${actor}`);
  const ofAddress = limit(callsPerMinute * TOKENS_PER_ADDRESS, ({ ip }) => `address ${ip}`);
  const wrongTokens = limit(maxWrongTokens, ({ ip }) => `wrong ${ip}`);
  // Pressing stop is never refused for being pressed too often; a wrong token at it is.
  app.addHook('onRequest', (request) => (request.routeOptions.config.control ? unlimited() : ofAddress(request)));
  return {
    countCall: (request) => (request.routeOptions.config.control ? unlimited() : ofToken(request)),
    countWrongToken: wrongTokens,
  };
}
