/** The connection pool, with a limit on everything that can hang. */

import { isNativeError } from 'node:util/types';
import pg from 'pg';
import { ConfigurationError, TooManyAtOnceError } from '../domain/errors.ts';
import { databaseError, spoilsConnection } from './errors.ts';
import { OnePacketSocket } from './one-packet-socket.ts';

export type Database = pg.Pool;
/** A pool, or one connection inside a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface PoolOptions {
  readonly databaseUrl: string;
  /** How this process appears in pg_stat_activity. */
  readonly applicationName: string;
  readonly maxConnections?: number;
  /** So many stay open while nobody uses them; absent: none. */
  readonly keptConnections?: number;
  readonly statementTimeoutMs?: number;
  /** How long a statement waits for a lock; absent: as long as the statement may take. */
  readonly lockTimeoutMs?: number;
  /** How long a caller waits for a connection, be it a new one or a free one. */
  readonly connectTimeoutMs?: number;
  /** Told about connections that broke while nobody used them; the pool replaces them by itself. */
  readonly onIdleError?: (error: Error) => void;
}

const BIGINT_OID = 20;

/** bigint columns here are counters and tokens far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (oid === BIGINT_OID && format !== 'binary') return (text: string) => Number(text);
    return pg.types.getTypeParser(oid, format);
  },
};

/**
 * Opens no connection until it is used. `statement_timeout` alone does not end a query whose server went silent
 * (half-open connection), so `query_timeout` stands beside it.
 */
export function createPool(options: PoolOptions): Database {
  const statementTimeoutMs = options.statementTimeoutMs ?? 5_000;
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    application_name: options.applicationName,
    max: options.maxConnections ?? 10,
    min: options.keptConnections ?? 0,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 3_000,
    statement_timeout: statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    query_timeout: statementTimeoutMs + 1_000,
    idle_in_transaction_session_timeout: 2_000,
    keepAlive: true,
    // Statements that do not wait for each other's answers leave in one packet: see `snapshot`.
    pipeline: true,
    stream: () => new OnePacketSocket(),
    onConnect: (client) => prepareConnection(client, statementTimeoutMs),
    types,
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  // Who asked for a connection listens only a moment after it is there. Where the server ends it in the very packet that made
  // it ready, nobody would, and the process would end too. Its next query says that it is broken.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('release', (error) => {
    if (!error) lastAnswerMs.set(pool, performance.now());
  });
  return pool;
}

/**
 * Sets what the database's own defaults may not decide, and sees whether the settings that a connection began with are in force.
 *
 * @throws ConfigurationError when something between us and PostgreSQL has left them out
 */
async function prepareConnection(client: pg.ClientBase, statementTimeoutMs: number): Promise<void> {
  const [row] = await query<{ statement_timeout_ms: number }>(
    client,
    `SELECT set_config('default_transaction_isolation', 'read committed', false),
       (extract(epoch FROM current_setting('statement_timeout')::interval) * 1000)::integer AS statement_timeout_ms`,
  );
  if (row?.statement_timeout_ms === statementTimeoutMs) return;
  throw poolerError(new Error(`statement_timeout is ${row?.statement_timeout_ms} ms and not ${statementTimeoutMs}`));
}

const UNSUPPORTED_STARTUP = 'unsupported startup parameter';
/** What the pool says when no connection became free in time, and when a new one was not there in time. */
const CONNECT_TIMEOUTS = ['timeout exceeded when trying to connect', 'terminated due to connection timeout'] as const;

/** AOL needs connections of its own: settings, prepared statements and the names of live workers belong to one. */
function poolerError(cause: Error): ConfigurationError {
  return new ConfigurationError(
    'DATABASE_URL',
    `leads to a connection pooler (such as pgbouncer) that leaves out settings of a connection (${cause.message}); let it lead to PostgreSQL itself`,
    { cause },
  );
}

/** When each pool was last given a connection back: while that goes on, who waits in vain waits for others, not for PostgreSQL. */
const lastAnswerMs = new WeakMap<object, number>();

/** The named error for what was thrown when a pool or a connection was used. */
function translated(db: Queryable, error: unknown): unknown {
  if (!isNativeError(error)) return databaseError(error);
  if (error.message.includes(UNSUPPORTED_STARTUP)) return poolerError(error);
  if (!CONNECT_TIMEOUTS.some((words) => error.message.includes(words))) return databaseError(error);
  const waitedMs = (db instanceof pg.Pool && db.options.connectionTimeoutMillis) || 0;
  const isAnswering = performance.now() - (lastAnswerMs.get(db) ?? Number.NEGATIVE_INFINITY) < waitedMs;
  if (!isAnswering) return databaseError(error);
  return new TooManyAtOnceError('postgres', 'too many requests at once; try again', { cause: error });
}

