/** What a PostgreSQL server must be like before AOL keeps anything there. */

import { ConfigurationError, UnavailableError } from '../../domain/errors.ts';
import { READ_ONLY } from '../look/health.ts';
import { createPool, query } from '../pool.ts';

/**
 * Looks whether a database can be used, over a connection as AOL's processes open them.
 *
 * @throws ConfigurationError when its encoding is not UTF8, or a connection pooler stands before it
 * @throws UnavailableError when it cannot be reached, or is read-only
 */
export async function checkServer(databaseUrl: string): Promise<void> {
  const pool = createPool({ databaseUrl, applicationName: 'aol-cli', maxConnections: 1, connectTimeoutMs: 5_000 });
  try {
    const [row] = await query<{ encoding: string; read_only: boolean }>(
      pool,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') = 'on' AS read_only`,
    );
    if (row?.read_only) throw new UnavailableError('postgres', READ_ONLY);
    if (row?.encoding === 'UTF8') return;
    throw new ConfigurationError(
      'DATABASE_URL',
      `the encoding of the database is ${row?.encoding}, which lacks characters that payloads hold; use one that was made with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`,
    );
  } finally {
    await pool.end();
  }
}
