import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { postChatAdapter } from '../../../src/adapters/post-chat/index.ts';
import { canonicalJson } from '../../../src/domain/hashing.ts';
import { abortOnTheWire } from '../../support/abort.ts';
import { SAMPLE_CONTEXT } from '../../support/contexts.ts';
import { type SlackServer, slackAnswers, startSlack } from '../../support/providers/index.ts';
import { begunAgo, type Sender, sender, storedBody } from '../../support/sending.ts';

let slack: SlackServer;
let bot: Sender;
let hook: Sender;
let message: { readonly service: 'slack'; readonly channel: string; readonly text: string };

beforeAll(async () => {
  slack = await startSlack();
  const allow = [`127.0.0.1:${slack.port}`];
  const botSettings = { server: slack.url, workspace: 'AOL', botToken: { env: 'SLACK_BOT_TOKEN' } };
  const facts = { url: 'https://aol.slack.com/' };
  bot = sender(
    postChatAdapter,
    'slack',
    { settings: botSettings, secrets: { botToken: slack.botToken }, facts },
    allow,
  );
  const hookSettings = { server: slack.url, webhookUrl: { env: 'HOOK' }, channel: slack.channel };
  hook = sender(postChatAdapter, 'slack', { settings: hookSettings, secrets: { webhookUrl: slack.webhookUrl } }, allow);
  message = { service: 'slack', channel: slack.channel, text: 'Done & <ok>' };
});
afterAll(() => slack.close());
beforeEach(() => {
  slack.behave();
  // Its limit is five in five seconds of its own clock.
  slack.clock.pass(5_000);
});

const misbehaves = (answer: ReturnType<typeof slackAnswers.refused>) =>
  slack.misbehave({ at: 'POST /api/chat.postMessage', how: 'answer', answer });

test('a bot posts what was stored, byte for byte, and knows where it is', async () => {
  const effect = await bot.prove(message);
  const outcome = await bot.perform(effect);
  const { ts = '' } = slack.messages().at(-1) ?? {};
  expect(outcome).toMatchObject({
    kind: 'done',
    receipt: {
      channel: slack.channel,
      ts,
      permalink: `https://aol.slack.com/archives/${slack.channel}/p${ts.replace('.', '')}`,
    },
  });
  const seen = slack.seen().at(-1);
  expect(seen?.body.toString('utf8')).toBe(canonicalJson(storedBody(effect)));
  expect(JSON.stringify([effect, outcome])).not.toContain(slack.botToken);
  expect(effect.account).toEqual({ name: 'ops', provider: 'slack', identity: 'bot in AOL', server: slack.url });
});

test('what a newer version rendered is not sent', async () => {
  const effect = await bot.prove(message);
  const before = slack.seen().length;
  expect(await bot.perform({ ...effect, adapterVersion: 99 })).toMatchObject({ kind: 'rejected' });
  expect(await bot.perform({ ...effect, addedAtSending: ['body.value.text'] })).toMatchObject({ kind: 'rejected' });
  expect(slack.seen()).toHaveLength(before);
});

test('case 27: what would call everybody is text', async () => {
  const effect = await bot.prove({ ...message, text: 'Hi <!channel> & <@U0123456> <https://evil.test|good>' });
  expect(storedBody(effect)).toMatchObject({
    text: 'Hi &lt;!channel&gt; &amp; &lt;@U0123456&gt; &lt;https://evil.test|good&gt;',
    mrkdwn: false,
  });
  expect(await bot.perform(effect)).toMatchObject({ kind: 'done' });
  expect(slack.messages().at(-1)?.pings).toEqual([]);
});

test('case 25: one attempt is one request, whatever comes of it', async () => {
  for (const how of ['store_then_drop', 'status_500', 'garbage', 'cut', 'drop'] as const) {
    const before = slack.seen().length;
    slack.misbehave({ at: 'POST *', how });
    expect([how, (await bot.send(message)).kind]).toEqual([how, 'unknown']);
    expect([how, slack.seen().length - before]).toEqual([how, 1]);
    slack.clock.pass(5_000);
  }
});

