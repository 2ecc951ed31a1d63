/** The fakes of text generation keep their providers' shapes and rules. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type AnthropicServer,
  anthropicAnswers,
  INSTALL_LIMIT_MS,
  type OpenAiServer,
  openAiAnswers,
  type ProviderServer,
  startAnthropic,
  startFakellm,
  startOpenAi,
} from '../support/providers/index.ts';

const ask = async (server: ProviderServer, path: string, headers: Record<string, string>, body?: object) => {
  const init = body ? { method: 'POST', body: JSON.stringify(body) } : {};
  const answer = await fetch(`${server.url}${path}`, { ...init, headers });
  const parsed: unknown = await answer.json();
  return { status: answer.status, headers: answer.headers, body: parsed };
};

describe('OpenAI', () => {
  let openAi: OpenAiServer;
  beforeEach(async () => {
    openAi = await startOpenAi();
  });
  afterEach(() => openAi.close());

  const call = (path: string, body?: object, key = openAi.apiKey) =>
    ask(openAi, path, { authorization: `Bearer ${key}` }, body);
  const chat = (more: object = {}) =>
    call('/v1/chat/completions', {
      model: openAi.model,
      messages: [{ role: 'user', content: 'one two three' }],
      ...more,
    });

  test('generates, counts tokens, cuts at the bound, and tells its limits', async () => {
    const { status, headers, body } = await chat();
    expect([status, headers.get('x-ratelimit-remaining-requests')]).toEqual([200, '499']);
    expect(headers.get('x-request-id')).toMatch(/^req_/u);
    expect(body).toMatchObject({
      choices: [{ message: { content: 'one two three' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 3 },
    });
    openAi.say('a b c d');
    expect((await chat({ max_completion_tokens: 2 })).body).toMatchObject({
      choices: [{ message: { content: 'a b' }, finish_reason: 'length' }],
    });
    expect((await call('/v1/responses', { model: openAi.model, input: 'x', max_output_tokens: 1 })).body).toMatchObject(
      {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ content: [{ text: 'a' }] }],
      },
    );
  });

  test('lists by metadata what was to be stored, and nothing else', async () => {
    await chat({ metadata: { key: 'k1' }, store: true });
    await chat({ metadata: { key: 'k1' } });
    await chat({ metadata: { key: 'k2' }, store: true });
    const [first] = openAi.generations();
    const { body } = await call('/v1/chat/completions?metadata[key]=k1');
    expect(body).toMatchObject({ data: [{ id: first?.id }] });
    expect(body).toHaveProperty('data.length', 1);
  });

  test('refuses a wrong key, an unknown model, a wrong body, and says when the money is gone', async () => {
    const bodies = [
      await call('/v1/models', undefined, 'wrong'),
      await chat({ model: 'nope' }),
      await chat({ messages: [] }),
    ];
    openAi.misbehave({ at: '*', how: 'answer', answer: openAiAnswers.noCredit() });
    bodies.push(await chat());
    expect(bodies).toMatchObject([
      { status: 401, body: { error: { code: 'invalid_api_key' } } },
      { status: 404, body: { error: { code: 'model_not_found' } } },
      { status: 400 },
      { status: 429, body: { error: { type: 'insufficient_quota' } } },
    ]);
    expect(openAi.generations()).toEqual([]);
  });

  test('generates and bills, and loses the answer', async () => {
    openAi.misbehave({ at: 'POST /v1/chat/completions', how: 'store_then_cut' });
    await expect(chat()).rejects.toThrow();
    expect(openAi.generations()).toHaveLength(1);
  });
});

describe('Anthropic', () => {
  let anthropic: AnthropicServer;
  beforeEach(async () => {
    anthropic = await startAnthropic();
  });
  afterEach(() => anthropic.close());

  const send = (more: object = {}, headers: Record<string, string> = {}) =>
    ask(
      anthropic,
      '/v1/messages',
      { 'x-api-key': anthropic.apiKey, 'anthropic-version': '2023-06-01', ...headers },
      { model: anthropic.model, max_tokens: 10, messages: [{ role: 'user', content: 'one two three' }], ...more },
    );

  test('generates; tokens of the cache stand beside the others; cut and refused texts say so', async () => {
    anthropic.cacheOnce(2);
    expect((await send()).body).toMatchObject({
      content: [{ type: 'text', text: 'one two three' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 1, cache_read_input_tokens: 2, output_tokens: 3 },
    });
    expect((await send({ max_tokens: 1 })).body).toMatchObject({
      stop_reason: 'max_tokens',
      content: [{ text: 'one' }],
    });
    anthropic.refuseOnce();
    expect((await send()).body).toMatchObject({ stop_reason: 'refusal', content: [] });
  });

  test('refuses a wrong key, a missing version, a missing bound', async () => {
    const answers = [
      await send({}, { 'x-api-key': 'wrong' }),
      await send({}, { 'anthropic-version': '' }),
      await send({ max_tokens: undefined }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 400, 400]);
    expect(anthropic.generations()).toEqual([]);
  });

  test('says in its own form that it is too much, that the money is gone, that it is overloaded', async () => {
    const said: [number, string | null][] = [];
    const { rateLimited, spendLimit, overloaded } = anthropicAnswers;
    for (const answer of [rateLimited(), spendLimit(), overloaded()]) {
      anthropic.misbehave({ at: 'POST /v1/messages', how: 'answer', answer });
      const { status, headers } = await send();
      said.push([status, headers.get('retry-after')]);
    }
    expect(said).toEqual([
      [429, '2'],
      [429, null],
      [529, null],
    ]);
  });
});

describe('fakellm', () => {
  let fakellm: ProviderServer;
  beforeAll(async () => {
    fakellm = await startFakellm('a b c');
  }, INSTALL_LIMIT_MS);
  afterAll(() => fakellm?.close());

  const messages = [{ role: 'user', content: 'hello' }];

  test('answers in both shapes', async () => {
    expect((await ask(fakellm, '/v1/chat/completions', {}, { model: 'any', messages })).body).toMatchObject({
      choices: [{ message: { content: 'a b c' } }],
      usage: { completion_tokens: expect.any(Number) },
    });
    expect((await ask(fakellm, '/v1/messages', {}, { model: 'any', max_tokens: 9, messages })).body).toMatchObject({
      content: [{ type: 'text', text: 'a b c' }],
      usage: { output_tokens: expect.any(Number) },
    });
  });

  test('generates and loses the answer', async () => {
    fakellm.misbehave({ at: 'POST /v1/messages', how: 'store_then_drop' });
    await expect(ask(fakellm, '/v1/messages', {}, { model: 'any', max_tokens: 9, messages })).rejects.toThrow();
  });
});
