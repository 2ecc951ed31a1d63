/** Named errors with stable codes. Each edge (activity, HTTP, CLI) maps them once; `docs/errors.md` lists them. */

export interface FieldProblem {
  /** Where, as a JSON path without the leading dot: `payload.content`. */
  readonly field: string;
  /** Which rule it breaks, in words. */
  readonly rule: string;
}

/** What every error of ours has: a stable code that programs may rely on. */
export abstract class AolError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request is malformed: wrong type, unknown field, out of bounds. */
export class InvalidRequestError extends AolError {
  readonly code: string = 'AOL_INVALID_REQUEST';
  readonly problems: readonly FieldProblem[];

  constructor(message: string, problems: readonly FieldProblem[] = [], options?: ErrorOptions) {
    super(message, options);
    this.problems = problems;
  }
}

/** The request is well formed, but its content fails the adapter's schema or names an unknown lane. */
export class UnprocessableError extends InvalidRequestError {
  override readonly code: string = 'AOL_UNPROCESSABLE';
}

/** REAL was asked of an adapter that cannot perform: it has no credentials, or cannot be sent yet. */
export class RealUnavailableError extends UnprocessableError {
  override readonly code = 'AOL_REAL_UNAVAILABLE';
}

/** No token, or one that is not known. */
export class UnauthenticatedError extends AolError {
  readonly code = 'AOL_UNAUTHENTICATED';
}

/** The token's role does not allow this. */
export class ForbiddenError extends AolError {
  readonly code = 'AOL_FORBIDDEN';
}

/** There is no such thing. */
export class NotFoundError extends AolError {
  readonly code = 'AOL_NOT_FOUND';
}

/** The idempotency key was used for another request. */
export class KeyConflictError extends AolError {
  readonly code = 'AOL_KEY_CONFLICT';
  readonly actionId: string;

  constructor(actionId: string) {
    super(`this idempotency key was used for another request: action ${actionId}`);
    this.actionId = actionId;
  }
}

/** The action's state does not allow this. */
export class StateConflictError extends AolError {
  readonly code = 'AOL_STATE_CONFLICT';
  readonly status: string;

  constructor(message: string, status: string) {
    super(message);
    this.status = status;
  }
}

/** A name is taken by something that still lives. */
export class NameTakenError extends AolError {
  readonly code = 'AOL_NAME_TAKEN';
}

/** Too many calls, or too much in the queue. The same call may be made again later. */
export class TooManyRequestsError extends AolError {
  readonly code: string = 'AOL_TOO_MANY_REQUESTS';
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** As many actions wait as may (`AOL_MAX_QUEUED`). */
export class QueueFullError extends TooManyRequestsError {
  override readonly code = 'AOL_QUEUE_FULL';
}

/** Something was changed since the caller read it: its version is another one. */
export class VersionConflictError extends AolError {
  readonly code = 'AOL_VERSION_CONFLICT';
  readonly version: number;

  constructor(message: string, version: number) {
    super(message);
    this.version = version;
  }
}

export type DependencyName = 'postgres' | 'temporal' | 'artifacts' | 'issuer';

/** A server that we need is away. The same call may be made again: what was done all the same is not done twice. */
export class UnavailableError extends AolError {
  readonly code: string = 'AOL_UNAVAILABLE';
  readonly dependency: DependencyName;

  constructor(dependency: DependencyName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.dependency = dependency;
  }
}

/** All servers are there, and more is asked of one at once than it takes. The same call may be made again. */
export class TooManyAtOnceError extends UnavailableError {
  override readonly code = 'AOL_TOO_MANY_AT_ONCE';
}

/** A search or list has more to look through than one call may. The same call ends the same way: ask for less. */
export class TooBroadError extends AolError {
  readonly code = 'AOL_TOO_BROAD';
}

/** The caller no longer holds the lane: its token is not the current one. */
export class LeaseLostError extends AolError {
  readonly code = 'AOL_LEASE_LOST';
}

/** A variable of the environment is wrong, or a server that it names cannot be used. The start stops. */
export class ConfigurationError extends AolError {
  readonly code = 'AOL_CONFIGURATION';
  readonly variable: string;

  constructor(variable: string, message: string, options?: ErrorOptions) {
    super(message.includes(variable) ? message : `${variable}: ${message}`, options);
    this.variable = variable;
  }
}

/** The library was imported under a Node that is too old for it. */
export class NodeVersionError extends AolError {
  readonly code = 'AOL_NODE_VERSION';
}

/** What Temporal holds is encrypted with a key that this process does not have, or was changed. */
export class PayloadKeyError extends AolError {
  readonly code = 'AOL_PAYLOAD_UNREADABLE';
}

/** An account can do nothing now: a person has to log in, or it is on hold. What waits for it goes on waiting. */
export class AccountOnHoldError extends AolError {
  readonly code = 'AOL_ACCOUNT_ON_HOLD';
  /** Epoch milliseconds; undefined: until somebody looks after it. */
  readonly untilMs: number | undefined;
  readonly needsLogin: boolean;

  constructor(message: string, hold: { readonly untilMs?: number | undefined; readonly needsLogin?: boolean } = {}) {
    super(message);
    this.untilMs = hold.untilMs;
    this.needsLogin = hold.needsLogin === true;
  }
}

/** Two adapters were registered for one type, or a type that has none was asked for. */
export class UnknownTypeError extends AolError {
  readonly code = 'AOL_UNKNOWN_TYPE';
}

/** An artifact is missing, or its bytes do not have the recorded SHA-256. */
export class ArtifactError extends AolError {
  readonly code = 'AOL_ARTIFACT';
}

/** A backup cannot be made, read or restored. */
export class BackupError extends AolError {
  readonly code = 'AOL_BACKUP';
}

/**
 * The text of anything that was thrown, cut to a length that fits a row and a workflow history, without what PostgreSQL stores
 * in no text: NUL and halves of characters.
 */
export function errorText(thrown: unknown, maximumLength = 2_000): string {
  const text = (hasMessage(thrown) ? thrown.message : describe(thrown)).replaceAll('\u0000', '\ufffd');
  return (text.length > maximumLength ? `${text.slice(0, maximumLength - 1)}…` : text).toWellFormed();
}

/** The system's or the server's name of an error, such as ENOENT. */
export function errorCode(thrown: unknown): string | undefined {
  const known = typeof thrown === 'object' && thrown !== null && 'code' in thrown;
  return known && typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Errors of other realms (workers, sandboxes) are no instances of ours. */
function hasMessage(thrown: unknown): thrown is { readonly message: string } {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string';
}

function describe(thrown: unknown): string {
  try {
    return typeof thrown === 'string' ? thrown : `thrown: ${String(thrown)}`;
  } catch {
    return 'thrown: a value that has no text';
  }
}
