/** What an effect draws from, and what it may cost at most. */

import { describe, expect, test } from '@jest/globals';
import { drawsOf } from '../../src/activities/budget.ts';
import { createCallWebhookAdapter } from '../../src/adapters/call-webhook/index.ts';
import { generateTextAdapter } from '../../src/adapters/generate-text/index.ts';
import { type AnyAdapter, registerAdapter } from '../../src/adapters/index.ts';
import type { Effect, RenderAccount } from '../../src/adapters/port.ts';
import { postSocialAdapter } from '../../src/adapters/post-social/index.ts';
import { SAMPLE_CONTEXT } from '../support/contexts.ts';

const account = (provider: string, settings: object = {}): RenderAccount => ({
  name: 'brand',
  provider,
  identity: 'brand.example',
  server: 'https://brand.example',
  settings,
  facts: {},
});

async function priced(adapter: AnyAdapter, payload: object, of: RenderAccount | null) {
  const registered = registerAdapter(adapter);
  const effect = await registered.render(payload, { ...SAMPLE_CONTEXT, account: of });
  const price = registered.price(effect, of);
  return { price, draws: drawsOf(effect, price) };
}

describe('an effect draws', () => {
  test('from its host where nobody’s account speaks, and from its type', async () => {
    const { draws } = await priced(createCallWebhookAdapter(), { url: 'https://Hooks.Example:8443/a', body: {} }, null);
    expect(draws).toEqual([
      { scope: 'host', name: 'hooks.example', effects: 1 },
      { scope: 'type', name: 'CALL_WEBHOOK', effects: 1 },
    ]);
  });

  test('from each domain of its envelope, once for each recipient there', () => {
    const to = ['a@One.example', 'b@one.example', 'c@bücher.example'];
    const mail: Effect = {
      type: 'SEND_EMAIL',
      adapterVersion: 1,
      summary: 'a mail',
      account: { name: 'default', provider: 'smtp', identity: 'news@example.com', server: 'smtp://mail' },
      preparations: [],
      request: { protocol: 'smtp', envelope: { from: 'news@example.com', to }, message: 'a'.repeat(64) },
      blobs: [],
      addedAtSending: [],
    };
    expect(drawsOf(mail, 0)).toEqual([
      { scope: 'account', name: 'smtp.default', effects: 1 },
      { scope: 'type', name: 'SEND_EMAIL', effects: 1 },
      { scope: 'domain', name: 'one.example', effects: 2 },
      { scope: 'domain', name: 'xn--bcher-kva.example', effects: 1 },
    ]);
  });
});

describe('an effect may cost at most', () => {
  test('on X what X publishes, more with a link; elsewhere nothing', async () => {
    const post = (content: string) => priced(postSocialAdapter, { platform: 'x', content }, account('x'));
    expect((await post('Hello')).draws[0]).toEqual({ scope: 'account', name: 'brand', effects: 1, microUsd: 15_000 });
    expect((await post('See https://example.com')).price).toBe(200_000);
    const mastodon = { platform: 'mastodon', content: 'See https://example.com' };
    expect((await priced(postSocialAdapter, mastodon, account('mastodon'))).price).toBe(0);
  });

  test('as a text all of its input and the longest answer; without a price nobody knows', async () => {
    const prices = { small: { input: 1, output: 10, asOf: '2026-11-01' } };
    const text = (model: string) =>
      priced(generateTextAdapter, { prompt: 'x'.repeat(1_000), model, maxTokens: 100 }, account('openai', { prices }));
    const { price = 0 } = await text('small');
    expect(price).toBeGreaterThan(1_000 + 1_000);
    expect(price).toBeLessThan(1_000 + 1_000 + 200);
    expect((await text('large')).draws[0]).toEqual({ scope: 'account', name: 'brand', effects: 1, unpriced: true });
  });
});
