/** What an artifact's bytes say, read without trusting them: every part may be missing or of another type. */

import { isObject } from '../../src/contracts/http/json.ts';
import { postText } from '../../src/contracts/payloads/post-social-length.ts';
import { platformName } from '../../src/contracts/payloads/summary.ts';
import { type Preview, previewSchema } from '../../src/contracts/preview.ts';

export type PostShown = Extract<Preview, { kind: 'post' }>;
export type MailShown = Extract<Preview, { kind: 'mail' }>;
export type ChatShown = Extract<Preview, { kind: 'chat' }>;
export type TextShown = Extract<Preview, { kind: 'text' }>;
export type ToolShown = Extract<Preview, { kind: 'tool' }>;

export interface RequestShown {
  readonly kind: 'request';
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: unknown;
}

export type Shown =
  | Exclude<Preview, { kind: 'request' }>
  | RequestShown
  | { readonly kind: 'data'; readonly value: unknown };

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** How a stored effect looks to the one who receives it: as its adapter says, else as the request that it is. */
export function showEffect(effect: unknown): Shown {
  if (!isObject(effect)) return { kind: 'data', value: effect };
  const preview = previewSchema.safeParse(effect.preview);
  if (preview.success && preview.data.kind !== 'request') return preview.data;
  return requestOf(effect.request) ?? { kind: 'data', value: effect };
}

/** How a payload would look, before anything is queued. The worker's rendering decides; this is its near likeness. */
export function showPayload(type: string, payload: Readonly<Record<string, unknown>>): Shown {
  switch (type) {
    case 'POST_SOCIAL':
      return {
        kind: 'post',
        platform: text(payload.platform) ?? '',
        text: postText(text(payload.content) ?? '', text(payload.link) || undefined),
        replyTo: text(payload.replyTo),
        audience: text(payload.audience),
      };
    case 'SEND_EMAIL':
      return {
        kind: 'mail',
        from: text(payload.from),
        to: texts(payload.to),
        cc: texts(payload.cc),
        bcc: texts(payload.bcc),
        replyTo: text(payload.replyTo),
        subject: text(payload.subject) ?? '',
        text: text(payload.text),
        html: text(payload.html),
      };
    case 'CALL_WEBHOOK':
      return requestOf({ method: 'POST', ...payload }) ?? { kind: 'data', value: payload };
    default:
      return { kind: 'data', value: payload };
  }
}

function requestOf(request: unknown): RequestShown | undefined {
  if (!isObject(request)) return undefined;
  const url = text(request.url);
  if (url === undefined) return undefined;
  const headers = isObject(request.headers) ? Object.entries(request.headers) : [];
  return {
    kind: 'request',
    method: text(request.method) ?? '',
    url,
    headers: headers.map(([name, value]) => [name, String(value)] as const),
    body: request.body,
  };
}

/** Where an artifact goes: `POST to https://example.com`, `X`, `ada@example.com`. */
export function targetOf(shown: Shown): string | undefined {
  switch (shown.kind) {
    case 'post':
      return shown.replyTo === undefined
        ? platformName(shown.platform)
        : `${platformName(shown.platform)}, as a reply to ${shown.replyTo}`;
    case 'mail':
      return [...shown.to, ...(shown.cc ?? []), ...(shown.bcc ?? [])].join(', ');
    case 'chat':
      return `${shown.channel ?? 'the channel of the webhook'} on ${shown.service}`;
    case 'text':
      return shown.to.join(', ');
    case 'request':
      return `${shown.method} ${shown.url}`;
    case 'tool':
      return `the tool ${shown.tool} of ${shown.server}`;
    case 'data':
      return undefined;
  }
}
