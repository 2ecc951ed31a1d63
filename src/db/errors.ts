/** Translates what PostgreSQL and its client raise into our errors, in one place. */

import { isNativeError } from 'node:util/types';
import pg from 'pg';
import {
  AolError,
  errorCode,
  InvalidRequestError,
  TooManyAtOnceError,
  UnavailableError,
  UnprocessableError,
} from '../domain/errors.ts';

interface Meaning {
  /**
   * away: PostgreSQL cannot be used now. busy: it answers, and others are at work on the same. After both the same call may be made
   * again. input: the value cannot be stored.
   */
  readonly kind: 'away' | 'busy' | 'input' | 'unknown lane';
  /** What is told before PostgreSQL's own words. */
  readonly words?: string;
  /** Whether the connection is closed: a new one may lead to another server, or lack what was wrong. */
  readonly closes?: boolean;
}

/** What a refusal of the server means: by its whole SQLSTATE, or else by the class that its first two characters name. */
export const SQLSTATES: Readonly<Record<string, Meaning>> = {
  AOL03: { kind: 'unknown lane' },
  '08': { kind: 'away', words: 'the connection failed', closes: true },
  '08P01': { kind: 'away', words: 'PostgreSQL, or what stands before it, refuses how AOL connects', closes: true },
  '0A000': { kind: 'away', words: 'the schema changed under an open connection', closes: true },
  '22': { kind: 'input' },
  '23': { kind: 'input' },
  '25006': { kind: 'away', words: 'PostgreSQL is read-only: a standby, or a primary that was demoted', closes: true },
  '25P03': { kind: 'away', words: 'the transaction took too long', closes: true },
  '26000': { kind: 'away', words: 'a connection pooler stands before PostgreSQL', closes: true },
  '28': { kind: 'away', words: 'PostgreSQL refuses the login', closes: true },
  '3D000': { kind: 'away', words: 'the database does not exist', closes: true },
  '3F000': { kind: 'away', words: 'the schema is not there yet: run `aol migrate`' },
  '40': { kind: 'busy', words: 'two transactions stood in each other’s way' },
  '42501': { kind: 'away', words: 'the database user lacks a right' },
  '42P01': { kind: 'away', words: 'the schema is not there yet: run `aol migrate`' },
  '42P05': { kind: 'away', words: 'a connection pooler stands before PostgreSQL', closes: true },
  '53': { kind: 'away', words: 'PostgreSQL lacks room' },
  '54': { kind: 'input' },
  '55': { kind: 'away', words: 'PostgreSQL is not ready' },
  '55P03': { kind: 'busy', words: 'other calls held too long what this one needs' },
  '57': { kind: 'away', words: 'PostgreSQL is not ready' },
  '57014': { kind: 'busy', words: 'a statement took longer than it may' },
  '57P': { kind: 'away', words: 'PostgreSQL ended the connection', closes: true },
  '58': { kind: 'away', words: 'the machine of PostgreSQL fails', closes: true },
};

/** The client's own errors that have no code. What has one (ECONNREFUSED, ENOENT, ERR_TLS_…) failed on the way to the server. */
const CLIENT_MESSAGES = [
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Connection terminated',
  'Client has encountered a connection error',
  'Cannot use a pool after calling end',
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
  'SASL',
];

/** The named error for anything that a query threw. What is not recognised is passed on as it is: it is our bug. */
export function databaseError(error: unknown): unknown {
  if (error instanceof AolError) return error;
  if (error instanceof pg.DatabaseError) return serverError(error);
  if (!isNativeError(error)) return error;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0)
    return databaseError(error.errors[0]);
  const isOfTheWay = errorCode(error) !== undefined && !['TypeError', 'RangeError'].includes(error.name);
  if (isOfTheWay || CLIENT_MESSAGES.some((message) => error.message.includes(message))) {
    return new UnavailableError('postgres', `PostgreSQL cannot be reached: ${error.message}`, { cause: error });
  }
  return error;
}

function serverError(error: pg.DatabaseError): unknown {
  const { kind, words } = meaningOf(error) ?? {};
  const options = { cause: error };
  switch (kind) {
    case 'away':
      return new UnavailableError('postgres', `${words}: ${error.message}`, options);
    case 'busy':
      return new TooManyAtOnceError('postgres', `${words}; try again`, options);
    case 'input':
      // What PostgreSQL says of it names our columns and types; that is for the log.
      return new InvalidRequestError('a value cannot be stored', [], options);
    case 'unknown lane':
      return new UnprocessableError('the lane does not exist', [], options);
    default:
      return error;
  }
}

function meaningOf({ code = '' }: pg.DatabaseError): Meaning | undefined {
  return SQLSTATES[code] ?? SQLSTATES[code.slice(0, 3)] ?? SQLSTATES[code.slice(0, 2)];
}

/** Whether the connection that an error came over must not be used again: it failed, or may still be at work. */
export function spoilsConnection(error: unknown): boolean {
  if (!(error instanceof UnavailableError)) return false;
  return error.cause instanceof pg.DatabaseError ? meaningOf(error.cause)?.closes === true : true;
}

const QUERY_CANCELED = '57014';

/** Whether a statement was ended because it took longer than `statement_timeout` allows. */
export function isStatementTimeout(error: unknown): boolean {
  return (
    error instanceof UnavailableError && error.cause instanceof pg.DatabaseError && error.cause.code === QUERY_CANCELED
  );
}
