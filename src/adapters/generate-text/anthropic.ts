/** The form of Anthropic's messages. */

import { z } from 'zod';
import { isObject } from '../../contracts/http/json.ts';
import type { Answer } from '../exchange/index.ts';
import {
  answered,
  commonOutcome,
  headerOf,
  limited,
  limitsOf,
  objectOf,
  retryAfterMs,
  textIn,
} from '../http-answers.ts';
import { addedAtSending } from '../placeholder.ts';
import { defineProvider, secretReferenceSchema } from '../provider.ts';
import { countIn, type TextServiceAdapter, textSettings, versioned } from './service.ts';

const ANTHROPIC = 'https://api.anthropic.com';
const HEADERS = { accept: 'application/json', 'anthropic-version': '2023-06-01' };

const provider = defineProvider({
  name: 'anthropic',
  title: 'Anthropic',
  settings: z.strictObject({ server: z.url().default(ANTHROPIC), apiKey: secretReferenceSchema, ...textSettings }),
  identify: ({ server }) => ({ identity: new URL(server).host, server }),
  variables: { apiKey: { name: 'ANTHROPIC_API_KEY', required: true, secret: true } },
  placeholder: { identity: 'not configured', server: ANTHROPIC },
  async check({ settings, credential: { apiKey = '' }, exchange, signal }) {
    const url = versioned(settings.server, '/models');
    const headers = { ...HEADERS, 'x-api-key': apiKey };
    const request = { protocol: 'http', method: 'GET', url, headers, body: { kind: 'none' } } as const;
    const answer = await exchange.send(request, { signal, wholeBody: true });
    if (answer.kind !== 'answer') return { kind: 'unreachable', reason: answer.reason };
    if (answer.status === 200) return { kind: 'ready', identity: new URL(settings.server).host, facts: {} };
    const reason = answered('Anthropic', answer, errorOf(answer).type);
    if (answer.status === 401) return { kind: 'needs_login', reason };
    return { kind: isMoneyGone(answer) ? 'on_hold' : 'unreachable', reason };
  },
});

export const anthropic: TextServiceAdapter = {
  provider,
  render({ prompt, system, model, maxTokens }, { server }) {
    const value = {
      model,
      max_tokens: maxTokens,
      messages: [{ role: 'user', content: prompt }],
      ...(system !== undefined && { system }),
    };
    return {
      request: {
        protocol: 'http',
        method: 'POST',
        url: versioned(server, '/messages'),
        headers: { ...HEADERS, 'content-type': 'application/json', 'x-api-key': addedAtSending('the key') },
        body: { kind: 'json', value },
      },
      addedAtSending: ['headers.x-api-key'],
    };
  },
  authorize(request, { apiKey }) {
    if (apiKey === undefined) return undefined;
    return { ...request, headers: { ...request.headers, 'x-api-key': apiKey } };
  },
  read(body) {
    if (!Array.isArray(body.content)) return undefined;
    const { usage } = body;
    const reason = body.stop_reason;
    const [cachedInput, cacheWrite] = isObject(usage)
      ? [countIn(usage.cache_read_input_tokens), countIn(usage.cache_creation_input_tokens)]
      : [0, 0];
    return {
      id: textIn(body, 'id'),
      model: textIn(body, 'model'),
      text: body.content.map((part) => textIn(part, 'text') ?? '').join(''),
      cut: reason === 'max_tokens' || reason === 'refusal' ? reason : undefined,
      tokens: isObject(usage)
        ? {
            // What comes from the cache is not among them.
            input: countIn(usage.input_tokens) + cachedInput + cacheWrite,
            output: countIn(usage.output_tokens),
            cachedInput,
            cacheWrite,
          }
        : undefined,
    };
  },
  requestId: (answer) => headerOf(answer, 'request-id'),
  outcome(answer) {
    const nowMs = Date.now();
    const limits = limitsOfAnthropic(answer, nowMs);
    const { type } = errorOf(answer);
    const reason = answered('Anthropic', answer, type);
    if (isMoneyGone(answer)) return { kind: 'on_hold', reason, limits };
    if (answer.status === 401) return { kind: 'on_hold', reason, needsLogin: true, limits };
    if (answer.status === 529) {
      return limited(reason, retryAfterMs(headerOf(answer, 'retry-after'), nowMs), limits, nowMs);
    }
    const common = commonOutcome('Anthropic', answer, limits, nowMs, type);
    if (common && common.kind !== 'done') return common;
    return { kind: answer.status >= 300 ? 'rejected' : 'unknown', reason, limits };
  },
  limits: (answer) => limitsOfAnthropic(answer, Date.now()),
};

function limitsOfAnthropic(answer: Answer, nowMs: number) {
  return ['requests', 'tokens'].flatMap((what) => {
    const names = { remaining: `anthropic-ratelimit-${what}-remaining`, reset: `anthropic-ratelimit-${what}-reset` };
    return limitsOf(answer, `text ${what}`, names, nowMs);
  });
}

/** A message may repeat what was asked, and with it whatever stands in a prompt: the type is enough. */
function errorOf(answer: Answer): { readonly type: string; readonly message: string } {
  const error = objectOf(answer)?.error;
  const type = textIn(error, 'type') ?? '';
  return { type: /^[a-z_]{1,60}$/u.test(type) ? type : '', message: textIn(error, 'message') ?? '' };
}

/** Waiting does not help: the money is used up, or a limit on it that somebody has set. */
function isMoneyGone(answer: Answer): boolean {
  const { type, message } = errorOf(answer);
  if (answer.status === 402) return true;
  if (answer.status === 429) return type === 'rate_limit_error' && headerOf(answer, 'retry-after') === undefined;
  return answer.status === 400 && /usage limits|spend limit|credit balance/iu.test(message);
}
