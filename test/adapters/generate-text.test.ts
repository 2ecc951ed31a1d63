import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { generateTextAdapter } from '../../src/adapters/generate-text/index.ts';
import { findContract } from '../../src/contracts/payloads/index.ts';
import { canonicalJson } from '../../src/domain/hashing.ts';
import { abortOnTheWire } from '../support/abort.ts';
import { memoryBlobs } from '../support/contexts.ts';
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
import { type Sender, sender, storedBody } from '../support/sending.ts';
import { describeAdapter } from './conformance.ts';

describeAdapter(generateTextAdapter, {
  openai: { prompt: 'Hi', model: 'gpt-4.1-mini', system: 'Be short' },
  anthropic: { service: 'anthropic', prompt: 'Hi', model: 'claude-1', maxTokens: 5 },
});

let openai: OpenAiServer;
let anthropic: AnthropicServer;
let gpt: Sender;
let claude: Sender;
const blobs = memoryBlobs();

beforeAll(async () => {
  [openai, anthropic] = await Promise.all([startOpenAi(), startAnthropic()]);
  const prices = { input: 1, output: 10, cachedInput: 0.1, asOf: '2026-11-01' };
  const gptSettings = {
    server: openai.url,
    model: openai.model,
    apiKey: { env: 'K' },
    prices: { [openai.model]: prices },
  };
  gpt = sender(generateTextAdapter, 'openai', { settings: gptSettings, secrets: { apiKey: openai.apiKey }, blobs }, [
    `127.0.0.1:${openai.port}`,
  ]);
  const claudeSettings = {
    server: anthropic.url,
    model: anthropic.model,
    apiKey: { env: 'K' },
    prices: { [anthropic.model]: { ...prices, cacheWrite: 2 } },
  };
  const secrets = { apiKey: anthropic.apiKey };
  claude = sender(generateTextAdapter, 'anthropic', { settings: claudeSettings, secrets, blobs }, [
    `127.0.0.1:${anthropic.port}`,
  ]);
});
afterAll(() => Promise.all([openai.close(), anthropic.close()]));
afterEach(() => {
  for (const server of [openai, anthropic]) {
    server.behave();
    server.say(undefined);
    server.clock.pass(60_000);
  }
});
const ofClaude = { service: 'anthropic' } as const;

describe('a text', () => {
  test('comes from what was stored, byte for byte, and has its tokens and its price', async () => {
    const effect = await gpt.prove({ prompt: 'one two three', system: 'be short' });
    const preview = { kind: 'prompt', service: 'openai', model: openai.model, prompt: 'one two three' };
    expect(effect.preview).toEqual({ ...preview, system: 'be short', maxTokens: 1_024 });
    const outcome = await gpt.perform(effect);
    expect(openai.seen().at(-1)?.body.toString('utf8')).toBe(canonicalJson(storedBody(effect)));
    expect(outcome).toMatchObject({
      kind: 'done',
      receipt: {
        status: 200,
        text: 'be short\none two three',
        model: 'gpt-fake-2026-01-01',
        modelAsked: 'gpt-fake',
        tokens: { input: 5, output: 5, cachedInput: 0, cacheWrite: 0 },
        price: { usd: 0.000_055, asOf: '2026-11-01' },
        requestId: expect.stringMatching(/^req_/u),
      },
      limits: [{ scope: 'text requests', remaining: expect.any(Number), resetAt: expect.any(Number) }],
    });
    expect(JSON.stringify([effect, outcome])).not.toContain(openai.apiKey);
  });

  test('of Anthropic: what came from the cache is not among its input', async () => {
    anthropic.cacheOnce(2);
    const effect = await claude.prove({ ...ofClaude, prompt: 'one two three' });
    const outcome = await claude.perform(effect);
    expect(anthropic.seen().at(-1)?.body.toString('utf8')).toBe(canonicalJson(storedBody(effect)));
    expect(outcome).toMatchObject({
      kind: 'done',
      receipt: {
        text: 'one two three',
        tokens: { input: 3, output: 3, cachedInput: 2, cacheWrite: 0 },
        // 1 at 1, 2 at 0.1, 3 at 10 US dollars for a million.
        price: { usd: 0.000_031_2 },
      },
    });
    expect(JSON.stringify([effect, outcome])).not.toContain(anthropic.apiKey);
  });

  test('that was cut says so', async () => {
    expect(await gpt.send({ prompt: 'one two three', maxTokens: 2 })).toMatchObject({
      kind: 'done',
      receipt: { text: 'one two', cut: 'length' },
    });
    expect(await claude.send({ ...ofClaude, prompt: 'one two three', maxTokens: 2 })).toMatchObject({
      receipt: { text: 'one two', cut: 'max_tokens' },
    });
    anthropic.refuseOnce();
    expect(await claude.send({ ...ofClaude, prompt: 'one' })).toMatchObject({ receipt: { text: '', cut: 'refusal' } });
  });

  test('at the bound is cut, though its server says that it is complete', async () => {
    const choices = [{ message: { content: 'one two' }, finish_reason: 'stop' }];
    const usage = { prompt_tokens: 37, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 36 } };
    const body = { id: 'a', model: 'another', choices, usage };
    openai.misbehave({ at: 'POST *', how: 'answer', answer: { status: 200, body } });
    expect(await gpt.send({ prompt: 'x', maxTokens: 2 })).toMatchObject({
      receipt: {
        cut: 'length',
        model: 'another',
        modelAsked: 'gpt-fake',
        tokens: { input: 37, cachedInput: 36 },
        price: { usd: 0.000_024_6 },
      },
    });
  });

  test('without a price has none: it is not free', async () => {
    openai.misbehave({
      at: 'POST *',
      how: 'answer',
      answer: { status: 200, body: { choices: [{ message: { content: 'a\u0000b' }, finish_reason: 'stop' }] } },
    });
    const outcome = await gpt.send({ prompt: 'x' });
    expect(outcome).toMatchObject({ kind: 'done', receipt: { text: 'a\ufffdb' } });
    expect(outcome).not.toHaveProperty('receipt.price');
  });

  test('that is long is a file', async () => {
    const long = 'word '.repeat(20_000).trim();
    openai.say(long);
    const outcome = await gpt.send({ prompt: 'x', maxTokens: 4_096 });
    const text = 'word '.repeat(4_096).trim();
    expect(outcome).toMatchObject({ kind: 'done', receipt: { text } });
    const choices = [{ message: { content: long }, finish_reason: 'stop' }];
    openai.misbehave({ at: 'POST *', how: 'answer', answer: { status: 200, body: { choices } } });
    const longer = await gpt.send({ prompt: 'x' });
    if (longer.kind !== 'done') throw new Error(longer.reason);
    expect(longer.receipt).toMatchObject({
      text: long.slice(0, 1_000),
      isExcerpt: true,
      file: { mediaType: 'text/plain', byteCount: long.length },
    });
    expect(JSON.stringify(longer.receipt).length).toBeLessThan(4_000);
    const { file } = z.object({ file: z.object({ sha256: z.string() }) }).parse(longer.receipt);
    expect(Buffer.from(await blobs.read(file.sha256)).toString()).toBe(long);
  });
});

