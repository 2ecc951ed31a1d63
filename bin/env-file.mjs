// biome-ignore-all lint/style/noProcessEnv: this runs before the configuration can be read
/** The variables of `.env`; what is set already wins. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { parseEnv } from 'node:util';
import { say } from './ensure.mjs';

/** Where tokens go. */
const ADDRESSES = ['AOL_API_URL', 'AOL_API_HOST', 'AOL_API_PORT', 'AOL_DATA_DIR'];
const TOKENS = ['AOL_TOKEN', 'AOL_ADMIN_TOKEN', 'AOL_OPERATOR_TOKEN', 'AOL_VIEWER_TOKEN'];
/** These load what the folder says, its adapters too: whoever starts them trusts it. */
const SERVING = ['up', 'api', 'worker', 'run'];
/** Besides these the others call a server, with a token. */
const CALLING_NOBODY = [...SERVING, 'migrate', 'prune'];
/** What the others read. Anything else says where settings lie (`HOME`) or which code runs (`LD_PRELOAD`, `PATH`). */
const OURS = /^(?:AOL_\w+|TEMPORAL_\w+|DATABASE_URL|PGPASSFILE)$/;

/**
 * Reads the file into the environment.
 *
 * A checkout's own file is read whole. The one of whatever folder we are called in may be a stranger's: it cannot change how
 * Node itself works, it cannot name the address that an exported token is sent to, and where nothing of the folder is loaded
 * it sets our own variables only.
 *
 * @param isOurs whether it is a checkout's own
 */
export function loadEnvFile({ folder, isOurs, args = process.argv.slice(2) }) {
  const found = read(join(folder, '.env'));
  const command = args.find((argument, at) => !argument.startsWith('-') && args[at - 1] !== '--context');
  const exported = isOurs || CALLING_NOBODY.includes(command) ? undefined : TOKENS.find((name) => isSet(env[name]));
  const isAllowed = (name) => isOurs || (SERVING.includes(command) ? !name.startsWith('NODE_') : OURS.test(name));
  for (const [name, value] of Object.entries(found)) {
    if (env[name] !== undefined || !isAllowed(name)) {
      continue;
    }
    if (exported !== undefined && ADDRESSES.includes(name)) {
      say(
        `${name} of ${join(folder, '.env')} is not used: ${exported} comes from elsewhere. Export ${name} if it is meant`,
      );
      continue;
    }
    env[name] = value;
  }
}

function read(file) {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') {
      return {};
    }
    throw error;
  }
}

/** An empty value counts as unset. */
function isSet(value) {
  return value !== undefined && value !== '';
}
