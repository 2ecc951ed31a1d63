/** Every error becomes a problem of RFC 9457, here and nowhere else. */

import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../../contracts/http/problem.ts';
import {
  AolError,
  ArtifactError,
  ConfigurationError,
  errorText,
  ForbiddenError,
  InvalidRequestError,
  KeyConflictError,
  NameTakenError,
  NotFoundError,
  StateConflictError,
  TooBroadError,
  TooManyAtOnceError,
  TooManyRequestsError,
  UnauthenticatedError,
  UnavailableError,
  UnprocessableError,
  VersionConflictError,
} from '../../domain/errors.ts';
import type { Api } from '../context.ts';

export const PROBLEM_TYPE = 'application/problem+json';
const MAX_PROBLEMS = 50;
const MAX_FIELD_LENGTH = 200;
const RETRY_AFTER_SECONDS = '1';
const MAX_LOGGED = 300;

/** What is told to the caller of an error. Of our own failures that is nothing but the request's id. */
export function toProblem(error: unknown, instance: string): Problem {
  if (error instanceof AolError)
    return { ...problem(statusOf(error), error.code, detailOf(error), instance), ...extras(error) };
  const status = clientStatus(error);
  if (status === undefined)
    return problem(500, 'AOL_INTERNAL', 'something failed; the server log knows this instance', instance);
  return problem(status, CODES[status] ?? 'AOL_INVALID_REQUEST', errorText(error), instance);
}

const CODES: Readonly<Record<number, string>> = {
  404: 'AOL_NOT_FOUND',
  405: 'AOL_METHOD_NOT_ALLOWED',
  413: 'AOL_TOO_LARGE',
  415: 'AOL_UNSUPPORTED_MEDIA_TYPE',
};

function problem(status: number, code: string, detail: string, instance: string): Problem {
  return { type: `urn:aol:error:${code}`, title: STATUS_CODES[status] ?? 'Error', status, detail, code, instance };
}

const CONFLICTS = [KeyConflictError, NameTakenError, StateConflictError, VersionConflictError] as const;

function statusOf(error: AolError): number {
  if (error instanceof UnprocessableError || error instanceof TooBroadError) return 422;
  if (error instanceof InvalidRequestError) return 400;
  if (error instanceof UnauthenticatedError) return 401;
  if (error instanceof ForbiddenError) return 403;
  if (error instanceof NotFoundError) return 404;
  if (CONFLICTS.some((conflict) => error instanceof conflict)) return 409;
  if (error instanceof TooManyRequestsError) return 429;
  if (error instanceof UnavailableError || error instanceof ConfigurationError) return 503;
  return 500;
}

const DEPENDENCY_NAMES = {
  postgres: 'PostgreSQL',
  temporal: 'Temporal',
  artifacts: 'the artifact store',
  issuer: 'the server that people sign in at',
} as const;

function detailOf(error: AolError): string {
  if (error instanceof TooManyAtOnceError) return error.message;
  if (error instanceof ConfigurationError) return 'this server is not set up as it must be; its log says what is wrong';
  if (error instanceof UnavailableError) return `${DEPENDENCY_NAMES[error.dependency]} is away; try again`;
  if (error instanceof ArtifactError)
    return 'the stored artifact is missing, or its bytes are not those that were recorded';
  return statusOf(error) >= 500 ? 'something failed; the server log knows this instance' : error.message;
}

function extras(error: AolError): Partial<Problem> {
  if (error instanceof InvalidRequestError && error.problems.length > 0) {
    const errors = error.problems.slice(0, MAX_PROBLEMS);
    return { errors: errors.map(({ field, rule }) => ({ field: field.slice(0, MAX_FIELD_LENGTH), rule })) };
  }
  if (error instanceof KeyConflictError) return { actionId: error.actionId };
  if (error instanceof StateConflictError) return { currentStatus: error.status };
  if (error instanceof VersionConflictError) return { currentVersion: error.version };
  return {};
}

/** The status of an error of the HTTP layer that is the caller's fault. */
function clientStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}

/** Answers with a problem and logs what the caller is not told. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = toProblem(error, request.id);
  // An outage is one thing to know, not a stack for each call that meets it.
  const what = error instanceof TooManyAtOnceError ? 'too many calls at once' : 'a server that we need is away';
  if (answer.status === 503) request.log.warn({ error: errorText(error, MAX_LOGGED) }, what);
  else if (answer.status >= 500) request.log.error({ err: error }, 'request failed');
  if (answer.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  if (error instanceof TooManyRequestsError) reply.header('retry-after', String(error.retryAfterSeconds));
  if (answer.status === 401) reply.header('www-authenticate', 'Bearer realm="aol"');
  return reply.code(answer.status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(answer);
}

export function addProblems(app: Api): void {
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
}