test('a reply goes into its thread', async () => {
  await bot.send(message);
  const thread = slack.messages().at(-1)?.ts ?? '';
  const effect = await bot.prove({ ...message, text: 'in it', thread });
  slack.misbehave({ at: 'POST *', how: 'store_then_drop' });
  expect(await bot.perform(effect)).toMatchObject({ kind: 'unknown' });
  expect(slack.messages().at(-1)?.thread).toBe(thread);
  expect(await bot.reconcile(effect)).toMatchObject({ kind: 'happened', receipt: { foundByReading: true } });
});

describe('what an error means', () => {
  const rows: readonly (readonly [string, object])[] = [
    ['rate_limited', { kind: 'not_sent' }],
    ['ratelimited', { kind: 'not_sent' }],
    ['request_timeout', { kind: 'not_sent' }],
    ['team_added_to_org', { kind: 'not_sent', retryAfterMs: 900_000 }],
    ['org_login_required', { kind: 'not_sent', retryAfterMs: 900_000 }],
    ['internal_error', { kind: 'unknown' }],
    ['fatal_error', { kind: 'unknown' }],
    ['service_unavailable', { kind: 'unknown' }],
    ...['invalid_auth', 'not_authed', 'account_inactive', 'token_revoked', 'token_expired'].map(
      (error) => [error, { kind: 'on_hold', needsLogin: true }] as const,
    ),
    ['missing_scope', { kind: 'rejected', reason: expect.stringContaining('account ops') }],
    ['access_denied', { kind: 'rejected', reason: expect.stringContaining('account ops') }],
    ['not_in_channel', { kind: 'rejected', reason: expect.stringContaining('C0OPS00001') }],
    ['is_archived', { kind: 'rejected', reason: expect.stringContaining('C0OPS00001') }],
    ['msg_too_long', { kind: 'rejected' }],
    ['msg_blocks_too_long', { kind: 'rejected' }],
    ['an_error_of_tomorrow', { kind: 'rejected', reason: expect.stringContaining('an_error_of_tomorrow') }],
  ];
  test.each(rows)('%s', async (error, expected) => {
    misbehaves(slackAnswers.refused(error));
    expect(await bot.send(message)).toMatchObject(expected);
  });

  test('429 says how long to wait', async () => {
    misbehaves(slackAnswers.rateLimited(30));
    expect(await bot.send(message)).toMatchObject({ kind: 'not_sent', retryAfterMs: 30_000 });
  });

  test.each(['status_500', 'status_502', 'status_504'] as const)('%s may have happened', async (how) => {
    slack.misbehave({ at: 'POST *', how });
    expect(await bot.send(message)).toMatchObject({ kind: 'unknown' });
  });

  test('nobody there: nothing was sent', async () => {
    const open = await slack.refuseConnections();
    expect(await bot.send(message)).toMatchObject({ kind: 'not_sent' });
    await open();
  });
});

describe('whether it happened', () => {
  test('a lost answer is found by our key, though the same text stands there often', async () => {
    await bot.send(message, { providerKey: 'aol-other' });
    const effect = await bot.prove(message);
    slack.misbehave({ at: 'POST *', how: 'store_then_drop' });
    expect(await bot.perform(effect)).toMatchObject({ kind: 'unknown' });
    const { ts, metadata } = slack.messages().at(-1) ?? {};
    expect(metadata).toEqual({ event_type: 'aol_action', event_payload: { key: SAMPLE_CONTEXT.providerKey } });
    expect(await bot.reconcile(effect)).toMatchObject({
      kind: 'happened',
      receipt: { foundByReading: true, foundAt: expect.any(String), ts },
    });
  });

  test('what is not there is asked for again, and after a minute it did not happen', async () => {
    const effect = await bot.prove(message);
    const key = { providerKey: 'aol-never-sent' };
    const asked = await bot.reconcile(effect, { ...key, ...begunAgo(0) });
    expect(asked).toMatchObject({ kind: 'cannot_tell', askAgainAfterMs: expect.any(Number) });
    expect(await bot.reconcile(effect, { ...key, ...begunAgo(61_000) })).toEqual({ kind: 'did_not_happen' });
  });

  test('who may not read cannot tell', async () => {
    const effect = await bot.prove(message);
    slack.scope('channels:history', false);
    const answer = await bot.reconcile(effect, begunAgo(120_000));
    slack.scope('channels:history', true);
    expect(answer).toMatchObject({ kind: 'cannot_tell', reason: expect.stringContaining('missing_scope') });
    slack.misbehave({ at: 'GET *', how: 'answer', answer: slackAnswers.rateLimited() });
    expect(await bot.reconcile(effect, begunAgo(120_000))).toMatchObject({
      kind: 'cannot_tell',
      askAgainAfterMs: 65_000,
    });
  });
});

