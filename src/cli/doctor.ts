/** Checks of everything that AOL needs, each with the cure. */

import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Config, findTokens, maskPassword } from '../config/index.ts';
import { AolClient } from '../contracts/client.ts';
import { pendingSteps } from '../db/migrate.ts';
import { ConfigurationError, errorText } from '../domain/errors.ts';
import { connectTemporal } from '../temporal/gateway.ts';
import { apiUrl } from './client.ts';
import type { CliIo } from './io.ts';
import { databaseUrl, temporalSettings } from './settings.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do, when it is not ok. */
  readonly cure: string | null;
}

/** Examines everything; a check that cannot be made is a check that failed. */
export async function examine(io: CliIo): Promise<Check[]> {
  const node = checkNode(process.versions.node);
  let config: Config;
  try {
    config = await io.config();
  } catch (error) {
    const variable = error instanceof ConfigurationError ? error.variable : 'the environment';
    return [node, failed('configuration', errorText(error), `correct ${variable}`)];
  }
  const checks = await Promise.all([
    checkFolder('data folder', config.dataDir, 'AOL_DATA_DIR'),
    checkFolder('artifacts', config.artifacts.folder, 'AOL_ARTIFACTS'),
    checkTokens(config),
    checkPostgres(config),
    checkTemporal(config),
    checkApi(config),
  ]);
  return [node, passed('configuration', 'every variable is well'), ...checks];
}

const MINIMUM_NODE = [22, 12] as const;

function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  if (isNewEnough) return passed('node', version);
  return failed(
    'node',
    `${version} is older than ${MINIMUM_NODE.join('.')}`,
    'start by `npm start` or `npx aol`, or install Node 22',
  );
}

/** Writable, or not there yet and its parent is. Makes nothing. */
async function checkFolder(name: string, folder: string, variable: string): Promise<Check> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const found = await stat(path);
      if (!found.isDirectory()) return failed(name, `${path} is not a folder`, `set ${variable} to a folder`);
      await access(path, constants.W_OK | constants.X_OK);
      return passed(name, path === folder ? folder : `${folder} (not there yet)`);
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (isMissing && path !== dirname(path)) continue;
      return failed(name, errorText(error), `set ${variable} to a folder that this user may write`);
    }
  }
}

async function checkTokens(config: Config): Promise<Check> {
  try {
    if (findTokens(config)) return passed('tokens', 'one for each role');
    return failed(
      'tokens',
      'there are none yet',
      'run `aol up` or `aol api` once, or set AOL_ADMIN_TOKEN, AOL_OPERATOR_TOKEN and AOL_VIEWER_TOKEN',
    );
  } catch (error) {
    return failed('tokens', errorText(error), 'correct or delete tokens.json in the data folder');
  }
}

async function checkPostgres(config: Config): Promise<Check> {
  const isEmbedded = config.database.url === undefined;
  try {
    const url = databaseUrl(config);
    const missing = await pendingSteps(url);
    if (missing.length === 0) return passed('postgres', `${maskPassword(url)}, schema up to date`);
    return failed('postgres', `the schema lacks ${missing.join(', ')}`, 'run `aol migrate`');
  } catch (error) {
    const cure = isEmbedded
      ? 'run `aol up`, or set DATABASE_URL'
      : 'start the server that DATABASE_URL names, or correct it';
    return failed('postgres', errorText(error, 300), cure);
  }
}

async function checkTemporal(config: Config): Promise<Check> {
  const gateway = connectTemporal(temporalSettings(config));
  try {
    const { ok, detail } = await gateway.health();
    if (ok) return passed('temporal', detail);
    const cure =
      config.temporal.address === undefined
        ? 'run `aol up`, or set TEMPORAL_ADDRESS'
        : 'start the server that TEMPORAL_ADDRESS names, create the namespace, or correct TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE';
    return failed('temporal', detail, cure);
  } finally {
    await gateway.close();
  }
}

async function checkApi(config: Config): Promise<Check> {
  const url = apiUrl(config);
  try {
    const { ready, dependencies } = await new AolClient({ baseUrl: url, maxTries: 1, timeoutMs: 5_000 }).readiness();
    if (ready) return passed('api', url);
    const away = Object.entries(dependencies).filter(([, dependency]) => !dependency.ok);
    return failed(
      'api',
      `${url} is up, but for it ${away.map(([name]) => name).join(' and ')} is away`,
      'see the checks above',
    );
  } catch (error) {
    return failed('api', errorText(error, 300), 'run `aol up` or `aol api`, or correct AOL_API_HOST and AOL_API_PORT');
  }
}

function passed(name: string, detail: string): Check {
  return { name, ok: true, detail, cure: null };
}

function failed(name: string, detail: string, cure: string): Check {
  return { name, ok: false, detail, cure };
}
