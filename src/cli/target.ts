/**
 * Which AOL a command calls, and with which token. A token goes to the address that it belongs to, and leaves this machine by
 * https only.
 */

import type { Config } from '../config/index.ts';
import { httpAddress, isPrivateWay } from '../domain/addresses.ts';
import { ConfigurationError } from '../domain/errors.ts';
import { findTokens, readAddresses } from '../local/index.ts';
import { contextInUse, LOCAL, type NamedContext, namedContext, readContexts } from './contexts.ts';

export interface Target {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string | undefined;
  /** `AOL_TOKEN`, where it belongs to this AOL. */
  readonly givenToken: string | undefined;
  /** With the context's name, where there is one: `prod (https://aol.example)`. */
  readonly words: string;
  /** What to say when there is no token. */
  readonly withoutToken: { readonly variable: string; readonly message: string };
}

/** These name an AOL of this machine. */
const LOCAL_VARIABLES = ['AOL_API_HOST', 'AOL_API_PORT', 'AOL_DATA_DIR'];

/**
 * The first of: the context that the command line names, `AOL_API_URL`, variables of an AOL on this machine, the context in use,
 * the AOL of the data folder.
 *
 * @param context what `--context` names
 * @throws ConfigurationError when a token would leave this machine in the clear
 * @throws ContextsError when there is no such context
 */
export function findTarget(config: Config, context?: string): Target {
  const { url, token } = config.client;
  if (context !== undefined) {
    // A token beside an address belongs to that address.
    const free = url === undefined ? token : undefined;
    if (context === LOCAL) return localTarget(config, free);
    return contextTarget(namedContext(readContexts(config.machine.configDir), context), free);
  }
  if (url !== undefined) {
    const withoutToken = { variable: 'AOL_TOKEN', message: 'it is not set, and AOL_API_URL needs it' };
    return { url, token, givenToken: token, words: url, withoutToken };
  }
  const found = overruledBy(config) === undefined ? contextInUse(readContexts(config.machine.configDir)) : undefined;
  return found ? contextTarget(found, token) : localTarget(config, token);
}

function contextTarget(context: NamedContext, token: string | undefined): Target {
  const { name, url } = context;
  const message = `the context ${name} has no token: \`aol context add\` it anew, or set AOL_TOKEN`;
  const withoutToken = { variable: 'AOL_TOKEN', message };
  return { url, token: token ?? context.token, givenToken: token, words: `${name} (${url})`, withoutToken };
}

/** The variable by which a context in use does not count, if there is one. */
export function overruledBy({ setVariables }: Config): string | undefined {
  return ['AOL_API_URL', ...LOCAL_VARIABLES].find((name) => setVariables.includes(name));
}

/** Where the API of this machine listens: what the environment says, else what the data folder does. */
export function localAddress({ api, dataDir, setVariables }: Config): { readonly host: string; readonly port: number } {
  const found = readAddresses(dataDir);
  return {
    host: setVariables.includes('AOL_API_HOST') ? api.host : (found?.apiHost ?? api.host),
    port: setVariables.includes('AOL_API_PORT') ? api.port : (found?.apiPort ?? api.port),
  };
}

export function localUrl(config: Config): string {
  const { host, port } = localAddress(config);
  return httpAddress(host, port);
}

function localTarget(config: Config, token: string | undefined): Target {
  const url = localUrl(config);
  if (!isPrivateWay(url)) {
    throw new ConfigurationError(
      'AOL_API_HOST',
      `AOL_API_HOST: ${url} is not on this machine, and a token goes there by https only: set AOL_API_URL=https://… and AOL_TOKEN`,
    );
  }
  const message = `there are no tokens in ${config.dataDir}: run \`aol up\` there first, or set AOL_TOKEN or AOL_DATA_DIR`;
  const withoutToken = { variable: 'AOL_DATA_DIR', message };
  return { url, token: token ?? ownToken(config), givenToken: token, words: url, withoutToken };
}

/** The one that may do most, so that a command is refused only for what it asks. */
function ownToken(config: Config): string | undefined {
  const { admin, operator, viewer } = config.tokens;
  return findTokens(config)?.admin ?? admin ?? operator ?? viewer;
}
