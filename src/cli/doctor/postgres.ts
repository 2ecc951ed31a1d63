/** PostgreSQL and its schema. */

import { type Config, maskPassword } from '../../config/index.ts';
import { pendingSteps } from '../../db/keep/migrate.ts';
import { checkServer } from '../../db/keep/requirements.ts';
import { ConfigurationError, errorText } from '../../domain/errors.ts';
import { databaseUrl } from '../settings.ts';
import { type Check, failed, passed } from './check.ts';

/** The server, and its schema. */
export async function checkPostgres(config: Config): Promise<readonly [Check, Check]> {
  try {
    const url = databaseUrl(config);
    await checkServer(url);
    const missing = await pendingSteps(url);
    const schema =
      missing.length === 0
        ? passed('migrations', 'the schema is up to date')
        : failed('migrations', `the schema lacks ${missing.join(', ')}`, 'run `aol migrate`');
    return [passed('postgres', maskPassword(url)), schema];
  } catch (error) {
    return [
      failed('postgres', errorText(error, 500), cureOf(error, config)),
      failed('migrations', 'PostgreSQL does not answer', 'see postgres'),
    ];
  }
}

function cureOf(error: unknown, config: Config): string {
  if (error instanceof ConfigurationError) return 'correct DATABASE_URL as it says';
  if (config.database.url === undefined) return 'run `aol up`, or set DATABASE_URL';
  return 'start the server that DATABASE_URL names, or correct it';
}
