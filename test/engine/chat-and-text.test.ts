/** Messages, posts and texts through the real engine: answers get lost, and what people see is there once. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { generateTextAdapter } from '../../src/adapters/generate-text/index.ts';
import type { AnyAdapter } from '../../src/adapters/index.ts';
import { postChatAdapter } from '../../src/adapters/post-chat/index.ts';
import { postSocialAdapter } from '../../src/adapters/post-social/index.ts';
import { setFlag } from '../support/engine.ts';
import { startDiscord, startOpenAi, startSlack, startX } from '../support/providers/index.ts';
import { sender } from '../support/sending.ts';
import { speaking } from '../support/speaking.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const TYPE = 'SPOKEN';
const SECRET = { env: 'SECRET' };
let stack: TestStack;

beforeEach(async () => {
  quietRuntime();
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
}, 60_000);
afterEach(() => stack.stop(), 60_000);

/** The action as it ends. */
async function ended(adapter: AnyAdapter, payload: Record<string, string>) {
  await stack.startWorker({ adapters: [adapter], proofMode: false });
  const [id] = await stack.enqueue([{ type: TYPE, mode: 'REAL', payload }]);
  const isOver = async () => {
    const row = (await stack.rows()).find((one) => one.id === id);
    return row !== undefined && (row.finished_at !== null || row.status === 'UNCONFIRMED') && row;
  };
  return until('it is over', isOver, 40_000);
}

test('case 25: Slack has one message of one request, found by our key', async () => {
  const slack = await startSlack();
  const { account } = sender(
    postChatAdapter,
    'slack',
    { settings: { server: slack.url, botToken: SECRET }, secrets: {} },
    [],
  );
  slack.misbehave({ at: 'POST /api/chat.postMessage', how: 'store_then_drop' });
  const adapter = speaking(postChatAdapter, TYPE, account, { botToken: slack.botToken });
  const row = await ended(adapter, { service: 'slack', channel: slack.channel, text: 'Once' });
  expect(row).toMatchObject({ status: 'SUCCESS', attempts: 1, receipt: { foundByReading: true } });
  expect(slack.messages()).toHaveLength(1);
  await slack.close();
}, 60_000);

test('case 28: Discord answers a repeat by the message that is there', async () => {
  const discord = await startDiscord();
  const settings = { server: discord.url, botToken: SECRET };
  const { account } = sender(postChatAdapter, 'discord', { settings, secrets: {} }, []);
  discord.misbehave({ at: 'POST *', how: 'store_then_status_502' });
  const adapter = speaking(postChatAdapter, TYPE, account, { botToken: discord.botToken });
  const row = await ended(adapter, { service: 'discord', channel: discord.channelId, text: 'Once' });
  expect(row).toMatchObject({ status: 'SUCCESS', attempts: 2, receipt: { id: discord.messages()[0]?.id } });
  expect(discord.messages()).toHaveLength(1);
  await discord.close();
}, 60_000);

test('case 21: a post that X answered with 503 is found in the timeline', async () => {
  const x = await startX();
  const settings = { server: x.url, clientId: 'c', refreshToken: SECRET };
  const { account } = sender(postSocialAdapter, 'x', { settings, secrets: {} }, []);
  x.misbehave({ at: 'POST /2/tweets', how: 'store_then_status_503' });
  const adapter = speaking(postSocialAdapter, TYPE, account, { accessToken: x.oauth2.accessToken });
  const row = await ended(adapter, { platform: 'x', content: 'Once' });
  expect(row).toMatchObject({
    status: 'SUCCESS',
    attempts: 1,
    receipt: { id: x.posts()[0]?.id, foundByReading: true },
  });
  expect(x.posts()).toHaveLength(1);
  await x.close();
}, 60_000);

test.each([
  ['once', 1, 'SUCCESS'],
  ['each time', 9, 'UNCONFIRMED'],
] as const)(
  'case 33: a text whose answer is lost %s is generated twice, and no more',
  async (_how, times, status) => {
    const openai = await startOpenAi();
    const settings = { server: openai.url, apiKey: SECRET, model: openai.model };
    const { account } = sender(generateTextAdapter, 'openai', { settings, secrets: {} }, []);
    openai.misbehave({ at: 'POST *', how: 'store_then_drop', times });
    const row = await ended(speaking(generateTextAdapter, TYPE, account, { apiKey: openai.apiKey }), { prompt: 'owl' });
    expect(row).toMatchObject({ status, attempts: 2 });
    expect(openai.generations()).toHaveLength(2);
    await openai.close();
  },
  60_000,
);
