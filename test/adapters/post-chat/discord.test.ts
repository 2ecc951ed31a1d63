import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { postChatAdapter } from '../../../src/adapters/post-chat/index.ts';
import { canonicalJson } from '../../../src/domain/hashing.ts';
import { type DiscordServer, discordAnswers, startDiscord } from '../../support/providers/index.ts';
import { begunAgo, type Sender, sender, storedBody } from '../../support/sending.ts';

let discord: DiscordServer;
let bot: Sender;
let hook: Sender;
let message: { readonly service: 'discord'; readonly channel: string; readonly text: string };

beforeAll(async () => {
  discord = await startDiscord();
  const allow = [`127.0.0.1:${discord.port}`];
  const botSettings = {
    server: discord.url,
    title: 'Ops',
    botToken: { env: 'DISCORD_BOT_TOKEN' },
    guild: discord.guildId,
  };
  bot = sender(postChatAdapter, 'discord', { settings: botSettings, secrets: { botToken: discord.botToken } }, allow);
  const hookSettings = { server: discord.url, webhookUrl: { env: 'HOOK' }, channel: discord.channelId };
  const secrets = { webhookUrl: discord.webhookUrl };
  hook = sender(postChatAdapter, 'discord', { settings: hookSettings, secrets }, allow);
  message = { service: 'discord', channel: discord.channelId, text: 'Done' };
});
afterAll(() => discord.close());
beforeEach(() => {
  discord.behave();
  discord.clock.pass(10_000);
});

test('a bot posts what was stored, byte for byte, and knows where it is', async () => {
  const effect = await bot.prove(message);
  const outcome = await bot.perform(effect);
  const { id } = discord.messages().at(-1) ?? {};
  const permalink = `https://discord.com/channels/${discord.guildId}/${discord.channelId}/${id}`;
  expect(outcome).toMatchObject({ kind: 'done', receipt: { id, permalink }, limits: [{ scope: 'discord b1' }] });
  expect(discord.seen().at(-1)?.body.toString('utf8')).toBe(canonicalJson(storedBody(effect)));
  expect(JSON.stringify([effect, outcome])).not.toContain(discord.botToken);
});

test('whom a text names is not called, and its markup is text', async () => {
  const text = '@everyone <@123456789012345678> *bold* _it_ https://x.test/a_b_c\n# no title\n- no list\n1. no';
  const effect = await bot.prove({ ...message, text });
  expect(storedBody(effect)).toMatchObject({
    allowed_mentions: { parse: [] },
    content:
      '@everyone \\<@123456789012345678\\> \\*bold\\* \\_it\\_ https://x.test/a_b_c\n\\# no title\n\\- no list\n1\\. no',
  });
});

test('case 28: each attempt has the same nonce of 25 characters, and makes one message', async () => {
  const effect = await bot.prove({ ...message, text: 'case 28' });
  const before = discord.messages().length;
  discord.misbehave({ at: 'POST *', how: 'store_then_status_502' });
  expect(await bot.perform(effect)).toMatchObject({ kind: 'unknown' });
  expect(await bot.perform(effect, { attempt: 2 })).toMatchObject({ kind: 'done' });
  expect(discord.messages().length - before).toBeLessThanOrEqual(1);
  const nonces = discord
    .seen()
    .slice(-2)
    .map(({ body }) => JSON.parse(body.toString('utf8')).nonce);
  expect(nonces[0]).toMatch(/^[0-9a-f]{25}$/u);
  expect(nonces[1]).toBe(nonces[0]);
  expect(postChatAdapter.redelivery(message, bot.account)).toEqual({
    kind: 'dedupes',
    windowMs: 120_000,
    settleMs: 5_000,
  });
});

test('case 29: a message that was deleted meanwhile was sent', async () => {
  discord.misbehave({ at: 'POST *', how: 'answer', answer: discordAnswers.error(404, 10_008, 'Unknown Message') });
  const effect = await bot.prove(message);
  expect(await bot.perform(effect, { attempt: 2 })).toMatchObject({ kind: 'done', receipt: { deletedSince: true } });
});

