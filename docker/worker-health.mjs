/**
 * Health check of the worker's container. A worker looks after its lanes in the database each second; when this container's
 * has not done so for 10 s, it hangs, is gone, or cannot reach PostgreSQL. Says nothing of Temporal: `/readyz` does.
 */

import process from 'node:process';
import pg from 'pg';
import { loadConfig } from '../dist/src/config/index.js';

const client = new pg.Client({
  connectionString: loadConfig().database.url,
  application_name: 'aol-worker-health',
  connectionTimeoutMillis: 3_000,
  query_timeout: 3_000,
});
await client.connect();
const { rowCount } = await client.query(
  `SELECT FROM pg_stat_activity WHERE application_name LIKE 'aol-worker:%' AND client_addr = inet_client_addr()
     AND state_change > clock_timestamp() - interval '10 seconds' LIMIT 1`,
);
await client.end();
process.exitCode = rowCount === 0 ? 1 : 0;
