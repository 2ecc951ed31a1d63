import type { Connection } from '@temporalio/client';
import pg from 'pg';
import { ConfigurationError, errorText } from '../domain/errors.ts';

const timeoutMs = 8_000;
const grpcNotFound = 5;

/** How to reach a Temporal that is not ours; what `Connection.connect` takes. */
export interface TemporalTarget {
  readonly address: string;
  readonly namespace: string;
  readonly connection: Parameters<typeof Connection.connect>[0];
}

/**
 * Makes sure that a PostgreSQL that is not ours answers.
 *
 * @throws ConfigurationError naming DATABASE_URL; its message never holds the password
 */
export async function assertPostgresReachable(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } catch (thrown) {
    const { hostname, port, pathname } = new URL(url);
    throw new ConfigurationError(
      'DATABASE_URL',
      `DATABASE_URL: PostgreSQL at ${hostname}:${port || '5432'}${pathname} cannot be used: ${reason(thrown)}. ` +
        'Start it or correct DATABASE_URL; leave it unset to have one started here.',
    );
  } finally {
    void client.end().catch(() => undefined);
  }
}

/**
 * Makes sure that a Temporal that is not ours answers and has the namespace.
 *
 * @throws ConfigurationError naming TEMPORAL_ADDRESS or TEMPORAL_NAMESPACE
 */
export async function assertTemporalReachable({ address, namespace, connection }: TemporalTarget): Promise<void> {
  const temporal = await import('@temporalio/client');
  let opened: Connection | undefined;
  try {
    opened = await temporal.Connection.connect({ ...connection, address, connectTimeout: timeoutMs });
    const service = opened.workflowService;
    await opened.withDeadline(Date.now() + timeoutMs, () => service.describeNamespace({ namespace }));
  } catch (thrown) {
    const notFound = temporal.isGrpcServiceError(thrown) && thrown.code === grpcNotFound;
    throw notFound
      ? new ConfigurationError(
          'TEMPORAL_NAMESPACE',
          `TEMPORAL_NAMESPACE: Temporal at ${address} has no namespace "${namespace}": create it`,
        )
      : new ConfigurationError(
          'TEMPORAL_ADDRESS',
          `TEMPORAL_ADDRESS: Temporal at ${address} cannot be used: ${reason(thrown)}. ` +
            'Start it or correct TEMPORAL_ADDRESS; leave it unset to have one started here.',
        );
  } finally {
    void opened?.close();
  }
}

/** Several addresses of one host fail as an error without a text of its own. */
function reason(thrown: unknown): string {
  const text = thrown instanceof AggregateError ? thrown.errors.map((one) => errorText(one)).join(', ') : '';
  return (text || errorText(thrown, 300)).trim();
}
