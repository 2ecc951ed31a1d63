/** The client of the API that the configuration names. */

import { AolClient, type AolClientOptions } from '../client/client.ts';
import type { Config } from '../config/index.ts';
import { ConfigurationError } from '../domain/errors.ts';
import { findTarget } from './target.ts';

export type ClientOptions = Pick<AolClientOptions, 'maxTries' | 'timeoutMs'>;

/** @throws ConfigurationError when there is no token, or it would leave this machine in the clear */
export function connectClient(config: Config, options: ClientOptions = {}): AolClient {
  const { url, token, withoutToken } = findTarget(config);
  if (token === undefined) throw new ConfigurationError(withoutToken.variable, withoutToken.message);
  return new AolClient({ ...options, baseUrl: url, token });
}