/** One query, its errors translated: `UnavailableError` when the server is away. */
export async function query<Row extends pg.QueryResultRow>(
  db: Queryable,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    return (await db.query<Row>(text, [...values])).rows;
  } catch (error) {
    throw translated(db, error);
  }
}

/**
 * The same for a statement that is run again and again: each connection parses and plans it once. Only for statements whose plan
 * does not depend on how many rows a table has, because the plan stays; and that name their columns, because a connection that
 * lives through a migration answers no other ones.
 */
export async function prepared<Row extends pg.QueryResultRow>(
  db: Queryable,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  try {
    return (await db.query<Row>({ name, text, values: [...values] })).rows;
  } catch (error) {
    throw translated(db, error);
  }
}

/**
 * Runs `work` in one transaction: committed when it returns, rolled back when it throws.
 *
 * @param begin statements to open with, for settings that hold for this transaction only
 */
export function transaction<Result>(
  db: Database,
  work: (connection: Queryable) => Promise<Result>,
  begin = 'BEGIN ISOLATION LEVEL READ COMMITTED',
): Promise<Result> {
  const whole = async (connection: Queryable, { begun }: Packets) => {
    await begun;
    return work(connection);
  };
  return quickTransaction(db, whole, begin);
}

/** What saves a transaction round trips: statements that leave in one packet. */
export interface Packets {
  /** When the transaction has begun. Until then ask only for what reads or locks: it leaves together with the beginning. */
  readonly begun: Promise<unknown>;
  /** COMMIT leaves together with this statement, the last one. Answers what it answers when it is committed. */
  last<Answer>(statement: Promise<Answer>): Promise<Answer>;
}

/** {@link transaction} in as few round trips as `work` makes of it. */
export function quickTransaction<Result>(
  db: Database,
  work: (connection: Queryable, packets: Packets) => Promise<Result>,
  begin = 'BEGIN ISOLATION LEVEL READ COMMITTED',
): Promise<Result> {
  return withConnection(db, async (connection, spoil) => {
    const begun = query(connection, begin);
    let ended: Promise<unknown> | undefined;
    const commit = () => {
      ended ??= query(connection, 'COMMIT');
      return ended;
    };
    const last = async <Answer>(statement: Promise<Answer>): Promise<Answer> => {
      // After a statement that failed, COMMIT rolls back.
      const [answer] = await Promise.all([statement, commit()]);
      return answer;
    };
    try {
      const [result] = await Promise.all([work(connection, { begun, last }), begun]);
      await commit();
      return result;
    } catch (error) {
      await (ended ?? connection.query('ROLLBACK')).catch(spoil);
      throw error;
    }
  });
}

/**
 * Reads several things as of one moment, in one round trip.
 *
 * @param read asks for everything before it awaits anything
 */
export function snapshot<Result>(db: Database, read: (connection: Queryable) => Promise<Result>): Promise<Result> {
  return withConnection(db, async (connection, spoil) => {
    const begun = query(connection, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const work = read(connection);
    // After a statement that failed, this rolls back.
    const ended = query(connection, 'COMMIT');
    const [begin, result, end] = await Promise.allSettled([begun, work, ended]);
    for (const { reason } of [begin, end].filter((one) => one.status === 'rejected')) spoil(reason);
    if (begin.status === 'rejected') throw begin.reason;
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/**
 * Runs `work` on one connection.
 *
 * @param work may spoil the connection: then it is closed afterwards instead of being used again
 */
export async function withConnection<Result>(
  db: Database,
  work: (connection: Queryable, spoil: (why: Error) => void) => Promise<Result>,
): Promise<Result> {
  const connection = await db.connect().catch((error: unknown) => {
    throw translated(db, error);
  });
  let broken: Error | undefined;
  const spoil = (error: Error) => {
    broken = error;
  };
  // One that breaks between two statements says so here, and must not be used again.
  connection.on('error', spoil);
  try {
    return await work(connection, spoil);
  } catch (error) {
    if (isNativeError(error) && spoilsConnection(error)) spoil(error);
    throw error;
  } finally {
    connection.off('error', spoil);
    connection.release(broken);
  }
}
