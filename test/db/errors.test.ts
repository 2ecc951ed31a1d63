/** What counts as "PostgreSQL cannot be used now", and what that does to connections: against real servers, and one that is faked. */

import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { databaseError, SQLSTATES, spoilsConnection } from '../../src/db/errors.ts';
import { createPool, query, transaction } from '../../src/db/pool.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function errorAt(change: (url: URL) => URL | string): Promise<unknown> {
  const pool = createPool({ databaseUrl: String(change(new URL(database.url))), applicationName: 'test' });
  const error = await query(pool, 'SELECT 1').then(
    () => 'it answered',
    (thrown: unknown) => thrown,
  );
  await pool.end();
  return error;
}

function withPart(part: 'password' | 'username' | 'pathname', value: string) {
  return (url: URL) => {
    url[part] = value;
    return url;
  };
}

const NO_SOCKET = join(tmpdir(), 'aol-no-such-folder', 'none');

test.each<[string, (url: URL) => URL | string]>([
  ['a password that was changed', withPart('password', 'another')],
  ['a user who is not there', withPart('username', 'nobody')],
  ['a database that is not there', withPart('pathname', '/nowhere')],
  ['a Unix socket that is gone', () => `postgresql://aol:secret@${encodeURIComponent(NO_SOCKET)}:5432/aol`],
  [
    'a server without TLS',
    (url) => {
      url.search = '?sslmode=require';
      return url;
    },
  ],
  [
    'a port where nobody listens',
    (url) => {
      url.port = '1';
      return url;
    },
  ],
])('%s: PostgreSQL cannot be used now, and the connection is not used again', async (_, change) => {
  const error = await errorAt(change);
  expect(error).toMatchObject({ code: 'AOL_UNAVAILABLE', dependency: 'postgres' });
  expect(spoilsConnection(error)).toBe(true);
});

describe('by SQLSTATE', () => {
  const raised = async (state: string): Promise<unknown> => {
    const text = `DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '${state}'; END $$`;
    return query(database.pool, text).catch((error: unknown) => error);
  };

  test.each([
    ['a read-only server', '25006', 'AOL_UNAVAILABLE', true],
    ['a serialization failure', '40001', 'AOL_TOO_MANY_AT_ONCE', false],
    ['a deadlock', '40P01', 'AOL_TOO_MANY_AT_ONCE', false],
    ['a right that is missing', '42501', 'AOL_UNAVAILABLE', false],
    ['a lock that is held', '55P03', 'AOL_TOO_MANY_AT_ONCE', false],
    ['a statement that took too long', '57014', 'AOL_TOO_MANY_AT_ONCE', false],
    ['a server that goes down', '57P01', 'AOL_UNAVAILABLE', true],
    ['a failing disk', '58030', 'AOL_UNAVAILABLE', true],
    ['too many connections', '53300', 'AOL_UNAVAILABLE', false],
    ['a value that does not fit', '22003', 'AOL_INVALID_REQUEST', false],
    ['a lane that is not there', 'AOL03', 'AOL_UNPROCESSABLE', false],
  ])('%s (%s) is %s', async (_, state, code, closes) => {
    const error = await raised(state);
    expect(error).toMatchObject({ code });
    expect(spoilsConnection(error)).toBe(closes);
  });

  test('a statement that is wrong is passed on: it is a defect of ours', async () => {
    await expect(query(database.pool, 'SELECT no_such_column')).rejects.toMatchObject({ code: '42703' });
    expect(databaseError(new TypeError('x is not a function'))).toBeInstanceOf(TypeError);
  });

  test('every row of the table is a SQLSTATE or the beginning of one', () => {
    for (const state of Object.keys(SQLSTATES)) expect(state).toMatch(/^[0-9A-Z]{2}([0-9A-Z]|[0-9A-Z]{3})?$/);
  });
});

test('a transaction that met a read-only server leaves no connection behind that still is', async () => {
  const pool = createPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 1 });
  await query(pool, 'SET default_transaction_read_only = on');
  const write = () => transaction(pool, (connection) => query(connection, 'CREATE TABLE written ()'));
  await expect(write()).rejects.toMatchObject({ code: 'AOL_UNAVAILABLE' });
  await write();
  await pool.end();
});

