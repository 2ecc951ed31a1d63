/** The client of the API that a command talks to. */

import { AolClient, type AolClientOptions } from '../client/client.ts';
import { ConfigurationError } from '../domain/errors.ts';
import type { Target } from './target.ts';

export type ClientOptions = Pick<AolClientOptions, 'maxTries' | 'timeoutMs'>;

/** @throws ConfigurationError when there is no token */
export function connectClient({ url, token, withoutToken }: Target, options: ClientOptions = {}): AolClient {
  if (token === undefined) throw new ConfigurationError(withoutToken.variable, withoutToken.message);
  return new AolClient({ ...options, baseUrl: url, token });
}
