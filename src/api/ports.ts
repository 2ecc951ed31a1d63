/** Opens what the API needs, from plain settings, and closes it again. */

import type { FastifyBaseLogger } from 'fastify';
import { createPool, type PoolOptions } from '../db/pool.ts';
import { connectTemporal, type TemporalSettings } from '../temporal/gateway.ts';
import { temporalLinks } from '../temporal/links.ts';
import { createWaker } from '../temporal/waker.ts';
import type { ApiPorts, ArtifactReader, FilePort } from './context.ts';

export interface PortSettings {
  readonly databaseUrl: string;
  readonly temporal: TemporalSettings;
  /** Temporal's web page, e.g. `http://127.0.0.1:8233`; null when there is none to link to. */
  readonly temporalUiUrl: string | null;
  readonly artifacts: ArtifactReader;
  readonly blobs?: FilePort;
  readonly logger?: FastifyBaseLogger | undefined;
}

/** A caller is told within two seconds that PostgreSQL is away or locked: it may wait for a connection, and then for a lock. */
const STATEMENT_TIMEOUT_MS = 1_200;
/** Shorter, so that a statement that waits for others and one that is itself too slow end in different errors. */
const LOCK_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 700;
/** Pressing stop waits for a claim that is open, also for one whose worker froze in it. */
const CONTROL_TIMEOUT_MS = 5_000;
/** They are there already; this is time to open one anew, or for this process to come back from other work. */
const CONTROL_CONNECT_TIMEOUT_MS = 1_500;
const CONTROL_CONNECTIONS = 4;

/** Connects to nothing yet: every port does so when it is first used, so the order of starting does not matter. */
export function openPorts(settings: PortSettings): ApiPorts & { close(): Promise<void> } {
  const { logger } = settings;
  const pool = (options: Partial<PoolOptions>) =>
    createPool({
      databaseUrl: settings.databaseUrl,
      applicationName: 'aol-api',
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      onIdleError: (error) => logger?.warn({ error: error.message }, 'a connection to PostgreSQL broke'),
      ...options,
    });
  const database = pool({ statementTimeoutMs: STATEMENT_TIMEOUT_MS, lockTimeoutMs: LOCK_TIMEOUT_MS });
  const controlDatabase = pool({
    connectTimeoutMs: CONTROL_CONNECT_TIMEOUT_MS,
    statementTimeoutMs: CONTROL_TIMEOUT_MS,
    maxConnections: CONTROL_CONNECTIONS,
    // A server that is full of others' connections still has these.
    keptConnections: CONTROL_CONNECTIONS,
  });
  const gateway = connectTemporal(settings.temporal);
  const waker = createWaker({
    signal: gateway.signal,
    onLost: (lane, reason) => logger?.debug({ lane, reason }, 'a signal did not arrive; the supervisor will see'),
  });
  return {
    database,
    controlDatabase,
    artifacts: settings.artifacts,
    ...(settings.blobs && { blobs: settings.blobs }),
    waker,
    temporal: { health: gateway.health, link: temporalLinks(settings.temporalUiUrl, settings.temporal.namespace) },
    async close() {
      await waker.settled();
      await Promise.allSettled([database.end(), controlDatabase.end(), gateway.close()]);
    },
  };
}