test('the isolation level is ours, whatever the database’s default is', async () => {
  const url = new URL(database.url);
  url.searchParams.set('options', '-c default_transaction_isolation=serializable');
  const pool = createPool({ databaseUrl: url.href, applicationName: 'test', maxConnections: 1 });
  const level = "SELECT current_setting('transaction_isolation') AS level";
  expect(await query(pool, level)).toEqual([{ level: 'read committed' }]);
  expect(await transaction(pool, (connection) => query(connection, level))).toEqual([{ level: 'read committed' }]);
  await pool.end();
});

test('who waits for a connection in vain is told of the others as long as they are answered, and of PostgreSQL when nobody is', async () => {
  const pool = createPool({
    databaseUrl: database.url,
    applicationName: 'test',
    maxConnections: 1,
    connectTimeoutMs: 1_000,
  });
  const waiting = Array.from({ length: 20 }, () =>
    query(pool, 'SELECT pg_sleep(0.2)').then(
      () => 'answered',
      ({ code }) => code,
    ),
  );
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['answered', 'AOL_TOO_MANY_AT_ONCE']));
  const sleeping = query(pool, 'SELECT pg_sleep(3)');
  await Promise.allSettled([query(pool, 'SELECT 1')]);
  await expect(query(pool, 'SELECT 1')).rejects.toMatchObject({ code: 'AOL_UNAVAILABLE' });
  await sleeping;
  await pool.end();
});

test('a new connection that is not there in time is told of the others too while they are answered', async () => {
  const target = new URL(database.url);
  const clients: Socket[] = [];
  const door = createServer((client) => {
    client.on('error', () => undefined);
    clients.push(client);
    if (clients.length > 1) return;
    const server = connect(Number(target.port), target.hostname);
    client.pipe(server).pipe(client);
    server.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const address = door.address();
  const url = new URL(database.url);
  url.port = typeof address === 'object' && address !== null ? String(address.port) : '';
  const pool = createPool({ databaseUrl: url.href, applicationName: 'test', connectTimeoutMs: 1_000 });
  await query(pool, 'SELECT 1');
  const others = new AbortController();
  const answered = async () => {
    while (!others.signal.aborted) await query(pool, 'SELECT pg_sleep(0.1)');
  };
  const answering = answered();
  // The one connection is taken: another one is opened.
  await new Promise(setImmediate);
  await expect(query(pool, 'SELECT 1')).rejects.toMatchObject({ code: 'AOL_TOO_MANY_AT_ONCE' });
  others.abort();
  await answering;
  expect(clients).toHaveLength(2);
  await pool.end();
  for (const client of clients) client.destroy();
  await new Promise((resolve) => door.close(resolve));
});

describe('a connection pooler before PostgreSQL', () => {
  let pooler: Server;
  let port: number;
  /** What it does with the settings that a connection begins with. */
  let refuses = true;

  beforeAll(async () => {
    const target = new URL(database.url);
    pooler = createServer((client) => {
      client.on('error', () => undefined);
      client.once('data', (startup) => {
        const settings = startup.subarray(8).toString('utf8').split('\0');
        const kept = settings.flatMap((name, index) =>
          index % 2 === 0 && ['user', 'database', 'client_encoding'].includes(name) ? [name, settings[index + 1]] : [],
        );
        if (refuses) {
          client.end(message('E', 'SFATAL\0C08P01\0Munsupported startup parameter: statement_timeout\0\0'));
          return;
        }
        const body = Buffer.from(`\0\x03\0\0${kept.join('\0')}\0\0`, 'latin1');
        const server = connect(Number(target.port), target.hostname);
        server.write(Buffer.concat([length(body.length + 4), body]));
        client.pipe(server).pipe(client);
        server.on('error', () => client.destroy());
      });
    });
    await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve));
    const address = pooler.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterAll(() => new Promise((resolve) => pooler.close(resolve)));

  const throughPooler = (url: URL) => {
    url.hostname = '127.0.0.1';
    url.port = String(port);
    return url;
  };

  test.each([
    ['refuses', true],
    ['leaves out', false],
  ])('that %s settings of a connection is refused by name', async (_, does) => {
    refuses = does;
    const error = await errorAt(throughPooler);
    expect(error).toMatchObject({ code: 'AOL_CONFIGURATION', variable: 'DATABASE_URL' });
    expect(String(error)).toMatch(/pooler.*statement_timeout.*PostgreSQL itself/);
  });
});

function length(bytes: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(bytes);
  return buffer;
}

function message(kind: string, text: string): Buffer {
  const body = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from(kind), length(body.length + 4), body]);
}
