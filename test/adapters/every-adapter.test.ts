/** The checks of `aol/testing`, which adapters of others have to pass, for each of ours that speaks HTTP for an account. */

import { describe, test } from '@jest/globals';
import { generateTextAdapter } from '../../src/adapters/generate-text/index.ts';
import type { AnyAdapter } from '../../src/adapters/index.ts';
import { postChatAdapter } from '../../src/adapters/post-chat/index.ts';
import { postSocialAdapter } from '../../src/adapters/post-social/index.ts';
import { type AdapterSamples, adapterChecks } from '../../src/testing/index.ts';
import { SPEECHES } from '../support/speeches.ts';

const ADAPTERS: Readonly<Record<string, AnyAdapter>> = {
  POST_SOCIAL: postSocialAdapter,
  POST_CHAT: postChatAdapter,
  GENERATE_TEXT: generateTextAdapter,
};

const DID = 'did:plc:brand';
const says = (body: object, status = 200, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const ACCEPTS: Readonly<Record<string, AdapterSamples['accepts']>> = {
  bluesky: says({ uri: `at://${DID}/app.bsky.feed.post/1`, cid: 'b1', commit: {} }),
  mastodon: says({ id: '1', url: 'https://social.example/1', media_attachments: [] }),
  x: says({ data: { id: '1', text: 'words' } }, 201),
  linkedin: says({}, 201, { 'x-restli-id': 'urn:li:share:1' }),
  slack: says({ ok: true, channel: 'C0123456789', ts: '1732377600.000100', message: { text: 'words' } }),
  discord: says({ id: '1290000000000000009', channel_id: '1290000000000000001', content: 'words' }),
  matrix: says({ event_id: '$event' }),
  openai: says({ id: 'c1', model: 'model-1', choices: [{ message: { content: 'words' }, finish_reason: 'stop' }] }),
  anthropic: says({ id: 'm1', model: 'model-1', content: [{ type: 'text', text: 'words' }], stop_reason: 'end_turn' }),
};

describe.each(SPEECHES.filter(({ type }) => ADAPTERS[type] !== undefined))('$provider', (speech) => {
  const { provider, type, entry, secrets } = speech;
  const adapter = ADAPTERS[type];
  if (!adapter) throw new Error('it is filtered');
  const { media: _pictures, ...payload } = speech.payload('words', '0'.repeat(64));
  const token = (field: string) => `secret-${provider}-${field}-0123456789`;
  const credential = Object.fromEntries(
    (provider === 'bluesky' ? ['accessJwt', 'refreshJwt'] : secrets).map((field) => [field, token(field)]),
  );
  const accepts = ACCEPTS[provider];
  // Its own example may be another provider's.
  const ours = { ...adapter, contract: { ...adapter.contract, example: payload } };
  const { provider: _name, ...settings } = entry?.('provider.example') ?? {};
  const given = { settings, credential, ...(accepts && { accepts }) };
  for (const { name, run } of adapterChecks(ours, given)) test(name, run);
});