test('case 33: a lost answer is repeated once, and each was billed', async () => {
  expect(generateTextAdapter.redelivery({ prompt: 'x' })).toEqual({ kind: 'harmless', maxRepeats: 1 });
  const before = openai.generations().length;
  const effect = await gpt.prove({ prompt: 'x' });
  openai.misbehave({ at: 'POST *', how: 'store_then_drop' });
  expect(await gpt.perform(effect)).toMatchObject({ kind: 'unknown' });
  expect(await gpt.perform(effect, { attempt: 2 })).toMatchObject({ kind: 'done' });
  expect(openai.generations().length - before).toBe(2);
});

describe('what an answer of OpenAI’s form means', () => {
  const { error } = openAiAnswers;
  const rows: readonly (readonly [string, ReturnType<typeof error>, object])[] = [
    ['rate limit', openAiAnswers.rateLimited(2), { kind: 'not_sent', retryAfterMs: 2_000 }],
    ['slow down', openAiAnswers.slowDown(), { kind: 'not_sent' }],
    ['overloaded', openAiAnswers.overloaded(), { kind: 'not_sent' }],
    ['loading', error(503, 'unavailable_error', null, 'Loading model'), { kind: 'not_sent' }],
    ['no credit', openAiAnswers.noCredit(), { kind: 'on_hold' }],
    ['spend limit', openAiAnswers.spendLimit(), { kind: 'on_hold' }],
    ['402', error(402, 'billing', null, ''), { kind: 'on_hold' }],
    ['no key', error(401, 'invalid_request_error', 'invalid_api_key', ''), { kind: 'on_hold', needsLogin: true }],
    ['too long', openAiAnswers.contextTooLong(), { kind: 'rejected' }],
    ['403', error(403, 'x', null, ''), { kind: 'rejected' }],
    ['404', error(404, 'invalid_request_error', 'model_not_found', ''), { kind: 'rejected' }],
    ['413', error(413, 'x', null, ''), { kind: 'rejected' }],
    ['422', error(422, 'x', null, ''), { kind: 'rejected' }],
    ['500', error(500, 'server_error', null, ''), { kind: 'unknown' }],
    ['502', { status: 502, body: '<html>' }, { kind: 'unknown' }],
    ['504', { status: 504, body: '<html>' }, { kind: 'unknown' }],
    ['503 of a proxy', { status: 503, body: '<html>' }, { kind: 'unknown' }],
    ['a page', { status: 200, body: '<html>' }, { kind: 'unknown' }],
    ['no choice', { status: 200, body: { choices: [] } }, { kind: 'unknown' }],
  ];
  test.each(rows)('%s', async (_name, answer, expected) => {
    openai.misbehave({ at: 'POST *', how: 'answer', answer });
    expect(await gpt.send({ prompt: 'x' })).toMatchObject(expected);
  });
});

