/** What providers of HTTP and JSON have in common in their answers: the body, limits, when to come back. */

import { isObject, type JsonObject, type JsonValue } from '../contracts/http/json.ts';
import { MAX_RETRY_AFTER_MS } from '../domain/limits.ts';
import type { AttemptOutcome, LimitSeen } from '../domain/outcomes.ts';
import type { Answer } from './exchange/index.ts';

/** The body as JSON; undefined when it is none, or not whole (`wholeBody` of the exchange keeps up to 1 MiB). */
export function jsonOf({ body }: Answer): JsonValue | undefined {
  if (body.cut !== undefined || body.byteCount !== body.start.length) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body.start));
  } catch {
    return undefined;
  }
}

/** The body as a JSON object; undefined when it is anything else. */
export function objectOf(answer: Answer): JsonObject | undefined {
  const value = jsonOf(answer);
  return isObject(value) ? value : undefined;
}

/** A member that is a text, of whatever an answer holds. */
export function textIn(value: JsonValue | undefined, name: string): string | undefined {
  if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
  const member = value[name];
  return typeof member === 'string' && member !== '' ? member : undefined;
}

/** A header that came once. */
export function headerOf({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

const MAX_SAID_LENGTH = 300;

/** `Bluesky answered 400: InvalidSwap`. What the provider said is cut, and stays on one line. */
export function answered(provider: string, { status }: Answer, said?: string): string {
  const line = said?.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return `${provider} answered ${status}${line ? `: ${line.slice(0, MAX_SAID_LENGTH).toWellFormed()}` : ''}`;
}

/** The headers of one limit, in lower case. */
export interface LimitHeaders {
  readonly remaining: string;
  readonly reset: string;
}

/** A limit that headers tell; none when they do not, or not in numbers. */
export function limitsOf(answer: Answer, scope: string, names: LimitHeaders, nowMs: number): readonly LimitSeen[] {
  const remaining = Number(headerOf(answer, names.remaining) ?? Number.NaN);
  const resetAt = resetAtMs(headerOf(answer, names.reset), nowMs);
  return Number.isFinite(remaining) && resetAt !== undefined ? [{ scope, remaining, resetAt }] : [];
}

const IMF_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/u;
const RFC_850_DATE = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/u;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/u;
const MAX_SECONDS = 10 ** 9;

/** `Retry-After`: seconds, or a date in one of HTTP's three forms; a date in the past is now. Undefined for anything else. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/u.test(text)) return Math.min(Number(text), MAX_SECONDS) * 1_000;
  const isDate = IMF_DATE.test(text) || RFC_850_DATE.test(text);
  const atMs = isDate ? Date.parse(text) : ASCTIME_DATE.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/u;
/** `6m0s`, `1h2m`, `250ms`, as programs in Go write durations. */
const DURATION = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/u;

/**
 * When a limit starts again, in epoch milliseconds: from ISO 8601, epoch seconds or milliseconds, seconds from now, or `6m0s`.
 * Undefined for anything else.
 */
export function resetAtMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (ISO_TIME.test(text)) return Date.parse(text);
  if (/^\d+(?:\.\d+)?$/u.test(text)) {
    const number = Number(text);
    if (number >= 10 ** 14) return undefined;
    if (number >= 10 ** 11) return number;
    return number >= MAX_SECONDS ? Math.round(number * 1_000) : nowMs + Math.round(number * 1_000);
  }
  const [whole, hours, minutes, seconds, milliseconds] = DURATION.exec(text) ?? [];
  if (!whole) return undefined;
  const inSeconds = Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return nowMs + Math.round(inSeconds * 1_000) + Number(milliseconds ?? 0);
}

/** How long to wait, by `Retry-After` or else by a limit's reset. */
export function waitMsOf(answer: Answer, limits: readonly LimitSeen[], nowMs: number): number | undefined {
  const told = retryAfterMs(headerOf(answer, 'retry-after'), nowMs);
  if (told !== undefined) return told;
  const resets = limits.filter(({ remaining }) => remaining <= 0).map(({ resetAt }) => resetAt);
  return resets.length === 0 ? undefined : Math.max(0, Math.max(...resets) - nowMs);
}

type Refusal = Extract<AttemptOutcome, { kind: 'not_sent' | 'on_hold' }>;

/** The provider did nothing, because of a limit. One that lasts longer than an hour is the account's, and uses no attempt. */
export function limited(
  reason: string,
  waitMs: number | undefined,
  limits: readonly LimitSeen[],
  nowMs: number,
): Refusal {
  if (waitMs !== undefined && waitMs > MAX_RETRY_AFTER_MS) {
    return { kind: 'on_hold', reason, untilMs: nowMs + waitMs, limits };
  }
  return { kind: 'not_sent', reason, limits, ...(waitMs !== undefined && { retryAfterMs: waitMs }) };
}

/**
 * What a status says wherever it comes from: 429 did nothing, and neither did a 503 that names a time; any other 5xx, and 408, may
 * have. Undefined: it is for the provider's own table.
 */
export function commonOutcome(
  provider: string,
  answer: Answer,
  limits: readonly LimitSeen[],
  nowMs: number,
  said?: string,
): AttemptOutcome | undefined {
  const { status } = answer;
  const reason = answered(provider, answer, said);
  if (status === 429) return limited(reason, waitMsOf(answer, limits, nowMs), limits, nowMs);
  if (status === 503 && headerOf(answer, 'retry-after') !== undefined) {
    return limited(reason, waitMsOf(answer, limits, nowMs), limits, nowMs);
  }
  if (status >= 500 || status === 408) return { kind: 'unknown', reason, limits };
  return undefined;
}
