/** Posts through the real engine: answers get lost, and each post is there once. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { setFlag } from '../support/engine.ts';
import { png } from '../support/pictures.ts';
import { INSTALL_LIMIT_MS, startBlueskyFake, startMastodon } from '../support/providers/index.ts';
import { postsAs } from '../support/social.ts';
import { posterOf, type Who } from '../support/social-posters.ts';
import { storePicture } from '../support/social-scene.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;

beforeEach(async () => {
  quietRuntime();
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
}, 60_000);
afterEach(() => stack.stop(), 60_000);

async function posted(who: Who, payload: object) {
  await stack.startWorker({ adapters: [postsAs(posterOf(who))], proofMode: false });
  const [id] = await stack.enqueue([
    { type: 'POST_AS', mode: 'REAL', payload: { platform: who.provider, ...payload } },
  ]);
  return until(
    'it is posted',
    async () => {
      const found = (await stack.rows()).find((one) => one.id === id);
      if (found?.finished_at && found.status !== 'SUCCESS') throw new Error(`${found.status}: ${found.last_error}`);
      return found?.status === 'SUCCESS' && found;
    },
    30_000,
  );
}

test('Bluesky: an upload and a record whose answers are lost are one post after one login', async () => {
  const server = await startBlueskyFake();
  const { handle, appPassword } = server.account;
  const sha256 = await storePicture(stack, png(40, 30));
  server.misbehave({ at: 'POST /xrpc/com.atproto.repo.uploadBlob', how: 'store_then_drop' });
  server.misbehave({ at: 'POST /xrpc/com.atproto.repo.putRecord', how: 'store_then_drop' });
  const who: Who = { provider: 'bluesky', identity: handle, server: server.url, secret: appPassword };
  const row = await posted(who, { content: 'Once', media: [{ sha256, alt: 'A square' }] });
  expect(row).toMatchObject({ attempts: 2, receipt: { repeated: true, uri: expect.stringMatching(/^at:/u) } });
  expect(server.posts()).toHaveLength(1);
  expect(server.posts()[0]?.value).toMatchObject({ text: 'Once', embed: { images: [{ alt: 'A square' }] } });
  expect(server.logins()).toBe(1);
  await server.close();
}, 60_000);

test(
  'a server that may not know the key is not asked twice: the lost answer is found by reading',
  async () => {
    const server = await startMastodon();
    server.ignoreKeys();
    server.misbehave({ at: 'POST /api/v1/statuses', how: 'store_then_status_504' });
    const { accessToken: secret, account } = server;
    const who: Who = {
      provider: 'mastodon',
      identity: account.handle,
      server: server.url,
      secret,
      software: 'unknown',
    };
    const row = await posted(who, { content: 'Once', warning: 'A test' });
    expect(row).toMatchObject({ attempts: 1, receipt: { foundByReading: true, id: expect.any(String) } });
    expect(await server.statuses()).toHaveLength(1);
    await server.close();
  },
  INSTALL_LIMIT_MS,
);