describe('what an answer of Anthropic means', () => {
  const { error } = anthropicAnswers;
  const rows: readonly (readonly [string, ReturnType<typeof error>, object])[] = [
    ['rate limit', anthropicAnswers.rateLimited(2), { kind: 'not_sent', retryAfterMs: 2_000 }],
    ['spend limit', anthropicAnswers.spendLimit(), { kind: 'on_hold' }],
    ['own spend limit', anthropicAnswers.spendLimitSet(), { kind: 'on_hold' }],
    ['billing', anthropicAnswers.billing(), { kind: 'on_hold' }],
    ['overloaded', anthropicAnswers.overloaded(), { kind: 'not_sent' }],
    ['no key', error(401, 'authentication_error', ''), { kind: 'on_hold', needsLogin: true }],
    ['400', error(400, 'invalid_request_error', 'prompt is too long'), { kind: 'rejected' }],
    ['403', error(403, 'permission_error', ''), { kind: 'rejected' }],
    ['404', error(404, 'not_found_error', ''), { kind: 'rejected' }],
    ['413', error(413, 'request_too_large', ''), { kind: 'rejected' }],
    ['500', anthropicAnswers.failed(), { kind: 'unknown' }],
    ['504', anthropicAnswers.timedOut(), { kind: 'unknown' }],
    ['a page', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ];
  test.each(rows)('%s', async (_name, answer, expected) => {
    anthropic.misbehave({ at: 'POST *', how: 'answer', answer });
    expect(await claude.send({ ...ofClaude, prompt: 'x' })).toMatchObject(expected);
  });
});

test('an abort, a lost connection and an answer without end are unknown, and one request each', async () => {
  for (const how of ['drop', 'cut', 'garbage', 'huge'] as const) {
    const before = openai.seen().length;
    openai.misbehave({ at: 'POST *', how });
    expect([how, (await gpt.send({ prompt: 'x' })).kind]).toEqual([how, 'unknown']);
    expect([how, openai.seen().length - before]).toEqual([how, 1]);
  }
  openai.misbehave({ at: 'POST *', how: 'drip' });
  const { outcome, tookMs } = await abortOnTheWire(openai, (signal) => gpt.send({ prompt: 'x' }, { signal }));
  expect(outcome).toMatchObject({ kind: 'unknown' });
  expect(tookMs).toBeLessThan(1_000);
});

test('a server of one’s own may ask for no key', async () => {
  const settings = { server: `${openai.url}/v1`, model: openai.model };
  const keyless = sender(generateTextAdapter, 'openai', { settings, secrets: {} }, [`127.0.0.1:${openai.port}`]);
  const effect = await keyless.prove({ prompt: 'x' });
  expect(effect).toMatchObject({ addedAtSending: [], request: { url: `${openai.url}/v1/chat/completions` } });
  expect(JSON.stringify(effect.request)).not.toContain('authorization');
  expect(() => generateTextAdapter.providers?.[0]?.settings.parse({})).toThrow('apiKey');
});

test('its accounts are checked by reading', async () => {
  expect(await gpt.check()).toMatchObject({ kind: 'ready', identity: `127.0.0.1:${openai.port}` });
  expect(await claude.check()).toMatchObject({ kind: 'ready' });
  anthropic.misbehave({ at: 'GET *', how: 'answer', answer: anthropicAnswers.error(401, 'authentication_error', '') });
  expect(await claude.check()).toMatchObject({ kind: 'needs_login' });
});

test('what is refused when it is queued', async () => {
  const check = (payload: unknown) => {
    const checked = findContract('GENERATE_TEXT')?.check(payload);
    return checked?.ok === false ? checked.problems.map(({ field, rule }) => `${field} ${rule}`) : [];
  };
  expect(check({ prompt: 'x' })).toEqual([]);
  expect(check({ prompt: ' ' })).toEqual(['payload.prompt must not be blank']);
  expect(check({ prompt: 'x', maxTokens: 5_000 })).toEqual(['payload.maxTokens must be at most 4096']);
  expect(check({ prompt: 'x', model: 'a b' })).toEqual(['payload.model must be the name of a model']);
  const settings = { server: openai.url };
  const nameless = sender(generateTextAdapter, 'openai', { settings, secrets: {} }, []);
  await expect(nameless.prove({ prompt: 'x' })).rejects.toThrow('names no model');
});

describe('a server that others wrote', () => {
  let fakellm: ProviderServer;
  beforeAll(async () => {
    fakellm = await startFakellm('An owl is a bird.');
  }, INSTALL_LIMIT_MS);
  afterAll(() => fakellm?.close());

  test.each(['openai', 'anthropic'] as const)('speaks the form of %s', async (service) => {
    const settings = { server: fakellm.url, model: 'any', apiKey: { env: 'K' } };
    const theirs = sender(generateTextAdapter, service, { settings, secrets: { apiKey: 'k' } }, [
      `127.0.0.1:${fakellm.port}`,
    ]);
    expect(await theirs.send({ service, prompt: 'What is an owl?' })).toMatchObject({
      kind: 'done',
      receipt: { text: 'An owl is a bird.', tokens: { input: expect.any(Number), output: expect.any(Number) } },
    });
  });
});