describe('an incoming webhook', () => {
  test('has its secret nowhere but on the wire', async () => {
    const effect = await hook.prove(message);
    const outcome = await hook.perform(effect);
    expect(outcome).toMatchObject({ kind: 'done', receipt: { note: expect.any(String) } });
    const { pathname } = new URL(slack.webhookUrl);
    expect(slack.seen().at(-1)?.path).toBe(pathname);
    expect(slack.seen().at(-1)?.body.toString('utf8')).toBe(canonicalJson(storedBody(effect)));
    for (const how of ['store_then_drop', 'status_500'] as const) {
      slack.misbehave({ at: 'POST *', how });
      const failed = await hook.perform(effect);
      expect(failed.kind).toBe('unknown');
      expect(JSON.stringify([effect, outcome, failed])).not.toContain(pathname.split('/').at(-1));
    }
    expect(await hook.reconcile(effect)).toMatchObject({ kind: 'cannot_tell' });
  });

  test('posts to its own channel, and to its own server', async () => {
    await expect(hook.prove({ ...message, channel: 'C0ANOTHER1' })).rejects.toThrow('posts to C0OPS00001');
    const effect = await hook.prove(message);
    const before = slack.seen().length;
    const elsewhere = sender(
      postChatAdapter,
      'slack',
      {
        settings: { server: slack.url, webhookUrl: { env: 'HOOK' }, channel: slack.channel },
        secrets: { webhookUrl: 'https://hooks.slack.com/services/T/B/x' },
      },
      [],
    );
    expect(await elsewhere.perform(effect)).toMatchObject({ kind: 'rejected' });
    expect(slack.seen()).toHaveLength(before);
  });

  test('refusals', async () => {
    const other = { status: 404, body: 'no_service' };
    slack.misbehave({ at: 'POST *', how: 'answer', answer: other });
    expect(await hook.send(message)).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('no_service') });
    slack.misbehave({ at: 'POST *', how: 'garbage' });
    expect(await hook.send(message)).toMatchObject({ kind: 'unknown' });
  });
});

test('an app whose tokens rotate logs in by its last refresh token, which is good once', async () => {
  const env = { env: 'S' };
  const { clientId, clientSecret, refreshToken } = slack.rotating;
  const settings = { server: slack.url, clientId, clientSecret: env, refreshToken: env };
  const allow = [`127.0.0.1:${slack.port}`];
  const rotating = sender(postChatAdapter, 'slack', { settings, secrets: { clientSecret, refreshToken } }, allow);
  const first = await rotating.logIn();
  if (first.kind !== 'logged_in') throw new Error(first.reason);
  const second = await rotating.logIn(first.credential);
  if (second.kind !== 'logged_in') throw new Error(second.reason);
  const account = { ...rotating.account, credential: async () => second.credential };
  expect(await rotating.send(message, { account })).toMatchObject({ kind: 'done' });
  misbehaves(slackAnswers.refused('token_expired'));
  const renewing = {
    ...rotating.account,
    credential: async ({ renew = false } = {}) => (renew ? second.credential : first.credential),
  };
  expect(await rotating.send(message, { account: renewing })).toMatchObject({ kind: 'not_sent' });
  expect(await rotating.logIn(first.credential)).toMatchObject({ kind: 'needs_login' });
});

test('its account is checked by reading', async () => {
  expect(await bot.check()).toMatchObject({
    kind: 'ready',
    identity: 'aol in AOL',
    facts: { team_id: 'T0AOL', scopes: 'chat:write,channels:history' },
  });
  slack.misbehave({ at: 'POST *', how: 'answer', answer: slackAnswers.refused('token_revoked') });
  expect(await bot.check()).toMatchObject({ kind: 'needs_login' });
  expect(await hook.check()).toMatchObject({ kind: 'ready' });
});

test('an abort is heeded within a second', async () => {
  slack.misbehave({ at: 'POST *', how: 'hang' });
  const { outcome, tookMs } = await abortOnTheWire(slack, (signal) => bot.send(message, { signal }));
  expect(outcome).toMatchObject({ kind: 'unknown' });
  expect(tookMs).toBeLessThan(1_000);
});
