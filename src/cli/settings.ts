/** From the configuration to what worker, API and the maintenance commands connect to. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { type AccountSettings, type Config, loadAccountSettings } from '../config/index.ts';
import { ConfigurationError } from '../domain/errors.ts';
import { findSecretsKeys, findTokens, readAddresses } from '../local/index.ts';
import { createLog } from '../observability/log.ts';
import type { RunningTraces } from '../observability/tracing.ts';
import type { TemporalSettings } from '../temporal/gateway.ts';
import type { NoticeOptions } from '../worker/notice-loop.ts';

/**
 * The database that the environment names, else the embedded one of the data folder.
 *
 * @throws ConfigurationError when there is neither
 */
export function databaseUrl(config: Config): string {
  return config.database.url ?? embeddedDatabaseUrl(config);
}

/** The embedded PostgreSQL that `aol up` keeps in the data folder. */
function embeddedDatabaseUrl(config: Config): string {
  try {
    const password = readFileSync(join(config.dataDir, 'postgres-password'), 'utf8').trim();
    return `postgresql://aol:${encodeURIComponent(password)}@127.0.0.1:${localPorts(config).postgresPort}/aol`;
  } catch (error) {
    const message = `it is not set, and there is no embedded PostgreSQL in ${config.dataDir}: run \`aol up\` there first`;
    throw new ConfigurationError('DATABASE_URL', message, { cause: error });
  }
}

/** The embedded servers' ports: what the environment says, else where the last `aol up` on the data folder started them. */
export function localPorts({ dataDir, local, setVariables }: Config): Config['local'] {
  const found = readAddresses(dataDir) ?? local;
  const port = (variable: string, name: keyof Config['local']) =>
    setVariables.includes(variable) ? local[name] : found[name];
  return {
    postgresPort: port('AOL_POSTGRES_PORT', 'postgresPort'),
    temporalPort: port('AOL_TEMPORAL_PORT', 'temporalPort'),
    temporalUiPort: port('AOL_TEMPORAL_UI_PORT', 'temporalUiPort'),
  };
}

/** The Temporal that the environment names, else the embedded one. */
export function temporalSettings(config: Config): TemporalSettings {
  const { temporal, payloadKeys } = config;
  const { tls, apiKey, metadata } = temporal.connection;
  return {
    address: temporal.address ?? `127.0.0.1:${localPorts(config).temporalPort}`,
    namespace: temporal.namespace,
    payloadKeys,
    connection: {
      ...(tls === undefined || tls === null ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata: textOnly(metadata) }),
    },
  };
}

function textOnly(metadata: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, String(value)]));
}

/** Temporal's web page: the one that is named, else the embedded server's. Where another server has its page is not known. */
export function temporalUiUrl(config: Config): string | null {
  if (config.temporalUiUrl !== undefined) return config.temporalUiUrl;
  return config.temporal.address === undefined ? `http://127.0.0.1:${localPorts(config).temporalUiPort}` : null;
}

export function artifactLocation(config: Config): string {
  return `file:${config.artifacts.folder}`;
}

/**
 * What workers know of accounts: their entries, and the keys for what providers rotate.
 *
 * @throws ConfigurationError when the file of accounts or of the key cannot be read
 */
export function accountOptions(config: Config): {
  readonly accounts: AccountSettings;
  readonly secretsKeys: readonly Uint8Array[];
} {
  return { accounts: loadAccountSettings(config), secretsKeys: findSecretsKeys(config) };
}

/** Where people are told of what waits or went wrong, and at what pace. */
export function noticeSettings({ notices: { destinations, everyMs } }: Config): NoticeOptions {
  return { destinations, pace: { everyMs } };
}

/** JSON lines on stderr, without the secrets of the environment, of accounts and of the data folder. */
export function createLogger(config: Config): FastifyBaseLogger {
  const secrets = [
    ...config.secrets,
    ...loadAccountSettings(config).secrets,
    ...Object.values(findTokens(config) ?? {}),
  ];
  return createLog({ level: config.logLevel, secrets });
}

/** Traces, where the environment says where to; what it answers ends them. */
export async function startTraces(
  config: Config,
  name: 'worker' | 'api' | 'run',
  log: FastifyBaseLogger,
): Promise<RunningTraces> {
  if (!config.tracing) return { stop: () => Promise.resolve() };
  const { startTracing } = await import('../observability/tracing.ts');
  return startTracing(`aol-${name}`, (detail, message) => log.warn(detail, message));
}
