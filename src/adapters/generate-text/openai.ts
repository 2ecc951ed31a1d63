/** The form of OpenAI's chat completions, which many servers speak. */

import { z } from 'zod';
import { isObject } from '../../contracts/http/json.ts';
import type { Answer } from '../exchange/index.ts';
import { answered, commonOutcome, headerOf, limited, limitsOf, objectOf, textIn, waitMsOf } from '../http-answers.ts';
import { addedAtSending } from '../placeholder.ts';
import { defineProvider } from '../provider.ts';
import { countIn, keySchema, type TextServiceAdapter, textSettings, versioned } from './service.ts';

const OPENAI = 'https://api.openai.com';
const TYPE = 'application/json';

const provider = defineProvider({
  name: 'openai',
  title: 'OpenAI-compatible text generation',
  settings: z
    .strictObject({ server: z.url().default(OPENAI), apiKey: keySchema, ...textSettings })
    .refine(({ server, apiKey }) => apiKey !== undefined || server !== OPENAI, {
      message: 'is required',
      path: ['apiKey'],
    }),
  identify: ({ server }) => ({ identity: new URL(server).host, server }),
  variables: {
    server: { name: 'OPENAI_BASE_URL' },
    // A server of one's own may ask for none.
    apiKey: { name: 'OPENAI_API_KEY', secret: true },
  },
  placeholder: { identity: 'not configured', server: OPENAI },
  async check({ settings, credential: { apiKey }, exchange, signal }) {
    const headers = { accept: TYPE, ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }) };
    const url = versioned(settings.server, '/models');
    const request = { protocol: 'http', method: 'GET', url, headers, body: { kind: 'none' } } as const;
    const answer = await exchange.send(request, { signal, wholeBody: true });
    if (answer.kind !== 'answer') return { kind: 'unreachable', reason: answer.reason };
    if (answer.status === 200) return { kind: 'ready', identity: new URL(settings.server).host, facts: {} };
    const reason = answered('The model’s server', answer, said(answer));
    if (answer.status === 401) return { kind: 'needs_login', reason };
    return { kind: isMoneyGone(answer) ? 'on_hold' : 'unreachable', reason };
  },
});

export const openai: TextServiceAdapter = {
  provider,
  render({ prompt, system, model, maxTokens }, { server, settings }) {
    const user = { role: 'user', content: prompt };
    const messages = system === undefined ? [user] : [{ role: 'system', content: system }, user];
    const isWithoutKey = isObject(settings) && settings.server !== undefined && settings.apiKey === undefined;
    const headers = { accept: TYPE, 'content-type': TYPE };
    const authorization = { authorization: addedAtSending('authorization') };
    return {
      request: {
        protocol: 'http',
        method: 'POST',
        url: versioned(server, '/chat/completions'),
        headers: isWithoutKey ? headers : { ...headers, ...authorization },
        body: { kind: 'json', value: { model, messages, max_completion_tokens: maxTokens } },
      },
      addedAtSending: isWithoutKey ? [] : ['headers.authorization'],
    };
  },
  authorize(request, { apiKey }) {
    if (request.headers.authorization === undefined) return request;
    if (apiKey === undefined) return undefined;
    return { ...request, headers: { ...request.headers, authorization: `Bearer ${apiKey}` } };
  },
  read(body) {
    const choice = Array.isArray(body.choices) ? body.choices[0] : undefined;
    if (!isObject(choice) || !isObject(choice.message)) return undefined;
    const { content, refusal } = choice.message;
    const { usage } = body;
    const reason = choice.finish_reason;
    const isRefused = typeof refusal === 'string' && refusal !== '';
    return {
      id: textIn(body, 'id'),
      model: textIn(body, 'model'),
      text: typeof content === 'string' ? content : isRefused ? refusal : '',
      cut: isRefused ? 'refusal' : reason === 'length' || reason === 'content_filter' ? reason : undefined,
      tokens: isObject(usage)
        ? {
            input: countIn(usage.prompt_tokens),
            output: countIn(usage.completion_tokens),
            // These are among the prompt's.
            cachedInput: countIn(isObject(usage.prompt_tokens_details) && usage.prompt_tokens_details.cached_tokens),
            cacheWrite: 0,
          }
        : undefined,
    };
  },
  requestId: (answer) => headerOf(answer, 'x-request-id'),
  outcome(answer) {
    const nowMs = Date.now();
    const limits = limitsOfOpenai(answer, nowMs);
    const name = 'The model’s server';
    const reason = answered(name, answer, said(answer));
    if (isMoneyGone(answer)) return { kind: 'on_hold', reason, limits };
    if (answer.status === 401) return { kind: 'on_hold', reason, needsLogin: true, limits };
    if (answer.status === 503 && isBusy(answer)) return limited(reason, waitMsOf(answer, limits, nowMs), limits, nowMs);
    const common = commonOutcome(name, answer, limits, nowMs, said(answer));
    if (common && common.kind !== 'done') return common;
    return { kind: answer.status >= 300 ? 'rejected' : 'unknown', reason, limits };
  },
  limits: (answer) => limitsOfOpenai(answer, Date.now()),
};

function limitsOfOpenai(answer: Answer, nowMs: number) {
  return ['requests', 'tokens'].flatMap((what) => {
    const names = { remaining: `x-ratelimit-remaining-${what}`, reset: `x-ratelimit-reset-${what}` };
    return limitsOf(answer, `text ${what}`, names, nowMs);
  });
}

/** `code` is a text at OpenAI, and a number at others, so that it counts only as a text. */
function errorOf(answer: Answer): { readonly type: string; readonly code: string; readonly message: string } {
  const error = objectOf(answer)?.error;
  const [type = '', code = '', message = ''] = ['type', 'code', 'message'].map((name) => textIn(error, name));
  return { type, code, message };
}

/** A message may repeat what was asked, and with it whatever stands in a prompt: names are enough. */
function said(answer: Answer): string {
  const { type, code } = errorOf(answer);
  return [type, code].filter((name) => /^[\w.-]{1,80}$/u.test(name)).join(' ');
}

function isMoneyGone(answer: Answer): boolean {
  const { type, code } = errorOf(answer);
  if (answer.status === 402) return true;
  return answer.status === 429 && (type === 'insufficient_quota' || /quota|balance|spend_limit|billing/u.test(code));
}

/** Overloaded, or still loading its model: it has not begun. */
function isBusy(answer: Answer): boolean {
  const { type, code } = errorOf(answer);
  return ['server_is_overloaded', 'slow_down'].includes(code) || type === 'unavailable_error';
}
