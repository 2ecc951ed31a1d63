/** How a payload would look, before anything is queued, as far as its type is known here. */

import { isObject } from '../../src/contracts/http/json.ts';
import { DEFAULT_MAX_TOKENS } from '../../src/contracts/payloads/generate-text.ts';
import { postText } from '../../src/contracts/payloads/post-social-length.ts';
import { type PostShown, requestOf, type Shown } from '../show/effect.ts';

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
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
        warning: text(payload.warning),
        card: cardOf(payload),
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
        attachments: listed(payload.attachments).map((file) => ({
          sha256: text(file.sha256) ?? '',
          fileName: text(file.fileName) ?? '',
        })),
      };
    case 'POST_CHAT':
      return {
        kind: 'chat',
        service: text(payload.service) ?? '',
        channel: text(payload.channel),
        text: text(payload.text) ?? '',
      };
    case 'GENERATE_TEXT':
      return {
        kind: 'prompt',
        service: text(payload.service) ?? 'openai',
        model: text(payload.model) ?? 'the model of the account',
        system: text(payload.system),
        prompt: text(payload.prompt) ?? '',
        maxTokens: typeof payload.maxTokens === 'number' ? payload.maxTokens : DEFAULT_MAX_TOKENS,
      };
    case 'CALL_WEBHOOK':
      return requestOf({ method: 'POST', ...payload }) ?? { kind: 'data', value: payload };
    default:
      return { kind: 'data', value: payload };
  }
}

function listed(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function cardOf({ link, card }: Readonly<Record<string, unknown>>): PostShown['card'] {
  const [url, title] = [text(link), isObject(card) ? text(card.title) : undefined];
  if (url === undefined || title === undefined) return undefined;
  return { url, title, description: isObject(card) ? text(card.description) : undefined };
}
