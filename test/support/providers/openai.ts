/** A fake of the OpenAI API's text generation that keeps the rules which OpenAI publishes. Never compared with the live service. */

import { z } from 'zod';
import { type Call, createIds, Refusal, type Route, startFake, tokenOf } from './fake.ts';
import type { Answer, ProviderServer } from './server.ts';
import { type Clock, createClock, createLimit } from './time.ts';

export interface Generation {
  readonly id: string;
  readonly model: string;
  readonly prompt: string;
  readonly text: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Only what was asked with `store: true` can be listed. */
  readonly stored: boolean;
}

export interface OpenAiServer extends ProviderServer {
  readonly apiKey: string;
  readonly model: string;
  readonly clock: Clock;
  /** Everything that was generated, and is billed. */
  generations(): readonly Generation[];
  /** What the model says from now on; without, it repeats the prompt. A word is a token. */
  say(text: string | undefined): void;
  revoke(): void;
}

export const openAiAnswers = {
  error: (status: number, type: string, code: string | null, message: string): Answer => ({
    status,
    headers: { 'x-request-id': 'req_refused' },
    body: { error: { message, type, param: null, code } },
  }),
  rateLimited: (seconds = 2): Answer =>
    withHeaders(error(429, 'requests', 'rate_limit_exceeded', 'Rate limit reached'), {
      'retry-after': String(seconds),
    }),
  slowDown: (): Answer => error(503, 'server_error', 'slow_down', 'Slow down'),
  overloaded: (): Answer => error(503, 'server_error', 'server_is_overloaded', 'The server is overloaded'),
  noCredit: (): Answer =>
    error(
      429,
      'insufficient_quota',
      'credit_balance_exhausted',
      'You exceeded your current quota, please check your plan and billing details.',
    ),
  spendLimit: (): Answer =>
    error(429, 'insufficient_quota', 'organization_spend_limit_exceeded', 'The spend limit is reached'),
  /** As a local server says it: the code is a number. */
  contextTooLong: (): Answer => ({
    status: 400,
    body: {
      error: {
        code: 400,
        type: 'exceed_context_size_error',
        message: 'the request exceeds the available context size',
      },
    },
  }),
};

const { error } = openAiAnswers;
const content = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]);
const shared = {
  model: z.string(),
  temperature: z.number().min(0).max(2).optional(),
  store: z.boolean().optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).optional(),
};
const chatSchema = z.looseObject({
  ...shared,
  messages: z
    .array(z.looseObject({ role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']), content }))
    .min(1),
  max_completion_tokens: z.int().positive().optional(),
  max_tokens: z.int().positive().optional(),
});
const responseSchema = z.looseObject({
  ...shared,
  input: z.union([z.string(), z.array(z.looseObject({ content }))]),
  instructions: z.string().optional(),
  max_output_tokens: z.int().positive().optional(),
});

export async function startOpenAi(): Promise<OpenAiServer> {
  const clock = createClock();
  const [apiKey, model, limit] = ['sk-openai-key-canary', 'gpt-fake', createLimit(clock, 500, 60_000)];
  const generations: Generation[] = [];
  const nextId = createIds(1_000n);
  let said: string | undefined;
  let isRevoked = false;

  const authorize = (call: Call): Record<string, string> => {
    if (isRevoked || tokenOf(call) !== apiKey)
      throw new Refusal(error(401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided'));
    const taken = limit.take();
    const seconds = Math.ceil((taken.resetAtMs - clock.nowMs()) / 1000);
    if (!taken.allowed) throw new Refusal(openAiAnswers.rateLimited(seconds));
    return {
      'x-request-id': `req_${nextId()}`,
      'x-ratelimit-limit-requests': String(taken.limit),
      'x-ratelimit-remaining-requests': String(taken.remaining),
      'x-ratelimit-reset-requests': `${seconds}s`,
    };
  };
  const generate = (
    prefix: string,
    prompt: string,
    limitTokens: number | undefined,
    asked: z.output<typeof chatSchema> | z.output<typeof responseSchema>,
  ) => {
    if (asked.model !== model)
      throw new Refusal(
        error(404, 'invalid_request_error', 'model_not_found', `The model '${asked.model}' does not exist`),
      );
    const words = wordsOf(said ?? prompt);
    const kept = words.slice(0, limitTokens);
    const generation: Generation = {
      id: `${prefix}${nextId()}`,
      model: `${model}-2026-01-01`,
      prompt,
      text: kept.join('').trim(),
      inputTokens: wordsOf(prompt).length,
      outputTokens: kept.length,
      metadata: asked.metadata ?? {},
      stored: asked.store ?? false,
    };
    generations.push(generation);
    return { generation, isCut: kept.length < words.length };
  };

  const chat: Route = (call) => {
    const headers = authorize(call);
    const asked = call.json(chatSchema);
    const prompt = asked.messages.map((message) => textOf(message.content)).join('\n');
    const { generation, isCut } = generate('chatcmpl-', prompt, asked.max_completion_tokens ?? asked.max_tokens, asked);
    return { status: 200, headers, body: completion(generation, isCut ? 'length' : 'stop') };
  };

  const respond: Route = (call) => {
    const headers = authorize(call);
    const asked = call.json(responseSchema);
    const prompt =
      typeof asked.input === 'string' ? asked.input : asked.input.map((one) => textOf(one.content)).join('\n');
    const { generation, isCut } = generate('resp_', prompt, asked.max_output_tokens, asked);
    const { id, text, inputTokens, outputTokens } = generation;
    const output = [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] }];
    const status = isCut ? 'incomplete' : 'completed';
    const usage = { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
    const incomplete_details = isCut ? { reason: 'max_output_tokens' } : null;
    return {
      status: 200,
      headers,
      body: { id, object: 'response', status, incomplete_details, model: generation.model, output, usage },
    };
  };

  const list: Route = (call) => {
    const headers = authorize(call);
    const wanted = [...call.url.searchParams].flatMap(([name, value]) => {
      const key = /^metadata\[(.*)\]$/u.exec(name)?.[1];
      return key === undefined ? [] : [[key, value] as const];
    });
    const found = generations.filter(
      (one) => one.stored && wanted.every(([key, value]) => one.metadata[key] === value),
    );
    const data = found.map((one) => completion(one, 'stop'));
    return { status: 200, headers, body: { object: 'list', data, has_more: false } };
  };

  const server = await startFake({
    routes: {
      'POST /v1/chat/completions': chat,
      'GET /v1/chat/completions': list,
      'POST /v1/responses': respond,
      'GET /v1/models': (call) => ({
        status: 200,
        headers: authorize(call),
        body: { object: 'list', data: [{ id: model, object: 'model' }] },
      }),
    },
    missing: error(404, 'invalid_request_error', null, 'Unknown request URL'),
    malformed: (reason) => error(400, 'invalid_request_error', null, reason),
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
    revoke: () => {
      isRevoked = true;
    },
  };
}

function completion({ id, model, text, inputTokens, outputTokens, metadata }: Generation, finishReason: string) {
  const usage = {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
  const choices = [
    { index: 0, message: { role: 'assistant', content: text, refusal: null }, finish_reason: finishReason },
  ];
  return { id, object: 'chat.completion', model, choices, usage, metadata };
}

function textOf(value: z.output<typeof content>): string {
  return typeof value === 'string' ? value : value.map(({ text = '' }) => text).join('');
}

/** Each with the space before it. */
export function wordsOf(text: string): string[] {
  return text.match(/\s*\S+/gu) ?? [];
}

function withHeaders(answer: Answer, headers: Record<string, string>): Answer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
