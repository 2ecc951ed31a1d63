/** Checks of everything that AOL needs, each with the cure. */

import { type Config, loadAccountSettings } from '../../config/index.ts';
import { ConfigurationError, errorText } from '../../domain/errors.ts';
import type { CliIo } from '../terminal/io.ts';
import { checkApi } from './api.ts';
import { type Check, failed, passed } from './check.ts';
import { checkIssuer } from './issuer.ts';
import { checkFolders, checkNode, checkTokens } from './machine.ts';
import { checkPorts } from './ports.ts';
import { checkPostgres } from './postgres.ts';
import { checkLanes } from './queue.ts';
import { checkTemporal } from './temporal.ts';

/** Examines everything; a check that cannot be made is a check that failed. Changes nothing. */
export async function examine(io: CliIo): Promise<Check[]> {
  const node = checkNode(process.versions.node);
  let config: Config;
  try {
    config = await io.config();
    loadAccountSettings(config);
  } catch (error) {
    const variable = error instanceof ConfigurationError ? error.variable : 'the environment';
    return [node, failed('configuration', errorText(error), `correct ${variable}`)];
  }
  // Before anything reads the tokens, which mends the file's mode.
  const tokens = await checkTokens(config);
  const [folders, [postgres, schema], temporal, { answers, ...api }, issuer] = await Promise.all([
    checkFolders(config),
    checkPostgres(config),
    checkTemporal(config),
    checkApi(config),
    checkIssuer(config),
  ]);
  const ports = await checkPorts(config, { api: answers, postgres: postgres.ok, temporal: temporal.ok });
  const isUsable = postgres.ok && schema.ok;
  const lanes = await checkLanes(config, { isUsable, hasTemporal: temporal.ok });
  return [
    node,
    passed('configuration', 'every variable is well'),
    ...folders,
    tokens,
    postgres,
    schema,
    temporal,
    ...lanes,
    ports,
    api,
    issuer,
  ];
}

export type { Check } from './check.ts';
