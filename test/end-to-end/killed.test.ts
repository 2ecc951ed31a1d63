/** A worker that is killed at each step of a post with pictures: whatever had happened by then, there is one post. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { png } from '../support/pictures.ts';
import { type Product, START_LIMIT_MS, startProduct } from '../support/product.ts';
import { type BlueskyFake, type How, startBlueskyFake } from '../support/providers/index.ts';
import { until } from '../support/until.ts';

const UPLOAD = '/xrpc/com.atproto.repo.uploadBlob';
const PUT = '/xrpc/com.atproto.repo.putRecord';

let product: Product;
let bluesky: BlueskyFake;
let kill: () => Promise<void>;

beforeAll(async () => {
  bluesky = await startBlueskyFake();
  product = await startProduct({
    AOL_PROOF_MODE: '0',
    AOL_SECRETS_KEY: randomBytes(32).toString('base64'),
    BLUESKY_SERVICE: bluesky.url,
    BLUESKY_IDENTIFIER: bluesky.account.handle,
    BLUESKY_APP_PASSWORD: bluesky.account.appPassword,
  });
  kill = product.killWorker;
  await product.client.patchFlags({ flags: { proof_only: false, tick_interval_ms: 0 } });
  // A new account would wait after five.
  await until('its account is known', async () => (await product.client.listAccounts()).items.length > 0);
  const limits = [{ span: 'hour', limit: 100 } as const];
  await product.client.setBudget({ scope: 'account', name: 'bluesky.default', limits });
}, START_LIMIT_MS);
afterAll(async () => {
  await product?.close();
  await bluesky?.close();
}, START_LIMIT_MS);

const LOG_IN = '/xrpc/com.atproto.server.createSession';

test.each<[when: string, path: string, how: How, after: number]>([
  ['before a preparation', LOG_IN, 'hang', 0],
  ['in a preparation', UPLOAD, 'hang', 0],
  ['after a preparation, whose answer it never saw', UPLOAD, 'store_then_hang', 0],
  ['between two preparations', UPLOAD, 'hang', 1],
  ['in the effect, before the post is there', PUT, 'hang', 0],
  ['in the effect, after the post is there', PUT, 'store_then_hang', 0],
])(
  'case 1: killed %s: exactly one post, with its pictures',
  async (when, path, how, after) => {
    const { client } = product;
    const seenBefore = bluesky.seen().filter((one) => one.path === path).length;
    bluesky.misbehave({ at: `POST ${path}`, how, after });
    const pictures = await Promise.all([40, 41].map((width) => client.putBlob(png(width, 30), 'image/png')));
    const media = pictures.map(({ sha256 }, index) => ({ sha256, alt: `Picture ${index}` }));
    const payload = { platform: 'bluesky' as const, content: when, media };
    const { id } = await client.enqueue({ type: 'POST_SOCIAL', mode: 'REAL', payload });
    await until('it hangs', () => bluesky.seen().filter((one) => one.path === path).length > seenBefore + after);
    await kill();
    bluesky.behave();
    const worker = product.startWorker();
    kill = () => worker.stop('SIGKILL');
    const action = await until(
      'it is posted',
      async () => {
        const found = await client.getAction(id);
        if (found.finishedAt !== null && found.status !== 'SUCCESS')
          throw new Error(`${found.status}: ${found.lastError}`);
        return found.status === 'SUCCESS' && found;
      },
      START_LIMIT_MS,
    );
    const posts = bluesky.posts().filter(({ value }) => value.text === when);
    expect(posts).toHaveLength(1);
    expect(posts[0]?.value).toMatchObject({ embed: { images: [{ alt: 'Picture 0' }, { alt: 'Picture 1' }] } });
    expect(action.receipt).toMatchObject({ uri: posts[0]?.uri });
  },
  90_000,
);
