/** What Slack's answers mean. Most refusals are HTTP 200 and `{ok: false, error}`. */

import type { JsonObject } from '../../contracts/http/json.ts';
import type { AttemptOutcome } from '../../domain/outcomes.ts';
import type { Answer, Exchanged } from '../exchange/index.ts';
import { answered, commonOutcome, headerOf, objectOf, textIn } from '../http-answers.ts';
import { type Effect, jsonBodyOf, type PerformContext } from '../port.ts';
import type { AccountCheck, LogInAnswer } from '../provider.ts';

type Meaning = 'limited' | 'later' | 'unknown' | 'login' | 'account' | 'channel';

const LATER_MS = 15 * 60_000;

const MEANINGS: Readonly<Record<Meaning, string>> = {
  limited: 'ratelimited rate_limited request_timeout',
  later: 'team_added_to_org org_login_required',
  // "It is possible that some aspect of the operation succeeded" (Slack).
  unknown: 'internal_error fatal_error service_unavailable',
  login: 'invalid_auth not_authed account_inactive token_revoked token_expired',
  account:
    'missing_scope not_allowed_token_type team_access_not_granted two_factor_setup_required ekm_access_denied ' +
    'enterprise_is_restricted accesslimited access_denied no_permission messages_tab_disabled metadata_must_be_sent_from_app',
  channel:
    'channel_not_found not_in_channel is_archived restricted_action restricted_action_read_only_channel ' +
    'restricted_action_thread_only_channel restricted_action_non_threadable_channel restricted_action_thread_locked ' +
    'cannot_reply_to_message message_limit_exceeded',
};

const BY_NAME: ReadonlyMap<string, string> = new Map(
  Object.entries(MEANINGS).flatMap(([meaning, names]) => names.split(' ').map((name) => [name, meaning] as const)),
);

/** The name of Slack's error, or undefined where the body is none of Slack's. `ok` is `''`. */
export function slackError(body: JsonObject | undefined): string | undefined {
  if (body?.ok === true) return '';
  if (body?.ok !== false) return undefined;
  const name = textIn(body, 'error') ?? '';
  return /^[a-z0-9_]{1,80}$/u.test(name) ? name : 'an error without a name';
}

export function botOutcome(
  answer: Answer,
  effect: Effect,
  account: NonNullable<PerformContext['account']>,
): AttemptOutcome {
  const nowMs = Date.now();
  const body = objectOf(answer);
  const error = slackError(body);
  const common = commonOutcome('Slack', answer, [], nowMs, error);
  if (common) return common;
  if (error === undefined) return { kind: 'unknown', reason: answered('Slack', answer, 'no JSON of Slack') };
  if (error === '') return { kind: 'done', receipt: slackReceipt(answer, body ?? {}, effect, account) };
  const reason = answered('Slack', answer, error);
  switch (BY_NAME.get(error)) {
    case 'limited':
      return { kind: 'not_sent', reason };
    case 'later':
      return { kind: 'not_sent', reason, retryAfterMs: LATER_MS };
    case 'unknown':
      return { kind: 'unknown', reason };
    case 'login':
      return { kind: 'on_hold', reason, needsLogin: true };
    case 'account':
      return { kind: 'rejected', reason: `${reason} (the account ${account.name} may not)` };
    case 'channel':
      return { kind: 'rejected', reason: `${reason} (the channel ${channelOf(effect)})` };
    default:
      return { kind: 'rejected', reason };
  }
}

export function channelOf(effect: Effect): string {
  const body = jsonBodyOf(effect);
  return textIn(body, 'channel') ?? '';
}

function slackReceipt(
  answer: Answer,
  body: JsonObject,
  effect: Effect,
  account: NonNullable<PerformContext['account']>,
): Readonly<Record<string, unknown>> {
  const requestId = headerOf(answer, 'x-slack-req-id');
  const warning = textIn(body, 'warning');
  return {
    status: answer.status,
    ...messageReceipt({ ...body, text: textIn(body.message, 'text') ?? null }, effect, account),
    ...(requestId !== undefined && { requestId }),
    ...(warning !== undefined && { warning }),
  };
}

/** What is kept of a message, as Slack tells it. */
export function messageReceipt(
  message: JsonObject,
  effect: Effect,
  account: NonNullable<PerformContext['account']>,
): Readonly<Record<string, unknown>> {
  const ts = textIn(message, 'ts');
  const channel = textIn(message, 'channel') ?? channelOf(effect);
  const stored = textIn(message, 'text');
  const workspaceUrl = textIn(account.facts, 'url');
  return {
    channel,
    ...(ts === undefined ? { note: 'the answer named no ts' } : { ts }),
    ...(ts !== undefined &&
      workspaceUrl !== undefined && {
        permalink: new URL(`/archives/${channel}/p${ts.replace('.', '')}`, workspaceUrl).href,
      }),
    ...(stored !== undefined && stored !== textIn(jsonBodyOf(effect), 'text') && { textAsStored: stored }),
  };
}

/** From older documentation; never seen live. No answer names the message. */
export function webhookOutcome(answer: Answer): AttemptOutcome {
  const text = new TextDecoder().decode(answer.body.start).slice(0, 100);
  const name = /^[a-z_]{1,60}$/u.test(text) ? text : undefined;
  const common = commonOutcome('Slack', answer, [], Date.now(), name);
  if (common) return common;
  if (answer.status === 200 && text === 'ok') {
    return { kind: 'done', receipt: { status: 200, note: 'an incoming webhook names no message' } };
  }
  if (answer.status >= 300) return { kind: 'rejected', reason: answered('Slack', answer, name) };
  return { kind: 'unknown', reason: answered('Slack', answer, 'not the text ok') };
}

/** Each refresh token is good once. Where the answer was lost, the old one is tried again: that is all that is left. */
export function loggedIn(answer: Exchanged): LogInAnswer {
  if (answer.kind !== 'answer') return { kind: 'failed', reason: answer.reason };
  const body = objectOf(answer);
  const error = slackError(body);
  const [botToken, refreshToken] = [textIn(body, 'access_token'), textIn(body, 'refresh_token')];
  if (error === '' && botToken !== undefined && refreshToken !== undefined) {
    const seconds = typeof body?.expires_in === 'number' ? body.expires_in : 43_200;
    const expiresAt = new Date(Date.now() + seconds * 1_000);
    return { kind: 'logged_in', credential: { botToken, refreshToken }, expiresAt };
  }
  const mayPass = error === undefined || ['limited', 'later', 'unknown'].includes(BY_NAME.get(error) ?? '');
  return { kind: mayPass ? 'failed' : 'needs_login', reason: answered('Slack', answer, error) };
}

export function checkSlack(answer: Exchanged): AccountCheck {
  if (answer.kind !== 'answer') return { kind: 'unreachable', reason: answer.reason };
  const body = objectOf(answer);
  const error = slackError(body);
  if (error === '') {
    const [user = 'bot', team = 'Slack'] = [textIn(body, 'user'), textIn(body, 'team')];
    const facts: Record<string, string> = {};
    for (const name of ['url', 'team_id', 'user_id', 'bot_id']) {
      const value = textIn(body, name);
      if (value !== undefined) facts[name] = value;
    }
    const scopes = headerOf(answer, 'x-oauth-scopes');
    return {
      kind: 'ready',
      identity: `${user} in ${team}`,
      facts: { ...facts, ...(scopes !== undefined && { scopes }) },
    };
  }
  const reason = answered('Slack', answer, error);
  return { kind: BY_NAME.get(error ?? '') === 'login' ? 'needs_login' : 'unreachable', reason };
}
