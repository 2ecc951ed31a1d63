/** The connection pool, with a limit on everything that can hang. */

import pg from 'pg';
import { UnavailableError } from '../domain/errors.ts';
import { databaseError } from './errors.ts';

export type Database = pg.Pool;
/** A pool, or one connection inside a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface PoolOptions {
  readonly databaseUrl: string;
  /** How this process appears in pg_stat_activity. */
  readonly applicationName: string;
  readonly maxConnections?: number;
  readonly statementTimeoutMs?: number;
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
    connectionTimeoutMillis: options.connectTimeoutMs ?? 3_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 1_000,
    idle_in_transaction_session_timeout: 2_000,
    keepAlive: true,
    // Statements that do not wait for each other's answers leave in one packet: see `snapshot`.
    pipeline: true,
    types,
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  // Who asked for a connection listens only a moment after it is there. Where the server ends it in the very packet that made
  // it ready, nobody would, and the process would end too. Its next query says that it is broken.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
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
    throw databaseError(error);
  }
}

/**
 * The same for a statement that is run again and again: each connection parses and plans it once. Only for statements whose plan
 * does not depend on how many rows a table has, because the plan stays.
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
    throw databaseError(error);
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
  begin = 'BEGIN',
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
  begin = 'BEGIN',
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
    throw databaseError(error);
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
    // A query that nothing answered may still hold the connection.
    if (error instanceof UnavailableError && !(error.cause instanceof pg.DatabaseError)) spoil(error);
    throw error;
  } finally {
    connection.off('error', spoil);
    connection.release(broken);
  }
}
