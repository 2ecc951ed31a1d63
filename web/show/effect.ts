/** What an artifact's bytes say, read without trusting them: every part may be missing or of another type. */

import { isObject } from '../../src/contracts/http/json.ts';
import { SOCIAL_PLATFORMS, type SocialPlatform } from '../../src/contracts/payloads/index.ts';
import { postText } from '../../src/contracts/payloads/post-social-length.ts';

export interface PostShown {
  readonly kind: 'post';
  readonly platform: SocialPlatform;
  readonly text: string;
  readonly replyTo: string | undefined;
  readonly audience: string | undefined;
}

export interface MailShown {
  readonly kind: 'mail';
  readonly from: string | undefined;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly replyTo: string | undefined;
  readonly subject: string;
  readonly text: string | undefined;
  readonly html: string | undefined;
}

export interface ChatShown {
  readonly kind: 'chat';
  readonly service: string;
  readonly channel: string | undefined;
  readonly text: string;
}

export interface RequestShown {
  readonly kind: 'request';
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: unknown;
}

export type Shown =
  | PostShown
  | MailShown
  | ChatShown
  | RequestShown
  | { readonly kind: 'data'; readonly value: unknown };

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function at(value: unknown, ...names: readonly string[]): unknown {
  let found = value;
  for (const name of names) found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  return found;
}

/** How a stored effect looks to the one who receives it. */
export function showEffect(effect: unknown): Shown {
  const request = at(effect, 'request');
  const type = text(at(effect, 'type')) ?? '';
  const special = type === 'POST_SOCIAL' ? postOfRequest(request) : type === 'SEND_EMAIL' ? mailOf(request) : undefined;
  const chat = type === 'POST_CHAT' ? chatOf(request) : undefined;
  return special ?? chat ?? requestOf(request) ?? { kind: 'data', value: effect };
}

/** How a payload would look, before anything is queued. The worker's rendering decides; this is its near likeness. */
export function showPayload(type: string, payload: Readonly<Record<string, unknown>>): Shown {
  switch (type) {
    case 'POST_SOCIAL': {
      const platform = SOCIAL_PLATFORMS.find((name) => name === payload.platform) ?? 'bluesky';
      const content = postText(text(payload.content) ?? '', text(payload.link) || undefined);
      return {
        kind: 'post',
        platform,
        text: content,
        replyTo: text(payload.replyTo),
        audience: text(payload.audience),
      };
    }
    case 'SEND_EMAIL':
      return mailOf(payload) ?? { kind: 'data', value: payload };
    case 'POST_CHAT':
      return chatOf({ body: payload }) ?? { kind: 'data', value: payload };
    case 'CALL_WEBHOOK':
      return requestOf({ method: 'POST', ...payload }) ?? { kind: 'data', value: payload };
    default:
      return { kind: 'data', value: payload };
  }
}

function postOfRequest(request: unknown): PostShown | undefined {
  const url = text(at(request, 'url')) ?? '';
  const body = at(request, 'body');
  const post = (
    platform: SocialPlatform,
    words: unknown,
    replyTo?: unknown,
    audience?: unknown,
  ): PostShown | undefined => {
    const content = text(words);
    if (content === undefined) return undefined;
    return { kind: 'post', platform, text: content, replyTo: text(replyTo), audience: text(audience) };
  };
  if (url.startsWith('https://api.x.com/'))
    return post('x', at(body, 'text'), at(body, 'reply', 'in_reply_to_tweet_id'));
  if (url.startsWith('https://bsky.social/')) {
    return post('bluesky', at(body, 'record', 'text'), at(body, 'record', 'reply', 'parent', 'uri'));
  }
  if (url.startsWith('https://api.linkedin.com/')) {
    const comment = at(body, 'message', 'text');
    if (comment !== undefined) return post('linkedin', comment, at(body, 'object'));
    const commentary = text(at(body, 'commentary'))?.replace(/\\([\\|{}@[\]()<>*_~#])/gu, '$1');
    return post('linkedin', commentary, undefined, at(body, 'visibility'));
  }
  if (url.endsWith('/api/v1/statuses')) {
    return post('mastodon', at(body, 'status'), at(body, 'in_reply_to_id'), at(body, 'visibility'));
  }
  return undefined;
}

/** An e-mail's fields, wherever the adapter put them: in the request, its body or its message. */
function mailOf(request: unknown): MailShown | undefined {
  for (const place of [request, at(request, 'body'), at(request, 'message')]) {
    const subject = text(at(place, 'subject'));
    const to = texts(at(place, 'to'));
    if (subject === undefined && to.length === 0) continue;
    return {
      kind: 'mail',
      from: text(at(place, 'from')) ?? text(at(place, 'sender')),
      to,
      cc: texts(at(place, 'cc')),
      bcc: texts(at(place, 'bcc')),
      replyTo: text(at(place, 'replyTo')),
      subject: subject ?? '',
      text: text(at(place, 'text')),
      html: text(at(place, 'html')),
    };
  }
  return undefined;
}

function chatOf(request: unknown): ChatShown | undefined {
  const body = at(request, 'body');
  const words = text(at(body, 'text')) ?? text(at(body, 'content'));
  if (words === undefined) return undefined;
  const url = text(at(request, 'url')) ?? '';
  const service = text(at(body, 'service')) ?? (url.includes('discord') ? 'discord' : 'slack');
  return { kind: 'chat', service, channel: text(at(body, 'channel')), text: words };
}

function requestOf(request: unknown): RequestShown | undefined {
  const url = text(at(request, 'url'));
  if (url === undefined) return undefined;
  const headers = at(request, 'headers');
  return {
    kind: 'request',
    method: text(at(request, 'method')) ?? '',
    url,
    headers: isObject(headers) ? Object.entries(headers).map(([name, value]) => [name, String(value)] as const) : [],
    body: at(request, 'body'),
  };
}

/** One line that says what an action does. */
export function summaryOf(type: string, payload: Readonly<Record<string, unknown>>): string {
  const shown = showPayload(type, payload);
  switch (shown.kind) {
    case 'post':
      return `${PLATFORM_NAMES[shown.platform]}: ${oneLine(shown.text)}`;
    case 'mail':
      return `To ${shown.to.join(', ')}: ${oneLine(shown.subject)}`;
    case 'chat':
      return `${shown.channel ?? shown.service}: ${oneLine(shown.text)}`;
    case 'request':
      return `${shown.method} ${shown.url}`;
    case 'data':
      return oneLine(JSON.stringify(payload));
  }
}

function oneLine(words: string): string {
  return words.slice(0, 400).replaceAll(/\s+/gu, ' ').trim();
}

export const PLATFORM_NAMES: Readonly<Record<SocialPlatform, string>> = {
  x: 'X',
  bluesky: 'Bluesky',
  mastodon: 'Mastodon',
  linkedin: 'LinkedIn',
};
