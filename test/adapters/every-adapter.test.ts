/** The checks of `aol/testing`, which adapters of others have to pass, for each of ours. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createCallWebhookAdapter } from '../../src/adapters/call-webhook/index.ts';
import { generateTextAdapter } from '../../src/adapters/generate-text/index.ts';
import type { AnyAdapter } from '../../src/adapters/index.ts';
import { postChatAdapter } from '../../src/adapters/post-chat/index.ts';
import { postSocialAdapter } from '../../src/adapters/post-social/index.ts';
import { sendEmailAdapter } from '../../src/adapters/send-email/index.ts';
import { type AdapterSamples, adapterChecks } from '../../src/testing/index.ts';
import { abortOnce } from '../support/abort.ts';
import { mailAccount, mailAdapter, proveMail } from '../support/mail.ts';
import { type SmtpServer, startSmtpServer } from '../support/providers/index.ts';
import { SPEECHES, WEBHOOK } from '../support/speeches.ts';

const ADAPTERS: Readonly<Record<string, AnyAdapter>> = {
  POST_SOCIAL: postSocialAdapter,
  POST_CHAT: postChatAdapter,
  GENERATE_TEXT: generateTextAdapter,
  SEND_EMAIL: sendEmailAdapter,
  CALL_WEBHOOK: createCallWebhookAdapter(),
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

describe.each([...SPEECHES, WEBHOOK])('$provider', (speech) => {
  const { provider, type, entry, secrets } = speech;
  const adapter = ADAPTERS[type];
  if (!adapter) throw new Error(`there is no adapter of ${type}`);
  const { media: _pictures, attachments: _files, ...payload } = speech.payload('words', '0'.repeat(64), 'hook.example');
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

/** What the checks play over HTTP, over SMTP: a mail has no other way out. */
describe('smtp, on the wire', () => {
  let server: SmtpServer;
  beforeAll(async () => {
    server = await startSmtpServer();
  });
  afterAll(() => server.close());
  beforeEach(() => server.behave());

  const proof = (signal?: AbortSignal) =>
    proveMail(
      mailAccount({ url: `smtp://${server.user}@127.0.0.1:${server.port}` }, { password: server.password }),
      { to: ['ada@example.com'], subject: 'words', text: 'words' },
      signal && { signal },
    );

  test('what is sent is what was stored, once', async () => {
    const { effect, context, sent: message, request } = await proof();
    expect(await mailAdapter.perform?.(effect, context)).toMatchObject({ kind: 'done' });
    const [mail, ...others] = server.mails();
    expect(others).toEqual([]);
    expect(mail).toMatchObject({ from: request.envelope.from, to: request.envelope.to });
    expect(mail?.message.equals(message)).toBe(true);
  });

  test('an answer that never comes is left within a second of the abort', async () => {
    server.misbehave({ at: 'dot', how: 'hang', stores: true });
    const before = server.mails().length;
    const { outcome, tookMs } = await abortOnce(
      'the server has it',
      () => server.mails().length > before,
      async (signal) => {
        const { effect, context } = await proof(signal);
        return mailAdapter.perform?.(effect, context);
      },
    );
    expect(outcome).toMatchObject({ kind: 'unknown' });
    expect(tookMs).toBeLessThan(1_000);
  });

  test('a lost answer is unknown, what was not written is not sent, and neither is repeated', async () => {
    const { effect, context } = await proof();
    const before = server.mails().length;
    server.misbehave({ at: 'dot', how: 'cut', stores: true });
    expect(await mailAdapter.perform?.(effect, context)).toMatchObject({ kind: 'unknown' });
    server.misbehave({ at: 'mail', how: 'cut' });
    expect(await mailAdapter.perform?.(effect, context)).toMatchObject({ kind: 'not_sent' });
    expect(server.mails()).toHaveLength(before + 1);
  });
});
