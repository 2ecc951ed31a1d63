/** What X's answers mean. */

import { isObject, type JsonObject } from '../../contracts/http/json.ts';
import { findUrls } from '../../contracts/payloads/urls.ts';
import type { AttemptOutcome, LimitSeen } from '../../domain/outcomes.ts';
import { settingOf } from '../account-settings.ts';
import type { Answer } from '../exchange/index.ts';
import { answered, headerOf, limited, limitsOf, objectOf, textIn, waitMsOf } from '../http-answers.ts';
import { type Effect, jsonBodyOf, type RenderAccount } from '../port.ts';

/** In US dollars, as X published them. */
const PRICES = { post: 0.015, postWithLink: 0.2, asOf: '2026-04-30' } as const;

const WINDOW = { remaining: 'x-rate-limit-remaining', reset: 'x-rate-limit-reset' } as const;
const DAYS = {
  'x app day': { remaining: 'x-app-limit-24hour-remaining', reset: 'x-app-limit-24hour-reset' },
  'x user day': { remaining: 'x-user-limit-24hour-remaining', reset: 'x-user-limit-24hour-reset' },
} as const;

/** @param what whose 15 minutes its headers tell of */
export function limitsOfX(answer: Answer, nowMs: number, what: 'posts' | 'media' = 'posts'): readonly LimitSeen[] {
  const own = limitsOf(answer, `x ${what}`, WINDOW, nowMs);
  return [...own, ...Object.entries(DAYS).flatMap(([scope, names]) => limitsOf(answer, scope, names, nowMs))];
}

/** What a refusal, or no statement at all, means: for posts, uploads and readings alike. 401 is the caller's. */
export function failureOf(answer: Answer): Exclude<AttemptOutcome, { kind: 'done' }> {
  const nowMs = Date.now();
  const limits = limitsOfX(answer, nowMs);
  const body = objectOf(answer);
  const detail = textIn(body, 'detail') ?? textIn(body, 'title') ?? '';
  const type = textIn(body, 'type') ?? '';
  const reason = answered('X', answer, detail);
  const { status } = answer;
  // A 503 names no time, and posts appeared after it.
  if (status >= 500 || status === 408 || status < 300) return { kind: 'unknown', reason, limits };
  if (/\/(?:usage-capped|user-suspended)$/u.test(type) || status === 402) return { kind: 'on_hold', reason, limits };
  if (status === 429) return limited(reason, waitMsOf(answer, limits, nowMs), limits, nowMs);
  return { kind: 'rejected', reason, limits };
}

export function postOutcome(answer: Answer, effect: Effect, account: RenderAccount): AttemptOutcome {
  const body = objectOf(answer);
  const data = isObject(body?.data) ? body.data : undefined;
  if (answer.status === 201 || (answer.status === 200 && textIn(data, 'id') !== undefined)) {
    const requestId = headerOf(answer, 'x-transaction-id');
    const receipt = {
      status: answer.status,
      ...postReceipt(data, effect, account),
      price: priceOf(effect),
      ...(requestId !== undefined && { requestId }),
    };
    return { kind: 'done', receipt, limits: limitsOfX(answer, Date.now()) };
  }
  const failed = failureOf(answer);
  // Uploads live for a day.
  const isOfMedia =
    failed.kind === 'rejected' &&
    effect.preparations.length > 0 &&
    /media ids? (?:is|are) invalid/iu.test(failed.reason);
  return isOfMedia ? { ...failed, kind: 'not_sent', prepareAgain: true } : failed;
}

/** What is kept of a post, as X tells it. */
export function postReceipt(post: JsonObject | undefined, effect: Effect, account: RenderAccount) {
  const id = textIn(post, 'id');
  if (id === undefined) return { note: 'the answer named no post' };
  const stored = textIn(post, 'text');
  const username = textIn(account.facts, 'username') ?? settingOf(account, 'username');
  return {
    id,
    permalink: `https://x.com/${username === undefined ? 'i/web' : encodeURIComponent(username)}/status/${id}`,
    ...(stored !== undefined && stored !== textIn(jsonBodyOf(effect), 'text') && { textAsStored: stored }),
  };
}

export function priceOf(effect: Effect) {
  const text = textIn(jsonBodyOf(effect), 'text') ?? '';
  // X makes links of bare domains too. What has a protocol may be of a top-level domain that is newer than our list.
  const hasLink = /https?:\/\//iu.test(text) || findUrls(text, true).length > 0;
  return { usd: hasLink ? PRICES.postWithLink : PRICES.post, asOf: PRICES.asOf };
}
