/** The fake of Slack keeps Slack's rules, those that an adapter may break too. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { type SlackServer, slackAnswers, startSlack } from '../support/providers/index.ts';

let slack: SlackServer;
beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.close());

const answerSchema = z.looseObject({ ok: z.boolean(), error: z.string().optional(), ts: z.string().optional() });
const api = async (method: string, path: string, body?: object, token = slack.botToken) => {
  const answer = await fetch(`${slack.url}/api/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, headers: answer.headers, ...answerSchema.parse(await answer.json()) };
};
const post = (more: object, token?: string) =>
  api('POST', 'chat.postMessage', { channel: slack.channel, ...more }, token);

test('posts a message that history finds by its metadata, and replies finds in its thread', async () => {
  const metadata = { event_type: 'aol_action', event_payload: { key: 'k1' } };
  const { ok, ts } = await post({ text: 'see https://example.com', metadata });
  expect(ok).toBe(true);
  const history = (more = '') => api('GET', `conversations.history?channel=${slack.channel}&limit=100${more}`);
  expect(await history('&include_all_metadata=true')).toMatchObject({
    messages: [{ ts, text: 'see <https://example.com>', metadata }],
  });
  expect(await history()).toMatchObject({ messages: [expect.not.objectContaining({ metadata })] });
  await post({ text: 'reply', thread_ts: ts });
  expect(await history()).toMatchObject({ messages: [{ ts }] });
  expect(await api('GET', `conversations.replies?channel=${slack.channel}&ts=${ts}`)).toMatchObject({
    messages: [{ ts }, { text: 'reply', thread_ts: ts }],
  });
  expect((await api('GET', `chat.getPermalink?channel=${slack.channel}&message_ts=${ts}`)).ok).toBe(true);
});

test('refuses with HTTP 200 and a name', async () => {
  const names: (string | undefined)[] = [];
  const refused = async (answer: Promise<{ status: number; error?: string | undefined }>) => {
    const { status, error } = await answer;
    names.push(`${status} ${error}`);
  };
  await refused(post({ text: 'a', channel: 'ops' }));
  await refused(post({}));
  await refused(post({ text: 'a', thread_ts: '1.000001' }));
  await refused(
    post({ text: 'a', blocks: Array.from({ length: 5 }, () => ({ type: 'section', text: 'x'.repeat(3_000) })) }),
  );
  await refused(post({ text: 'a' }, 'xoxb-wrong'));
  slack.scope('chat:write', false);
  await refused(post({ text: 'a' }));
  slack.scope('chat:write', true);
  slack.archive(slack.channel);
  await refused(post({ text: 'a' }));
  slack.revoke();
  await refused(post({ text: 'a' }));
  expect(names.map((name) => name?.replace(/^200 /u, ''))).toEqual([
    'channel_not_found',
    'no_text',
    'cannot_reply_to_message',
    'msg_blocks_too_long',
    'invalid_auth',
    'missing_scope',
    'is_archived',
    'token_revoked',
  ]);
});

test('cuts what is too long and says ok; mentions are live unless they are escaped', async () => {
  expect(await post({ text: 'x'.repeat(40_001) })).toMatchObject({ ok: true, warning: 'message_truncated' });
  await post({ text: 'hi <!channel> and <@U1>' });
  await post({ text: 'hi &lt;!channel&gt;' });
  expect(slack.messages().map(({ text, pings }) => [text.length, pings])).toEqual([
    [40_000, []],
    [23, ['<!channel>', '<@U1>']],
    [19, []],
  ]);
});

test('says 429 after a burst in a channel', async () => {
  const statuses: number[] = [];
  for (let index = 0; index < 6; index += 1) statuses.push((await post({ text: String(index) })).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  expect((await post({ text: 'again' })).headers.get('retry-after')).toMatch(/^[1-5]$/u);
});

test('a rotating token lives twelve hours, and its refresh token is good once', async () => {
  const { accessToken, refreshToken, clientId, clientSecret } = slack.rotating;
  expect((await post({ text: 'a' }, accessToken)).ok).toBe(true);
  slack.clock.pass(12 * 3_600_000 + 1);
  expect((await post({ text: 'b' }, accessToken)).error).toBe('token_expired');
  const rotate = async () => {
    const form = {
      client_id: clientId,
      client_secret: clientSecret,
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    };
    const answer = await fetch(`${slack.url}/api/oauth.v2.access`, { method: 'POST', body: new URLSearchParams(form) });
    return z
      .looseObject({ access_token: z.string().optional(), error: z.string().optional() })
      .parse(await answer.json());
  };
  const { access_token: fresh } = await rotate();
  expect((await post({ text: 'b' }, fresh)).ok).toBe(true);
  expect((await rotate()).error).toBe('invalid_refresh_token');
});

test('an incoming webhook says ok and no id', async () => {
  const hook = async (url: string, body: string) => {
    const answer = await fetch(url, { method: 'POST', body });
    return `${answer.status} ${await answer.text()}`;
  };
  expect(await hook(slack.webhookUrl, '{"text":"hello"}')).toBe('200 ok');
  expect(await hook(slack.webhookUrl, '{"text":""}')).toBe('400 no_text');
  expect(await hook(slack.webhookUrl, 'text')).toBe('400 invalid_payload');
  expect(await hook(`${slack.webhookUrl}x`, '{"text":"hello"}')).toBe('404 no_service');
  expect(slack.messages()).toHaveLength(1);
});

test('stores the message and answers fatal_error, or nothing', async () => {
  const at = 'POST /api/chat.postMessage';
  slack.misbehave({ at, how: 'store_then_answer', answer: slackAnswers.refused('fatal_error') });
  expect(await post({ text: 'one' })).toMatchObject({ status: 200, ok: false, error: 'fatal_error' });
  slack.misbehave({ at, how: 'store_then_drop' });
  await expect(post({ text: 'two' })).rejects.toThrow();
  expect(slack.messages().map(({ text }) => text)).toEqual(['one', 'two']);
});
