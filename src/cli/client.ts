/** The client of the API that the configuration names. */

import { AolClient } from '../client/client.ts';
import { type Config, findTokens } from '../config/index.ts';
import { ConfigurationError } from '../domain/errors.ts';
import type { ClientOptions } from './context.ts';

/** @throws ConfigurationError when there is no token */
export function connectClient(config: Config, options: ClientOptions = {}): AolClient {
  return new AolClient({ ...options, baseUrl: apiUrl(config), token: bestToken(config) });
}

/** The address of the API; one that is bound to all addresses is called on this machine's own. */
export function apiUrl({ api: { host, port } }: Config): string {
  const name = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** The one that may do most, so that a command is refused only for what it asks. */
function bestToken(config: Config): string {
  const tokens = findTokens(config);
  const token = tokens?.admin ?? config.tokens.admin ?? config.tokens.operator ?? config.tokens.viewer;
  if (token !== undefined) return token;
  throw new ConfigurationError(
    'AOL_ADMIN_TOKEN',
    `there are no tokens in ${config.dataDir}: run \`aol up\` there first, or set AOL_ADMIN_TOKEN or AOL_DATA_DIR`,
  );
}
