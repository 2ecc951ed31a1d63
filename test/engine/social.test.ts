/** Posts through the real engine: answers get lost, and each post is there once. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setFlag } from '../support/engine.ts';
import { png } from '../support/pictures.ts';
import { type BlueskyFake, startBlueskyFake } from '../support/providers/index.ts';
import { postsAs } from '../support/social.ts';
import { posterOf } from '../support/social-posters.ts';
import { storePicture } from '../support/social-scene.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
let server: BlueskyFake;

beforeAll(async () => {
  quietRuntime();
  [stack, server] = [await createTestStack(), await startBlueskyFake()];
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  const { handle, appPassword } = server.account;
  const adapter = postsAs(posterOf({ provider: 'bluesky', identity: handle, server: server.url, secret: appPassword }));
  await stack.startWorker({ adapters: [adapter], proofMode: false });
}, 60_000);
afterAll(async () => {
  await stack.stop();
  await server.close();
}, 60_000);

test('a picture whose upload fails once, a record whose answer is lost, an expired token: one post, one login', async () => {
  const sha256 = await storePicture(stack, png(40, 30));
  server.misbehave({ at: 'POST /xrpc/com.atproto.repo.uploadBlob', how: 'store_then_drop' });
  server.misbehave({ at: 'POST /xrpc/com.atproto.repo.putRecord', how: 'store_then_drop' });
  server.clock.pass(3 * 3_600_000);
  const payload = { platform: 'bluesky', content: 'Once', media: [{ sha256, alt: 'A square' }] };
  const [id] = await stack.enqueue([{ type: 'POST_AS', mode: 'REAL', payload }]);
  const row = await until(
    'it is posted',
    async () => {
      const found = (await stack.rows()).find((one) => one.id === id);
      if (found?.finished_at && found.status !== 'SUCCESS') throw new Error(`${found.status}: ${found.last_error}`);
      return found?.status === 'SUCCESS' && found;
    },
    30_000,
  );
  expect(row).toMatchObject({ attempts: 2, receipt: { repeated: true, uri: expect.stringMatching(/^at:/u) } });
  expect(server.posts()).toHaveLength(1);
  expect(server.posts()[0]?.value).toMatchObject({ text: 'Once', embed: { images: [{ alt: 'A square' }] } });
  expect(server.logins()).toBe(1);
}, 60_000);
