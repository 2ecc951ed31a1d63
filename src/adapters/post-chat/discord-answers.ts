/** What Discord's answers mean: by the numbers in their bodies, and by the status where there is none. */

import type { JsonObject, JsonValue } from '../../contracts/http/json.ts';
import type { AttemptOutcome, LimitSeen } from '../../domain/outcomes.ts';
import { settingOf } from '../account-settings.ts';
import type { Answer, Exchanged } from '../exchange/index.ts';
import { answered, commonOutcome, headerOf, limited, limitsOf, objectOf, textIn } from '../http-answers.ts';
import { type Effect, jsonBodyOf, type PerformContext } from '../port.ts';
import type { AccountCheck } from '../provider.ts';

/** Limits of writing, and an overload that says so. */
const NOT_SENT: ReadonlySet<number> = new Set([20_016, 20_028, 20_029, 40_062, 130_000]);
const UNKNOWN_MESSAGE = 10_008;
const OF_THE_CHANNEL: ReadonlySet<number> = new Set([50_001, 50_013, 50_007, 10_003, 10_004, 10_015]);

/** @param isRepeat an attempt before this one may have happened */
export function discordOutcome(
  answer: Answer,
  effect: Effect,
  account: NonNullable<PerformContext['account']>,
  isRepeat: boolean,
): AttemptOutcome {
  const nowMs = Date.now();
  const body = objectOf(answer);
  const code = typeof body?.code === 'number' ? body.code : undefined;
  const limits = discordLimits(answer, nowMs);
  const reason = answered('Discord', answer, said(body, code));
  if (answer.status === 200) {
    // A page of a proxy is an answer too.
    if (!body) return { kind: 'unknown', reason: answered('Discord', answer, 'no JSON'), limits };
    const requestId = headerOf(answer, 'cf-ray');
    const receipt = { status: 200, ...messageReceipt(body, effect, account), ...(requestId && { requestId }) };
    return { kind: 'done', receipt, limits };
  }
  if (answer.status === 429 || (code !== undefined && NOT_SENT.has(code))) {
    return limited(reason, retryAfterMsOf(body, answer), limits, nowMs);
  }
  const common = commonOutcome('Discord', answer, limits, nowMs, said(body, code));
  if (common) return common;
  if (answer.status < 300) return { kind: 'unknown', reason, limits };
  // Each further try counts towards the ban of this address.
  if (answer.status === 401 && code !== 50_027) return { kind: 'on_hold', reason, needsLogin: true, limits };
  if (code === UNKNOWN_MESSAGE && isRepeat) {
    const note = 'the message of an attempt before is deleted since: a repeat never makes it anew';
    return { kind: 'done', receipt: { status: answer.status, deletedSince: true, note }, limits };
  }
  const isChannels = code !== undefined && OF_THE_CHANNEL.has(code);
  return { kind: 'rejected', reason: isChannels ? `${reason} (the channel ${channelOf(effect)})` : reason, limits };
}

function said(body: JsonObject | undefined, code: number | undefined): string | undefined {
  const message = textIn(body, 'message');
  return code === undefined ? message : `${code} ${message ?? ''}`;
}

function retryAfterMsOf(body: JsonObject | undefined, answer: Answer): number | undefined {
  if (typeof body?.retry_after === 'number') return Math.ceil(body.retry_after * 1_000);
  const seconds = Number(headerOf(answer, 'retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.ceil(seconds * 1_000) : undefined;
}

function discordLimits(answer: Answer, nowMs: number): readonly LimitSeen[] {
  const scope = `discord ${(headerOf(answer, 'x-ratelimit-bucket') ?? 'requests').slice(0, 60)}`;
  return limitsOf(answer, scope, { remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset' }, nowMs);
}

export function channelOf({ request }: Effect): string {
  return request.protocol === 'http' ? (/\/channels\/(\d+)\//u.exec(request.url)?.[1] ?? 'of the webhook') : '';
}

/** What is kept of a message, as Discord tells it. */
export function messageReceipt(
  message: JsonObject,
  effect: Effect,
  account: NonNullable<PerformContext['account']>,
): Readonly<Record<string, JsonValue>> {
  const [id, channel] = [textIn(message, 'id'), textIn(message, 'channel_id')];
  const guild = settingOf(account, 'guild');
  const stored = typeof message.content === 'string' ? message.content : undefined;
  const isChanged = stored !== undefined && stored !== textIn(jsonBodyOf(effect), 'content');
  return {
    ...(id === undefined ? { note: 'the answer named no message' } : { id }),
    ...(channel !== undefined && { channel }),
    ...(id !== undefined &&
      channel !== undefined &&
      guild !== undefined && { permalink: `https://discord.com/channels/${guild}/${channel}/${id}` }),
    ...(isChanged && { textAsStored: stored }),
  };
}

export function checkDiscord(answer: Exchanged): AccountCheck {
  if (answer.kind !== 'answer') return { kind: 'unreachable', reason: answer.reason };
  const body = objectOf(answer);
  const [id, username] = [textIn(body, 'id'), textIn(body, 'username')];
  if (answer.status === 200 && id !== undefined) {
    return { kind: 'ready', identity: username ?? id, facts: { userId: id } };
  }
  const reason = answered('Discord', answer, textIn(body, 'message'));
  return { kind: answer.status === 401 ? 'needs_login' : 'unreachable', reason };
}
