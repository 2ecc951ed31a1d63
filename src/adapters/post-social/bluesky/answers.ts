/** What answers of a personal data server mean (XRPC: `{error, message}`). */

import type { AttemptOutcome, LimitSeen } from '../../../domain/outcomes.ts';
import type { Answer } from '../../exchange/index.ts';
import { answered, commonOutcome, limitsOf, objectOf, textIn } from '../../http-answers.ts';

const NAME = 'Bluesky';
const TOKEN_REFUSALS: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'InvalidToken',
  'AuthenticationRequired',
  'AuthMissing',
]);
/** The account may not write, whatever it logs in with. */
const ACCOUNT_REFUSALS: ReadonlySet<string> = new Set([
  'AccountTakedown',
  'AccountSuspended',
  'AccountDeactivated',
  'AccountNotFound',
  'RepoTakendown',
  'RepoSuspended',
  'RepoDeactivated',
]);

export function limitsIn(answer: Answer): readonly LimitSeen[] {
  return limitsOf(answer, 'requests', { remaining: 'ratelimit-remaining', reset: 'ratelimit-reset' }, Date.now());
}

/** The name of the error: `ExpiredToken`. */
export function errorIn(answer: Answer): string | undefined {
  return textIn(objectOf(answer), 'error');
}

/** The token is refused, and nothing was done: "expired" comes with 400, not 401. */
export function refusesToken(answer: Answer): boolean {
  if (answer.status !== 400 && answer.status !== 401) return false;
  const error = errorIn(answer);
  return error === undefined ? answer.status === 401 : TOKEN_REFUSALS.has(error);
}

/** Of an answer that is neither good nor a refusal of the token. */
export function failureOf(answer: Answer): Exclude<AttemptOutcome, { kind: 'done' }> {
  const body = objectOf(answer);
  const error = textIn(body, 'error');
  const said = [error, textIn(body, 'message')].filter((text) => text !== undefined).join(': ');
  const limits = limitsIn(answer);
  const common = commonOutcome(NAME, answer, limits, Date.now(), said);
  if (common && common.kind !== 'done') return common;
  const reason = answered(NAME, answer, said);
  if (answer.status === 403 || (error !== undefined && ACCOUNT_REFUSALS.has(error))) {
    return { kind: 'on_hold', reason, limits };
  }
  if (error === 'BlobNotFound') return { kind: 'not_sent', reason, retryAfterMs: 0, prepareAgain: true, limits };
  return { kind: 'rejected', reason, limits };
}
