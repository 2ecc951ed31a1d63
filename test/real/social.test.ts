/** Posts on servers of others, with workers that are killed between upload and post, and after the post: each is there once. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { memoryBlobs } from '../support/contexts.ts';
import { setFlag } from '../support/engine.ts';
import { png } from '../support/pictures.ts';
import {
  type BlueskyServer,
  INSTALL_LIMIT_MS,
  type MastodonServer,
  startBluesky,
  startMastodon,
} from '../support/providers/index.ts';
import { play, postsAs } from '../support/social.ts';
import { posterOf, type Who } from '../support/social-posters.ts';
import { runUntilItDies, storePicture } from '../support/social-scene.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
}, 60_000);
afterAll(() => stack.stop(), 60_000);

/** The second of two posts, of which the first is made by a worker that dies before it can say so. */
async function threadThroughDeath(who: Who) {
  const queue = (payload: object) =>
    stack.enqueue([{ type: 'POST_AS', mode: 'REAL', payload: { platform: who.provider, ...payload } }]);
  const [one] = await queue({ content: 'Thread one' });
  const [two] = await queue({ content: 'Thread two', replyTo: `action:${one}` });
  expect(await runUntilItDies(stack, { ...who, dies: 'after' })).toBe('SIGKILL');
  const worker = await stack.startWorker({ adapters: [postsAs(posterOf(who))], proofMode: false });
  await until(
    'both are posted',
    async () => {
      const found = (await stack.rows()).filter(({ id }) => id === one || id === two);
      const failed = found.find((row) => row.finished_at && row.status !== 'SUCCESS');
      if (failed) throw new Error(`${failed.status}: ${failed.last_error}`);
      return found.every(({ status }) => status === 'SUCCESS');
    },
    200_000,
  );
  await worker.shutdown();
}

async function throughDeaths(who: Who, payload: object, deaths: readonly ('before' | 'after')[]) {
  const [id] = await stack.enqueue([
    { type: 'POST_AS', mode: 'REAL', payload: { platform: who.provider, ...payload } },
  ]);
  for (const dies of deaths) expect(await runUntilItDies(stack, { ...who, dies })).toBe('SIGKILL');
  const worker = await stack.startWorker({ adapters: [postsAs(posterOf(who))], proofMode: false });
  const row = await until(
    'it is posted',
    async () => {
      const found = (await stack.rows()).find((one) => one.id === id);
      if (found?.finished_at && found.status !== 'SUCCESS') throw new Error(`${found.status}: ${found.last_error}`);
      return found?.status === 'SUCCESS' && found;
    },
    200_000,
  );
  await worker.shutdown();
  return row;
}

describe("Bluesky's own server", () => {
  let server: BlueskyServer;
  let who: Who;
  beforeAll(async () => {
    server = await startBluesky();
    const [{ handle, appPassword }] = server.accounts;
    who = { provider: 'bluesky', identity: handle, server: server.url, secret: appPassword };
  }, INSTALL_LIMIT_MS);
  afterAll(() => server?.close());

  test('kill -9 between upload and record, and after the record: exactly one post, its picture in it', async () => {
    const bytes = png(64, 48);
    const sha256 = await storePicture(stack, bytes);
    const row = await throughDeaths(who, { content: 'Killed 👍 #aol', media: [{ sha256, alt: 'A square' }] }, [
      'before',
      'after',
    ]);
    expect(row.receipt).toMatchObject({ uri: expect.stringMatching(/^at:\/\/did:/u), repeated: true });
    const posts = (await server.posts(server.accounts[0])).filter(({ value }) => value.text === 'Killed 👍 #aol');
    expect(posts).toHaveLength(1);
    const embed = z
      .object({ images: z.tuple([z.object({ image: z.object({ ref: z.object({ $link: z.string() }) }) })]) })
      .parse(posts[0]?.value.embed);
    const stored = await server.blob(server.accounts[0], embed.images[0].image.ref.$link);
    expect(sha256Hex(stored)).toBe(sha256);
  }, 240_000);

  test('a thread whose worker is killed after its first post: each post once, the second replies to the first', async () => {
    await threadThroughDeath(who);
    const posts = await server.posts(server.accounts[0]);
    const [one, ...others] = posts.filter(({ value }) => value.text === 'Thread one');
    expect(others).toEqual([]);
    const reference = { uri: one?.uri, cid: one?.cid };
    expect(posts.filter(({ value }) => value.text === 'Thread two')).toMatchObject([
      { value: { reply: { root: reference, parent: reference } } },
    ]);
  }, 240_000);

  test('a reply, a card with its picture, facets and a language are taken as they stand, and a session is renewed', async () => {
    const poster = posterOf(who);
    const first = await play({ platform: 'bluesky', content: '👍 https://x.test #aol', language: 'en' }, poster);
    expect(await first.perform()).toMatchObject({ kind: 'done' });
    const all = await server.posts(server.accounts[0]);
    const parent = all.find(({ value }) => value.text === '👍 https://x.test #aol');
    const card = { title: 'Example', description: 'A domain' };
    const blobs = memoryBlobs();
    const media = [{ sha256: (await blobs.keep(png(48, 32), 'image/png')).sha256 }];
    const link = 'https://example.com/';
    const reply = { platform: 'bluesky', content: 'Yes', replyTo: parent?.uri, link, card, media };
    await poster.credential({ renew: true });
    const second = await play(reply, poster, { actionId: '01937e4a-5b6c-7d8e-9f01-23456789abce', blobs });
    await second.prepare();
    expect(await second.perform()).toMatchObject({ kind: 'done' });
    expect(await second.perform({ attempt: 2 })).toMatchObject({ kind: 'done', receipt: { repeated: true } });
    expect(await second.reconcile()).toMatchObject({ kind: 'happened' });
    const posts = await server.posts(server.accounts[0]);
    expect(posts.map(({ value }) => value)).toContainEqual(
      expect.objectContaining({
        reply: { root: { uri: parent?.uri, cid: parent?.cid }, parent: { uri: parent?.uri, cid: parent?.cid } },
      }),
    );
  }, 60_000);
});

describe('mastodon-mock', () => {
  let server: MastodonServer;
  beforeAll(async () => {
    server = await startMastodon();
  }, INSTALL_LIMIT_MS);
  afterAll(() => server?.close());

  test('a thread whose worker is killed after its first status: each once, the second replies to the first', async () => {
    const { accessToken: secret, account } = server;
    await threadThroughDeath({ provider: 'mastodon', identity: account.handle, server: server.url, secret });
    const statuses = (await server.statuses()).filter(({ content }) => content.includes('Thread'));
    const [two, one] = statuses;
    expect(statuses).toHaveLength(2);
    expect(two?.in_reply_to_id).toBe(one?.id);
  }, 240_000);

  test('kill -9 after the status: exactly one, its picture in it', async () => {
    const { accessToken: secret, account } = server;
    const who: Who = { provider: 'mastodon', identity: account.handle, server: server.url, secret };
    const sha256 = await storePicture(stack, png(30, 20));
    const row = await throughDeaths(who, { content: 'Killed once', media: [{ sha256, alt: 'A square' }] }, ['after']);
    expect(row.receipt).toMatchObject({ id: expect.any(String), attachments: 1 });
    const statuses = (await server.statuses()).filter(({ content }) => content.includes('Killed once'));
    expect(statuses).toHaveLength(1);
    expect(statuses[0]?.media_attachments).toHaveLength(1);
  }, 240_000);
});
