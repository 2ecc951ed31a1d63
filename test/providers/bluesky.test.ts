/** The fake of Bluesky answers as the real server was measured to. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { type BlueskyFake, startBlueskyFake } from '../support/providers/index.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);
const KEY = '3lbqkq2cs4s2a';
let bluesky: BlueskyFake;
let token: string;

beforeEach(async () => {
  bluesky = await startBlueskyFake();
  token = '';
  token = (await login()).accessJwt ?? '';
});
afterEach(() => bluesky.close());

const bodySchema = z.looseObject({
  error: z.string().optional(),
  accessJwt: z.string().optional(),
  refreshJwt: z.string().optional(),
  commit: z.object({}).optional(),
});
const call = async (method: string, body: object | Buffer | undefined, bearer = token) => {
  const answer = await fetch(`${bluesky.url}/xrpc/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) },
    ...(body === undefined ? {} : { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) }),
  });
  return { status: answer.status, ...bodySchema.parse(await answer.json()) };
};
const login = (password = bluesky.account.appPassword) =>
  call('com.atproto.server.createSession', { identifier: bluesky.account.handle, password });
const put = (text: string, more: object = {}, swap: object = { swapRecord: null }, rkey = KEY) =>
  call('com.atproto.repo.putRecord', {
    repo: bluesky.account.did,
    collection: 'app.bsky.feed.post',
    rkey,
    record: { $type: 'app.bsky.feed.post', text, createdAt: '2026-11-01T00:00:00.000Z', ...more },
    ...swap,
  });

test('putRecord with swapRecord: null is safe to repeat, and without it overwrites', async () => {
  const first = await put('hello');
  const repeat = await put('hello');
  expect([first.status, first.commit, repeat.status, repeat.commit]).toEqual([200, expect.anything(), 200, undefined]);
  expect(await put('other')).toMatchObject({ status: 400, error: 'InvalidSwap' });
  expect((await put('other', {}, {})).status).toBe(200);
  expect(bluesky.posts().map(({ value }) => value.text)).toEqual(['other']);
  bluesky.remove(KEY);
  expect((await put('hello')).commit).toEqual(expect.anything());
});

test('createRecord under a key that is there is an error of the server', async () => {
  const record = { $type: 'app.bsky.feed.post', text: 'a', createdAt: '2026-11-01T00:00:00Z' };
  const body = { repo: bluesky.account.did, collection: 'app.bsky.feed.post', rkey: KEY, record };
  expect((await call('com.atproto.repo.createRecord', body)).status).toBe(200);
  expect((await call('com.atproto.repo.createRecord', body)).status).toBe(500);
});

test('refuses what is too long, has no zone, no alt, an unknown file, a wrong key, another account', async () => {
  const image = { $type: 'blob', ref: { $link: 'bafkreinowhere' }, mimeType: 'image/png', size: 1 };
  const images = (one: object) => ({ embed: { $type: 'app.bsky.embed.images', images: [one] } });
  const answers = [
    await put('x'.repeat(301)),
    await put('👨‍👩‍👧‍👦'.repeat(300)),
    await put('a', { createdAt: '2026-11-01T00:00:00' }),
    await put('a', images({ image })),
    await put('a', images({ alt: '', image })),
    await put('a', {}, { swapRecord: null }, 'post-1'),
    await call('com.atproto.repo.putRecord', {
      repo: 'did:plc:x',
      collection: 'app.bsky.feed.post',
      rkey: KEY,
      record: {},
    }),
  ];
  expect(answers.map(({ error }) => error)).toEqual([
    ...Array.from({ length: 4 }, () => 'InvalidRequest'),
    'BlobNotFound',
    'InvalidRequest',
    'AccountNotFound',
  ]);
  expect((await put('👍'.repeat(300))).status).toBe(200);
});

test("a picture's reference is its SHA-256, its type is sniffed, and a damaged one breaks the server", async () => {
  const { blob } = z
    .looseObject({ blob: z.looseObject({ ref: z.object({ $link: z.string() }), mimeType: z.string() }) })
    .parse(await call('com.atproto.repo.uploadBlob', PNG));
  expect(blob).toMatchObject({
    mimeType: 'image/png',
    ref: { $link: expect.stringMatching(/^bafkrei[a-z2-7]{52}$/u) },
  });
  expect(bluesky.blob(blob.ref.$link)).toEqual(PNG);
  const embed = { $type: 'app.bsky.embed.images', images: [{ alt: '', image: blob }] };
  expect((await put('look', { embed })).status).toBe(200);
  expect((await call('com.atproto.repo.uploadBlob', PNG.subarray(0, 20))).status).toBe(500);
});

test('tokens expire with 400; two refreshes give the same next token', async () => {
  const { refreshJwt = '' } = await login();
  bluesky.clock.pass(121 * 60_000);
  expect(await put('late')).toMatchObject({ status: 400, error: 'ExpiredToken' });
  const refresh = () => call('com.atproto.server.refreshSession', undefined, refreshJwt);
  const [one, two] = [await refresh(), await refresh()];
  expect([one.status, two.refreshJwt]).toEqual([200, one.refreshJwt]);
  token = one.accessJwt ?? '';
  expect((await put('in time')).status).toBe(200);
  bluesky.clock.pass(121 * 60_000);
  expect((await refresh()).error).toBe('ExpiredToken');
});

test('thirty logins in five minutes are enough; a wrong password is 401', async () => {
  expect(await login('wrong')).toMatchObject({ status: 401, error: 'AuthenticationRequired' });
  for (let times = 0; times < 28; times += 1) await login();
  expect(await login()).toMatchObject({ status: 429, error: 'RateLimitExceeded' });
});

test('stores the post and loses the answer; the repeat is no second one', async () => {
  bluesky.misbehave({ at: 'POST /xrpc/com.atproto.repo.putRecord', how: 'store_then_drop' });
  await expect(put('lost')).rejects.toThrow();
  expect((await put('lost')).commit).toBeUndefined();
  expect(bluesky.posts()).toHaveLength(1);
});
