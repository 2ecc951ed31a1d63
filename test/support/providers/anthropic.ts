/** A fake of Anthropic's Messages API that keeps the rules which Anthropic publishes. Never compared with the live service. */

import { z } from 'zod';
import { type Call, createIds, Refusal, type Route, startFake } from './fake.ts';
import { type Generation, wordsOf } from './openai.ts';
import type { Answer, ProviderServer } from './server.ts';
import { type Clock, createClock, createLimit } from './time.ts';

export interface AnthropicServer extends ProviderServer {
  readonly apiKey: string;
  readonly model: string;
  readonly clock: Clock;
  /** Everything that was generated, and is billed. */
  generations(): readonly Generation[];
  /** What the model says from now on; without, it repeats the prompt. A word is a token. */
  say(text: string | undefined): void;
  /** The next answer is a refusal of the model: 200, `stop_reason: refusal`. */
  refuseOnce(): void;
  /** This many of the next prompt's tokens come from the cache, and are not in `input_tokens`. */
  cacheOnce(tokens: number): void;
  revoke(): void;
}

export const anthropicAnswers = {
  error: (status: number, type: string, message: string, headers: Record<string, string> = {}): Answer => ({
    status,
    headers: { 'request-id': 'req_refused', ...headers },
    body: { type: 'error', error: { type, message }, request_id: 'req_refused' },
  }),
  rateLimited: (seconds = 2): Answer =>
    error(429, 'rate_limit_error', 'This request would exceed your rate limit', { 'retry-after': String(seconds) }),
  /** Without `retry-after`: waiting does not help. */
  spendLimit: (): Answer => error(429, 'rate_limit_error', 'enforced_spend_limit_reached'),
  spendLimitSet: (): Answer => error(400, 'invalid_request_error', 'You have reached your specified API usage limits.'),
  billing: (): Answer => error(402, 'billing_error', 'Your credit balance is too low'),
  overloaded: (): Answer => error(529, 'overloaded_error', 'Overloaded'),
  failed: (): Answer => error(500, 'api_error', 'Internal server error'),
  timedOut: (): Answer => error(504, 'timeout_error', 'The request timed out'),
};

const { error } = anthropicAnswers;
const content = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]);
const messagesSchema = z.looseObject({
  model: z.string(),
  max_tokens: z.int().positive(),
  system: content.optional(),
  temperature: z.number().min(0).max(1).optional(),
  messages: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), content })).min(1),
});

export async function startAnthropic(): Promise<AnthropicServer> {
  const clock = createClock();
  const [apiKey, model, limit] = ['sk-ant-key-canary', 'claude-fake', createLimit(clock, 50, 60_000)];
  const generations: Generation[] = [];
  const nextId = createIds(1_000n);
  let said: string | undefined;
  let [refuses, cached, isRevoked] = [false, 0, false];

  const authorize = (call: Call): Record<string, string> => {
    if (isRevoked || call.header('x-api-key') !== apiKey)
      throw new Refusal(error(401, 'authentication_error', 'invalid x-api-key'));
    if (call.header('anthropic-version') !== '2023-06-01')
      throw new Refusal(error(400, 'invalid_request_error', 'anthropic-version: header is required'));
    const taken = limit.take();
    if (!taken.allowed)
      throw new Refusal(anthropicAnswers.rateLimited(Math.ceil((taken.resetAtMs - clock.nowMs()) / 1000)));
    return {
      'request-id': `req_${nextId()}`,
      'anthropic-ratelimit-requests-limit': String(taken.limit),
      'anthropic-ratelimit-requests-remaining': String(taken.remaining),
      'anthropic-ratelimit-requests-reset': new Date(taken.resetAtMs).toISOString(),
    };
  };

  const create: Route = (call) => {
    const headers = authorize(call);
    const asked = call.json(messagesSchema);
    if (asked.model !== model) throw new Refusal(error(404, 'not_found_error', `model: ${asked.model}`));
    const parts = [...(asked.system === undefined ? [] : [asked.system]), ...asked.messages.map((one) => one.content)];
    const prompt = parts.map(textOf).join('\n');
    const words = refuses ? [] : wordsOf(said ?? prompt);
    const kept = words.slice(0, asked.max_tokens);
    const inputTokens = wordsOf(prompt).length;
    const id = `msg_${nextId()}`;
    const text = kept.join('').trim();
    const stop = refuses ? 'refusal' : kept.length < words.length ? 'max_tokens' : 'end_turn';
    const generation = { id, model: `${model}-20260101`, prompt, text, inputTokens, outputTokens: kept.length };
    generations.push({ ...generation, metadata: {}, stored: false });
    const fromCache = Math.min(cached, inputTokens);
    [refuses, cached] = [false, 0];
    const usage = {
      input_tokens: inputTokens - fromCache,
      cache_read_input_tokens: fromCache,
      cache_creation_input_tokens: 0,
      output_tokens: kept.length,
    };
    const answer = {
      id,
      type: 'message',
      role: 'assistant',
      model: generation.model,
      content: text === '' ? [] : [{ type: 'text', text }],
    };
    return { status: 200, headers, body: { ...answer, stop_reason: stop, stop_sequence: null, usage } };
  };

  const server = await startFake({
    routes: {
      'POST /v1/messages': create,
      'GET /v1/models': (call) => ({
        status: 200,
        headers: authorize(call),
        body: { data: [{ id: model, type: 'model' }], has_more: false },
      }),
    },
    missing: error(404, 'not_found_error', 'Not found'),
    malformed: (reason) => error(400, 'invalid_request_error', reason),
  });
  return {
    ...server,
    apiKey,
    model,
    clock,
    generations: () => generations,
    say: (text) => {
      said = text;
    },
    refuseOnce: () => {
      refuses = true;
    },
    cacheOnce: (tokens) => {
      cached = tokens;
    },
    revoke: () => {
      isRevoked = true;
    },
  };
}

function textOf(value: z.output<typeof content>): string {
  return typeof value === 'string' ? value : value.map(({ text = '' }) => text).join('');
}
