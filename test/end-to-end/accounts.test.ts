/** Worker and API as processes, their accounts from a file and from variables: proved, looked at, promoted, received, found by its link. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Action } from '../../src/contracts/http/action.ts';
import type { JsonObject } from '../../src/contracts/http/json.ts';
import { canonicalJson } from '../../src/domain/hashing.ts';
import { png } from '../support/pictures.ts';
import { type Product, START_LIMIT_MS, startProduct } from '../support/product.ts';
import {
  type BlueskyFake,
  type OpenAiServer,
  type SeenRequest,
  type SlackServer,
  type SmtpServer,
  startBlueskyFake,
  startOpenAi,
  startSlack,
  startSmtpServer,
} from '../support/providers/index.ts';
import { until } from '../support/until.ts';

let product: Product;
let folder: string;
let smtp: SmtpServer;
let bluesky: BlueskyFake;
let slack: SlackServer;
let openai: OpenAiServer;

beforeAll(async () => {
  [smtp, bluesky, slack, openai] = await Promise.all([
    startSmtpServer(),
    startBlueskyFake(),
    startSlack(),
    startOpenAi(),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'aol-accounts-'));
  const file = join(folder, 'accounts.yaml');
  const bot = (workspace: string) => ({
    provider: 'slack',
    server: slack.url,
    workspace,
    botToken: { env: 'BRAND_SLACK' },
  });
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ 'brand-slack': bot('Brand'), 'new-slack': bot('New') }));
  product = await startProduct({
    AOL_PROOF_MODE: '0',
    AOL_ACCOUNTS: file,
    AOL_SECRETS_KEY: randomBytes(32).toString('base64'),
    BRAND_SLACK: slack.botToken,
    SMTP_URL: `smtp://${smtp.user}:${smtp.password}@127.0.0.1:${smtp.port}`,
    SMTP_FROM: 'shop@brand.example',
    BLUESKY_SERVICE: bluesky.url,
    BLUESKY_IDENTIFIER: bluesky.account.handle,
    BLUESKY_APP_PASSWORD: bluesky.account.appPassword,
    OPENAI_BASE_URL: openai.url,
    OPENAI_API_KEY: openai.apiKey,
  });
  await product.client.patchFlags({ flags: { proof_only: false, tick_interval_ms: 0, max_actions_per_tick: 20 } });
}, START_LIMIT_MS);
afterAll(async () => {
  await product?.close();
  await Promise.all([smtp, bluesky, slack, openai].map((server) => server?.close()));
  await rm(folder, { recursive: true, force: true });
}, START_LIMIT_MS);

const ends = ({ id }: Pick<Action, 'id'>) =>
  until(`${id} has ended`, async () => {
    const action = await product.client.getAction(id);
    return action.finishedAt !== null && action;
  });

const effectSchema = z.object({
  account: z.object({ identity: z.string() }),
  preview: z.object({ kind: z.string() }),
  request: z.looseObject({ url: z.string().optional(), message: z.string().optional() }),
});

/** Proves it, looks at it, has exactly that sent. Answers what was stored, and the action that was sent. */
async function sent(type: string, payload: JsonObject, arrived: () => number) {
  const proof = await ends(await product.client.enqueue({ type, payload }));
  expect(proof).toMatchObject({ status: 'SUCCESS', receipt: null, lastError: null });
  const { bytes, sha256 } = await product.client.getArtifact(proof.id);
  expect(sha256).toBe(proof.artifactSha256);
  expect(arrived()).toBe(0);
  const action = await ends(await product.client.promote(proof.id, { sha256 }));
  expect(action).toMatchObject({ status: 'SUCCESS', mode: 'REAL', promotedFrom: proof.id, artifactSha256: sha256 });
  expect(arrived()).toBe(1);
  const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return { proof, action, effect: effectSchema.parse(json) };
}

/** What receipts say of a date that was added at sending. */
const datesSchema = z.object({ date: z.string().optional(), createdAt: z.string().optional() });
const bodySchema = z.object({ request: z.object({ body: z.object({ value: z.json() }) }) });
const seenAt = (seen: readonly SeenRequest[], path: string) => seen.filter((one) => one.path === path);
/** What the artifact says that is sent. */
async function storedBody({ id }: Action) {
  const { bytes } = await product.client.getArtifact(id);
  const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return canonicalJson(bodySchema.parse(json).request.body.value);
}