describe('what an answer means', () => {
  const { error } = discordAnswers;
  const rows: readonly (readonly [string, ReturnType<typeof error>, object])[] = [
    ['a bad form', error(400, 50_035, 'Invalid Form Body'), { kind: 'rejected' }],
    ['nothing to say', error(400, 50_006, 'Cannot send an empty message'), { kind: 'rejected' }],
    ['moderation', discordAnswers.autoModerated(), { kind: 'rejected' }],
    ['a link filter', error(400, 240_000, 'Message blocked by harmful links filter'), { kind: 'rejected' }],
    ['too large', error(413, 40_005, 'Request entity too large'), { kind: 'rejected' }],
    ['no token', error(401, 0, '401: Unauthorized'), { kind: 'on_hold', needsLogin: true }],
    [
      'no access',
      error(403, 50_001, 'Missing Access'),
      { kind: 'rejected', reason: expect.stringContaining('channel') },
    ],
    ['no permission', error(403, 50_013, 'Missing Permissions'), { kind: 'rejected' }],
    ['no channel', error(404, 10_003, 'Unknown Channel'), { kind: 'rejected' }],
    ['429', discordAnswers.rateLimited(1.5), { kind: 'not_sent', retryAfterMs: 1_500 }],
    ['429 of all who share', discordAnswers.rateLimited(3, 'shared'), { kind: 'not_sent', retryAfterMs: 3_000 }],
    ['slow mode', error(400, 20_016, 'slowmode'), { kind: 'not_sent' }],
    [
      'writing too often',
      error(429, 20_028, 'The channel you are writing has hit the write rate limit'),
      { kind: 'not_sent' },
    ],
    ['overloaded', discordAnswers.overloaded(), { kind: 'not_sent' }],
    ['500', error(500, 0, 'Internal'), { kind: 'unknown' }],
    ['502', { status: 502, body: '<html>' }, { kind: 'unknown' }],
    ['504', { status: 504, body: '<html>' }, { kind: 'unknown' }],
    ['a page', { status: 200, body: '<html>' }, { kind: 'unknown' }],
    ['204', { status: 204 }, { kind: 'unknown' }],
    ['no id', { status: 200, body: {} }, { kind: 'done', receipt: { note: expect.any(String) } }],
  ];
  test.each(rows)('%s', async (_name, answer, expected) => {
    discord.misbehave({ at: 'POST *', how: 'answer', answer });
    expect(await bot.send(message)).toMatchObject(expected);
  });
});

describe('whether it happened', () => {
  test('a lost answer is found in the channel', async () => {
    const effect = await bot.prove({ ...message, text: 'lost  ' });
    discord.clock.pass(200_000);
    discord.misbehave({ at: 'POST *', how: 'store_then_drop' });
    expect(await bot.perform(effect)).toMatchObject({ kind: 'unknown' });
    const { id } = discord.messages().at(-1) ?? {};
    expect(await bot.reconcile(effect)).toMatchObject({ kind: 'happened', receipt: { id, foundByReading: true } });
  });

  test('what is not there is asked for again, and after a minute it did not happen', async () => {
    const effect = await neverSent();
    expect(await bot.reconcile(effect, begunAgo(0))).toMatchObject({
      kind: 'cannot_tell',
      askAgainAfterMs: expect.any(Number),
    });
    expect(await bot.reconcile(effect, begunAgo(61_000))).toEqual({ kind: 'did_not_happen' });
  });

  test('an empty list proves nothing: the bot may not read', async () => {
    const effect = await bot.prove(message);
    discord.permission('READ_MESSAGE_HISTORY', false);
    const answer = await bot.reconcile(effect, begunAgo(120_000));
    discord.permission('READ_MESSAGE_HISTORY', true);
    expect(answer).toMatchObject({ kind: 'cannot_tell', reason: expect.stringContaining('READ_MESSAGE_HISTORY') });
  });

  /** An effect with a nonce and a text that no message has. */
  async function neverSent() {
    const effect = await bot.prove({ ...message, text: 'never' });
    const text = JSON.stringify(effect).replace(/"nonce":"[0-9a-f]+"/u, '"nonce":"0000000000000000000000000"');
    const changed: typeof effect = JSON.parse(text);
    return changed;
  }
});

describe('an incoming webhook', () => {
  test('waits for what was kept, and has its secret nowhere', async () => {
    const effect = await hook.prove({ ...message, text: '@everyone' });
    const outcome = await hook.perform(effect);
    expect(outcome).toMatchObject({ kind: 'done', receipt: { id: discord.messages().at(-1)?.id } });
    expect(discord.seen().at(-1)?.path).toBe(`${new URL(discord.webhookUrl).pathname}?wait=true`);
    expect(discord.messages().at(-1)?.pings).toEqual([]);
    const secret = discord.webhookUrl.split('/').at(-1);
    expect(JSON.stringify([effect, outcome])).not.toContain(secret);
    discord.misbehave({ at: 'POST *', how: 'store_then_drop' });
    const failed = await hook.perform(effect);
    expect(failed.kind).toBe('unknown');
    expect(JSON.stringify(failed)).not.toContain(secret);
    expect(postChatAdapter.redelivery(message, hook.account)).toEqual({ kind: 'neither' });
    expect(await hook.reconcile(effect)).toMatchObject({ kind: 'cannot_tell' });
  });

  test('one that is gone is refused', async () => {
    discord.misbehave({ at: 'POST *', how: 'answer', answer: discordAnswers.error(404, 10_015, 'Unknown Webhook') });
    expect(await hook.send(message)).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('10015') });
  });
});

test('its account is checked by reading', async () => {
  expect(await bot.check()).toEqual({ kind: 'ready', identity: 'aol', facts: { userId: discord.botId } });
  discord.misbehave({ at: 'GET *', how: 'answer', answer: discordAnswers.error(401, 0, '401: Unauthorized') });
  expect(await bot.check()).toMatchObject({ kind: 'needs_login' });
});
