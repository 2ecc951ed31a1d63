/** Translates what PostgreSQL and its client raise into our errors, in one place. */

import { isNativeError } from 'node:util/types';
import pg from 'pg';
import { AolError, InvalidRequestError, UnavailableError, UnprocessableError } from '../domain/errors.ts';

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

const CLIENT_MESSAGES = [
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'Connection terminated',
  'Client has encountered a connection error',
  'Cannot use a pool after calling end',
];

/** SQLSTATE classes that mean: not now. 08 connection, 53 resources, 57 operator intervention, 55 lock not available. */
const UNAVAILABLE_CLASSES = new Set(['08', '53', '57', '55']);
/** SQLSTATE classes that mean: this value cannot be stored. 22 data exception, 23 integrity, 54 limit exceeded. */
const INPUT_CLASSES = new Set(['22', '23', '54']);
const UNKNOWN_LANE = 'AOL03';
const UNDEFINED_TABLE = '42P01';

/** The named error for anything that a query threw. What is not recognised is passed on as it is: it is our bug. */
export function databaseError(error: unknown): unknown {
  if (error instanceof AolError) return error;
  if (error instanceof pg.DatabaseError) return serverError(error);
  if (!isNativeError(error)) return error;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0)
    return databaseError(error.errors[0]);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (NETWORK_CODES.has(code) || CLIENT_MESSAGES.some((message) => error.message.includes(message))) {
    return new UnavailableError('postgres', `PostgreSQL cannot be reached: ${error.message}`, { cause: error });
  }
  return error;
}

function serverError(error: pg.DatabaseError): unknown {
  const state = error.code ?? '';
  if (state === UNKNOWN_LANE) return new UnprocessableError('the lane does not exist', [], { cause: error });
  if (state === UNDEFINED_TABLE) {
    return new UnavailableError('postgres', 'the schema is not there yet: run `aol migrate`', { cause: error });
  }
  if (UNAVAILABLE_CLASSES.has(state.slice(0, 2))) {
    return new UnavailableError('postgres', `PostgreSQL is not ready: ${error.message}`, { cause: error });
  }
  if (INPUT_CLASSES.has(state.slice(0, 2))) {
    // What PostgreSQL says of it names our columns and types; that is for the log.
    return new InvalidRequestError('a value cannot be stored', [], { cause: error });
  }
  return error;
}

/** Whether an error is the database's refusal under a named rule of ours (`AOL01` … `AOL05`). */
export function isRuleViolation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code ?? '').startsWith('AOL');
}