test('a mail, from the variables of SMTP: its date and the stored bytes arrive, and are found by their Message-ID', async () => {
  const payload = { to: ['ada@example.com'], subject: 'Your order', text: 'It is on its way.\n.\n' };
  const { proof, action, effect } = await sent('SEND_EMAIL', payload, () => smtp.mails().length);
  expect(effect).toMatchObject({ account: { identity: 'shop@brand.example' }, preview: { kind: 'mail' } });
  const stored = Buffer.from(await product.client.getBlob(effect.request.message ?? ''));
  const [mail] = smtp.mails();
  expect(mail).toMatchObject({ from: 'shop@brand.example', to: ['ada@example.com'] });
  const { date } = datesSchema.parse(action.receipt);
  expect(mail?.message.equals(Buffer.concat([Buffer.from(`Date: ${date}\r\n`), stored]))).toBe(true);
  expect(Date.parse(date ?? '')).toBeGreaterThan(Date.parse(proof.finishedAt ?? '') - 1_000);
  expect(action.receipt).toMatchObject({ messageId: `<aol-${proof.id}@brand.example>` });
  expect(stored.toString()).toContain(`Message-ID: <aol-${proof.id}@brand.example>`);
});

test('a post with a picture, from the variables of Bluesky: one log-in, and the link of the post', async () => {
  const picture = await product.client.putBlob(png(40, 30), 'image/png');
  const payload = { platform: 'bluesky', content: 'Once', media: [{ sha256: picture.sha256, alt: 'A square' }] };
  const { action } = await sent('POST_SOCIAL', payload, () => bluesky.posts().length);
  const [post] = bluesky.posts();
  expect(action.receipt).toMatchObject({
    uri: post?.uri,
    url: `https://bsky.app/profile/${bluesky.account.did}/post/${post?.rkey}`,
  });
  const [put] = seenAt(bluesky.seen(), '/xrpc/com.atproto.repo.putRecord');
  const { createdAt = '' } = datesSchema.parse(action.receipt);
  const stored = (await storedBody(action)).replace('<added at sending: when it is first sent>', createdAt);
  expect(put?.body.toString()).toBe(stored);
  const [upload] = seenAt(bluesky.seen(), '/xrpc/com.atproto.repo.uploadBlob');
  expect(upload?.body.equals(Buffer.from(await product.client.getBlob(picture.sha256)))).toBe(true);
  expect(bluesky.logins()).toBe(1);
});

test('a message, from an account of the file: what was stored, and its link', async () => {
  await product.client.checkAccount('brand-slack');
  await until('it is checked', async () => {
    const { items } = await product.client.listAccounts();
    return items.some(({ name, state, checkedAt }) => name === 'brand-slack' && state === 'ready' && checkedAt);
  });
  const payload = { service: 'slack', channel: slack.channel, text: 'Once', account: 'brand-slack' };
  const { action, effect } = await sent('POST_CHAT', payload, () => slack.messages().length);
  expect(effect.account.identity).toBe('bot in Brand');
  const [message] = slack.messages();
  expect(action.receipt).toMatchObject({
    ts: message?.ts,
    permalink: expect.stringMatching(/^https?:.*\/archives\/C\w+\/p\d+$/u),
  });
  const [posted] = seenAt(slack.seen(), '/api/chat.postMessage');
  expect(posted?.body.toString()).toBe(await storedBody(action));
});

test('a text, from the variables of its server: the receipt is the text', async () => {
  const payload = { prompt: 'an owl', model: openai.model };
  const { action } = await sent('GENERATE_TEXT', payload, () => openai.generations().length);
  expect(action.receipt).toMatchObject({ text: openai.generations()[0]?.text, modelAsked: openai.model });
  const [asked] = openai.seen();
  expect(asked?.body.toString()).toBe(await storedBody(action));
});

test('a new account performs five effects in an hour: the sixth waits, with the reason', async () => {
  const before = slack.messages().length;
  const texts = Array.from({ length: 6 }, (_, n) => `message ${n}`);
  const { results } = await product.client.enqueueMany({
    actions: texts.map((text) => ({
      type: 'POST_CHAT',
      payload: { service: 'slack', channel: slack.channel, text, account: 'new-slack' },
      mode: 'REAL' as const,
    })),
  });
  expect(results).toHaveLength(6);
  // Slack takes one a second, so that some are tried again meanwhile.
  const waiting = await until('five were sent, and one waits for its account', async () => {
    const { items } = await product.client.listActions({ status: ['PENDING', 'RUNNING', 'RETRY'] });
    return (
      slack.messages().length === before + 5 && items.length === 1 && items[0]?.waiting?.includes('budget') && items
    );
  });
  expect(waiting[0]?.waiting).toMatch(/budget of account new-slack, 5 effects in an hour, is used up/u);
  expect(waiting[0]?.heldBy).toEqual({ scope: 'account', name: 'new-slack' });
  expect(slack.messages()).toHaveLength(before + 5);
  const { items } = await product.client.listAccounts();
  const account = items.find(({ name }) => name === 'new-slack');
  expect(account?.budgets).toMatchObject([{ span: 'hour', limit: 5, used: 5, source: 'default' }]);
  expect(account).toMatchObject({ waiting: 1, why: expect.stringContaining('5 effects in an hour is used up') });
});
