/** The fake of Discord keeps Discord's rules, those that an adapter may break too. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { type DiscordServer, startDiscord } from '../support/providers/index.ts';

let discord: DiscordServer;
beforeEach(async () => {
  discord = await startDiscord();
});
afterEach(() => discord.close());

const agent = 'DiscordBot (https://example.com, 1)';
const answerSchema = z.looseObject({ id: z.string().optional(), code: z.number().optional() });
const post = async (body: object, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${discord.url}/api/v10/channels/${discord.channelId}/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bot ${discord.botToken}`,
      'user-agent': agent,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, ...answerSchema.parse(await answer.json()) };
};
const list = async (after = '0') => {
  const headers = { authorization: `Bot ${discord.botToken}`, 'user-agent': agent };
  const url = `${discord.url}/api/v10/channels/${discord.channelId}/messages?after=${after}&limit=100`;
  return z
    .array(z.looseObject({ id: z.string(), content: z.string() }))
    .parse(await (await fetch(url, { headers })).json());
};

test('posts a message, tells the limits of its route, and lists it; without the permission the list is empty', async () => {
  const { id, status, headers } = await post({ content: 'hello', allowed_mentions: { parse: [] } });
  expect([status, headers.get('x-ratelimit-remaining')]).toEqual([200, '4']);
  expect(await list()).toMatchObject([{ id, content: 'hello' }]);
  expect(await list(id)).toEqual([]);
  discord.permission('READ_MESSAGE_HISTORY', false);
  expect(await list()).toEqual([]);
});

test('the same nonce finds the message for some minutes; a deleted one is an unknown message', async () => {
  const send = () => post({ content: 'once', nonce: 'k1', enforce_nonce: true });
  const first = await send();
  expect(await send()).toMatchObject({ status: 200, id: first.id });
  discord.remove(first.id ?? '');
  expect(await send()).toMatchObject({ status: 404, code: 10_008 });
  discord.clock.pass(4 * 60_000);
  expect((await send()).id).not.toBe(first.id);
  await post({ content: 'twice', nonce: 'k2' });
  await post({ content: 'twice', nonce: 'k2' });
  expect(discord.messages().map(({ content }) => content)).toEqual(['once', 'twice', 'twice']);
});

test('refuses with its codes, and counts what leads to a ban', async () => {
  const refusals = [
    await post({ content: 'x'.repeat(2_001) }),
    await post({ content: 'a', nonce: 'n'.repeat(26) }),
    await post({ content: '' }),
    await post({ content: 'a', message_reference: { message_id: '1' } }),
    await post({ content: 'a' }, { authorization: 'Bot wrong' }),
    await post({ content: 'a' }, { 'user-agent': 'node' }),
  ];
  discord.permission('SEND_MESSAGES', false);
  refusals.push(await post({ content: 'a' }));
  expect(refusals.map(({ status, code }) => `${status} ${code}`)).toEqual([
    '400 50035',
    '400 50035',
    '400 50006',
    '400 50035',
    '401 0',
    '403 40333',
    '403 50013',
  ]);
  expect(discord.invalidRequests()).toBe(3);
  expect(discord.messages()).toEqual([]);
});

test('says 429 with fractions of a second when the route is used up', async () => {
  for (let index = 0; index < 5; index += 1) await post({ content: String(index) });
  const { status, retry_after: seconds } = z
    .looseObject({ retry_after: z.number() })
    .parse(await post({ content: 'six' }));
  expect(status).toBe(429);
  expect(seconds).toBeLessThanOrEqual(5);
  discord.clock.pass(5_000);
  expect((await post({ content: 'seven' })).status).toBe(200);
});

test('mentions are live unless they are forbidden', async () => {
  await post({ content: '@everyone <@1>' });
  await post({ content: '@everyone <@1>', allowed_mentions: { parse: [] } });
  await post({ content: '@everyone <@1>', allowed_mentions: { users: ['1'] } });
  expect(discord.messages().map(({ pings }) => pings)).toEqual([['everyone', '1'], [], ['1']]);
});

test('a webhook answers the message with wait, nothing without, and is gone when it is gone', async () => {
  const hook = async (query: string) => {
    const body = JSON.stringify({ content: '@everyone' });
    const headers = { 'content-type': 'application/json' };
    return (await fetch(`${discord.webhookUrl}${query}`, { method: 'POST', headers, body })).status;
  };
  expect([await hook('?wait=true'), await hook('')]).toEqual([200, 204]);
  expect(discord.messages()[0]?.pings).toEqual([]);
  discord.removeWebhook();
  expect(await hook('?wait=true')).toBe(404);
});

test('files ride along', async () => {
  const form = new FormData();
  form.append('payload_json', JSON.stringify({ content: 'look' }));
  form.append('files[0]', new Blob([Buffer.from([1, 2, 3])]), 'a.png');
  const headers = { authorization: `Bot ${discord.botToken}`, 'user-agent': agent };
  const url = `${discord.url}/api/v10/channels/${discord.channelId}/messages`;
  expect((await fetch(url, { method: 'POST', headers, body: form })).status).toBe(200);
  expect(discord.messages()[0]).toMatchObject({
    content: 'look',
    files: [{ name: 'a.png', bytes: Buffer.from([1, 2, 3]) }],
  });
});

test('stores the message and loses the answer; the repeat finds it', async () => {
  discord.misbehave({ at: 'POST /api/v10/channels/{}/messages', how: 'store_then_status_502' });
  const send = () => post({ content: 'lost', nonce: 'k1', enforce_nonce: true });
  expect((await send()).status).toBe(502);
  expect((await send()).id).toBe(discord.messages()[0]?.id);
  expect(discord.messages()).toHaveLength(1);
});
