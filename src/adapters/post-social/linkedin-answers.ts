/** What LinkedIn's answers mean. */

import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { Answer } from '../exchange/index.ts';
import { answered, headerOf, limited, retryAfterMs, textIn } from '../http-answers.ts';
import { type Effect, jsonBodyOf } from '../port.ts';
import { saidOf } from './linkedin-settings.ts';

const DAY_MS = 24 * 3_600_000;
const LIMIT_WAIT_MS = 60_000;

/**
 * What anything but success means, for posts, uploads and readings alike. 401 is the caller's.
 *
 * @param attempt a limit that stays and names no time is the day's
 */
export function failureOf(answer: Answer, attempt: number): Exclude<AttemptOutcome, { kind: 'done' }> {
  const { status } = answer;
  const reason = answered('LinkedIn', answer, saidOf(answer));
  if (status === 426) return { kind: 'on_hold', reason: `${reason} (its version is retired: set another)` };
  if (status === 429) {
    const nowMs = Date.now();
    // It mostly names no time, and comes also without a limit reached.
    const waitMs = retryAfterMs(headerOf(answer, 'retry-after'), nowMs);
    if (attempt === 1) return limited(reason, waitMs ?? LIMIT_WAIT_MS, [], nowMs);
    const tomorrowMs = (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS;
    const untilMs = waitMs === undefined ? tomorrowMs : nowMs + Math.max(waitMs, LIMIT_WAIT_MS);
    return { kind: 'on_hold', reason, untilMs };
  }
  if (status >= 500 || status === 408 || status < 300) return { kind: 'unknown', reason };
  return { kind: 'rejected', reason };
}

export function postOutcome(answer: Answer, effect: Effect, attempt: number): AttemptOutcome {
  if (answer.status !== 201) return failureOf(answer, attempt);
  const requestId = headerOf(answer, 'x-li-uuid');
  const receipt = {
    status: 201,
    ...postReceipt(headerOf(answer, 'x-restli-id'), effect),
    ...(requestId && { requestId }),
  };
  return { kind: 'done', receipt };
}

/** @param id what LinkedIn calls the post, or the comment */
export function postReceipt(id: string | undefined, effect: Effect) {
  const on = textIn(jsonBodyOf(effect), 'object');
  if (id === undefined) return { note: 'the answer named no post', ...(on !== undefined && { on }) };
  if (on !== undefined) return { id, on };
  const isUrn = /^urn:li:[A-Za-z]+:\w+$/u.test(id);
  return { id, ...(isUrn && { permalink: `https://www.linkedin.com/feed/update/${id}` }) };
}
