/** What an artifact's bytes say, read without trusting them: every part may be missing or of another type. */

import { isObject } from '../../src/contracts/http/json.ts';
import { platformName } from '../../src/contracts/payloads/summary.ts';
import { type Preview, previewSchema } from '../../src/contracts/preview.ts';

export type PostShown = Extract<Preview, { kind: 'post' }>;
export type MailShown = Extract<Preview, { kind: 'mail' }>;
export type ChatShown = Extract<Preview, { kind: 'chat' }>;
export type TextShown = Extract<Preview, { kind: 'text' }>;
export type PromptShown = Extract<Preview, { kind: 'prompt' }>;
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

/** How a stored effect looks to the one who receives it: as its adapter says, else as the request that it is. */
export function showEffect(effect: unknown): Shown {
  if (!isObject(effect)) return { kind: 'data', value: effect };
  const preview = previewSchema.safeParse(effect.preview);
  if (preview.success && preview.data.kind !== 'request') return preview.data;
  return requestOf(effect.request) ?? { kind: 'data', value: effect };
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
    body: bodyOf(request.body),
  };
}

/** What a body carries, without the word for how it becomes bytes. Of first artifacts it is the body itself. */
function bodyOf(body: unknown): unknown {
  if (!isObject(body)) return body;
  switch (body.kind) {
    case 'none':
      return undefined;
    case 'json':
      return body.value;
    case 'text':
      return body.text;
    default:
      return body;
  }
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
    case 'prompt':
      return `the model ${shown.model}`;
    case 'request':
      return `${shown.method} ${shown.url}`;
    case 'tool':
      return `the tool ${shown.tool} of ${shown.server}`;
    case 'data':
      return undefined;
  }
}
