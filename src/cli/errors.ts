/** Every error becomes an exit code and words, here and nowhere else. `docs/cli.md` lists the codes. */

import { CommanderError } from 'commander';
import type { AolApiError, AolUnreachableError } from '../client/client.ts';
import type { Problem } from '../contracts/http/problem.ts';
import {
  AolError,
  ConfigurationError,
  errorText,
  type FieldProblem,
  InvalidRequestError,
  UnavailableError,
} from '../domain/errors.ts';

/** The user's file of contexts cannot be used. */
export class ContextsError extends AolError {
  readonly code = 'AOL_CONTEXTS';
}

export const ExitCode = {
  ok: 0,
  /** It was tried and failed; or a check found something wrong. */
  failed: 1,
  /** The command line itself is wrong, or a dangerous verb was not confirmed. */
  usage: 2,
  /** The server refused: a 4xx answer. */
  refused: 3,
  /** A server that is needed is away. Try again. */
  unavailable: 4,
  /** A variable of the environment is wrong, or a server that it names cannot be used. */
  configuration: 5,
  /** `--wait`: the action has not ended; it waits for a person, or the time that was given ran out. */
  unfinished: 6,
  /** Ctrl+C, before it was done. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The command line is wrong in a way that commander cannot see. */
export class UsageError extends AolError {
  readonly code = 'AOL_USAGE';
}

export interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly errors?: readonly FieldProblem[];
}

/** What went wrong, for the exit status and for words or JSON on stderr. */
export function describeFailure(error: unknown): Failure {
  if (isApiError(error)) return refusal(error.problem);
  if (isUnreachable(error)) {
    const message = `${error.message}: is \`aol up\` or \`aol api\` running there? AOL_API_URL, AOL_DATA_DIR and \`aol context\` say where`;
    return { exitCode: ExitCode.unavailable, code: 'AOL_UNREACHABLE', message };
  }
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'StopAsked')) {
    const message = 'stopped; what was done until then stays done';
    return { exitCode: ExitCode.interrupted, code: 'AOL_INTERRUPTED', message };
  }
  if (error instanceof ConfigurationError || error instanceof ContextsError) {
    return failure(ExitCode.configuration, error);
  }
  if (error instanceof UnavailableError) return failure(ExitCode.unavailable, error);
  if (error instanceof UsageError) return failure(ExitCode.usage, error);
  if (error instanceof InvalidRequestError) return { ...failure(ExitCode.usage, error), errors: error.problems };
  if (error instanceof AolError) return failure(ExitCode.failed, error);
  return { exitCode: ExitCode.failed, code: 'AOL_INTERNAL', message: errorText(error) };
}

/** Help and version end with 0; everything else that commander refuses is a wrong command line. */
export function commanderExitCode(error: CommanderError): ExitCode {
  return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
}

export function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof CommanderError;
}

/** The failure in words: what, and which field breaks which rule. */
export function failureText({ message, errors = [] }: Failure): string {
  const lines = errors.filter(({ field, rule }) => !message.includes(`${field} ${rule}`));
  return [`aol: ${message}`, ...lines.map(({ field, rule }) => `  ${field} ${rule}`)].join('\n');
}

function failure(exitCode: ExitCode, { code, message }: AolError): Failure {
  return { exitCode, code, message };
}

function refusal({ status, code, detail, errors }: Problem): Failure {
  const exitCode =
    status === 503 ? ExitCode.unavailable : status >= 400 && status < 500 ? ExitCode.refused : ExitCode.failed;
  return { exitCode, code, message: detail, ...(errors ? { errors } : {}) };
}

// By name, so that a command that calls no server does not load the client.
function isApiError(error: unknown): error is AolApiError {
  return error instanceof Error && error.name === 'AolApiError';
}

function isUnreachable(error: unknown): error is AolUnreachableError {
  return error instanceof Error && error.name === 'AolUnreachableError';
}
