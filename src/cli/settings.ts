/** From the configuration to what worker, API and the maintenance commands connect to. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { type Config, findTokens } from '../config/index.ts';
import { ConfigurationError } from '../domain/errors.ts';
import { createLog } from '../observability/log.ts';
import type { RunningTraces } from '../observability/tracing.ts';
import type { TemporalSettings } from '../temporal/gateway.ts';

/**
 * The database that the environment names, else the embedded one of the data folder.
 *
 * @throws ConfigurationError when there is neither
 */
export function databaseUrl(config: Config): string {
  return config.database.url ?? embeddedDatabaseUrl(config);
}

/** The embedded PostgreSQL that `aol up` keeps in the data folder. */
export function embeddedDatabaseUrl(config: Pick<Config, 'dataDir' | 'local'>): string {
  try {
    const password = readFileSync(join(config.dataDir, 'postgres-password'), 'utf8').trim();
    return `postgresql://aol:${encodeURIComponent(password)}@127.0.0.1:${config.local.postgresPort}/aol`;
  } catch (error) {
    const message = `it is not set, and there is no embedded PostgreSQL in ${config.dataDir}: run \`aol up\` there first`;
    throw new ConfigurationError('DATABASE_URL', message, { cause: error });
  }
}

/** The Temporal that the environment names, else the embedded one. */
export function temporalSettings({ temporal, local, payloadKeys }: Config): TemporalSettings {
  const { tls, apiKey, metadata } = temporal.connection;
  return {
    address: temporal.address ?? `127.0.0.1:${local.temporalPort}`,
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

/** Temporal's web page on this machine. A server that is reached over TLS has its page elsewhere. */
export function temporalUiUrl({ temporal, local }: Config): string | null {
  const isElsewhere = Boolean(temporal.connection.tls) || temporal.connection.apiKey !== undefined;
  return isElsewhere ? null : `http://127.0.0.1:${local.temporalUiPort}`;
}

export function artifactLocation(config: Config): string {
  return `file:${config.artifacts.folder}`;
}

/** JSON lines on stderr, without the secrets of the environment and of the data folder. */
export function createLogger(config: Config): FastifyBaseLogger {
  const secrets = [...config.secrets, ...Object.values(findTokens(config) ?? {})];
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
