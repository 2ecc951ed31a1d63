/** Bluesky's own server keeps what the adapter relies on, and its answers get lost on demand. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { type BlueskyServer, INSTALL_LIMIT_MS, startBluesky } from '../support/providers/index.ts';

let bluesky: BlueskyServer;
let session: { did: string; accessJwt: string; didDoc: { service: { serviceEndpoint: string }[] } };

const sessionSchema = z.object({
  did: z.string(),
  accessJwt: z.string(),
  didDoc: z.object({ service: z.array(z.object({ serviceEndpoint: z.string() })) }),
});
const call = (method: string, body: object | Buffer, type = 'application/json') =>
  fetch(`${bluesky.url}/xrpc/${method}`, {
    method: 'POST',
    headers: { 'content-type': type, ...(session ? { authorization: `Bearer ${session.accessJwt}` } : {}) },
    body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
  });
const put = (rkey: string, text: string, more: object = {}) =>
  call('com.atproto.repo.putRecord', {
    repo: session.did,
    collection: 'app.bsky.feed.post',
    rkey,
    record: { $type: 'app.bsky.feed.post', text, createdAt: '2026-11-01T00:00:00.000Z', ...more },
    swapRecord: null,
  });

beforeAll(async () => {
  bluesky = await startBluesky();
  const [{ handle, appPassword }] = bluesky.accounts;
  const answer = await call('com.atproto.server.createSession', { identifier: handle, password: appPassword });
  session = sessionSchema.parse(await answer.json());
}, INSTALL_LIMIT_MS);
afterAll(() => bluesky?.close());

test('gives out the address of the proxy as its own', () => {
  expect(session.didDoc.service[0]?.serviceEndpoint).toBe(bluesky.url);
});

test('the same record twice is one post; another under its key is refused', async () => {
  const [first, second] = [await put('3lbqkq2cs4s2a', 'hello'), await put('3lbqkq2cs4s2a', 'hello')];
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(await first.json()).toHaveProperty('commit');
  expect(await second.json()).not.toHaveProperty('commit');
  expect(await (await put('3lbqkq2cs4s2a', 'other')).json()).toMatchObject({ error: 'InvalidSwap' });
  expect((await bluesky.posts(bluesky.accounts[0])).map(({ value }) => value.text)).toEqual(['hello']);
});

test('stores the post and its picture, and loses the answer', async () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
    'base64',
  );
  const uploaded = await call('com.atproto.repo.uploadBlob', png, 'image/png');
  const { blob } = z
    .object({ blob: z.looseObject({ ref: z.object({ $link: z.string() }) }) })
    .parse(await uploaded.json());
  bluesky.misbehave({ at: 'POST /xrpc/com.atproto.repo.putRecord', how: 'store_then_drop' });
  const embed = { $type: 'app.bsky.embed.images', images: [{ alt: 'a dot', image: blob }] };
  await expect(put('3lbqkq2cs4s2b', 'look', { embed })).rejects.toThrow();
  expect(await bluesky.posts(bluesky.accounts[0])).toMatchObject([
    { value: { text: 'look' } },
    { value: { text: 'hello' } },
  ]);
  expect(await bluesky.blob(bluesky.accounts[0], blob.ref.$link)).toEqual(png);
});
