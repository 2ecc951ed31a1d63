/** Posts through the real engine: answers get lost, and each post is there once. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { approveAction } from '../../src/db/decide/approvals.ts';
import { rescheduleAction } from '../../src/db/decide/revise.ts';
import { setFlag } from '../support/engine.ts';
import { png } from '../support/pictures.ts';
import { INSTALL_LIMIT_MS, startBlueskyFake, startMastodon } from '../support/providers/index.ts';
import { postsAs } from '../support/social.ts';
import { posterOf, type Who } from '../support/social-posters.ts';
import { runUntilItDies, storePicture } from '../support/social-scene.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const POST_STATUS = 'POST /api/v1/statuses';

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

test('Bluesky: a post that was approved and then given another time has the date of its sending, also after a worker died with it', async () => {
  const server = await startBlueskyFake();
  const { handle, appPassword } = server.account;
  const who: Who = { provider: 'bluesky', identity: handle, server: server.url, secret: appPassword };
  const worker = await stack.startWorker({ adapters: [postsAs(posterOf(who))], proofMode: false });
  const runAt = new Date(Date.now() + 3_600_000).toISOString();
  const payload = { platform: 'bluesky', content: 'Later' };
  const [id = ''] = await stack.enqueue([{ type: 'POST_AS', mode: 'REAL', requireApproval: true, runAt, payload }]);
  const row = async () => (await stack.rows()).find((one) => one.id === id);
  await until('it asks', async () => (await row())?.status === 'AWAITING_APPROVAL');
  await worker.shutdown();
  await approveAction(stack.db, id, (await row())?.artifact_sha256 ?? '', { actor: 'a person' });
  const movedAt = new Date().toISOString();
  await rescheduleAction(stack.db, id, movedAt, { actor: 'a person' });

  expect(await runUntilItDies(stack, { ...who, dies: 'after' })).toBe('SIGKILL');
  const [first] = server.posts();
  await stack.startWorker({ adapters: [postsAs(posterOf(who))], proofMode: false });
  await until('it is posted', async () => (await row())?.status === 'SUCCESS', 30_000);
  const createdAt = String(first?.value.createdAt);
  expect(createdAt > movedAt).toBe(true);
  expect(server.posts()).toEqual([first]);
  expect(await row()).toMatchObject({ attempts: 2, receipt: { repeated: true, createdAt } });
  await server.close();
}, 120_000);

test(
  'case 10: a status that is stored after its answer was given up is repeated a minute later, and is one',
  async () => {
    const server = await startMastodon();
    server.misbehave({ at: POST_STATUS, how: 'status_504', storesAfterMs: 2_000 });
    const { accessToken: secret, account } = server;
    const who: Who = { provider: 'mastodon', identity: account.handle, server: server.url, secret };
    await stack.startWorker({ adapters: [postsAs(posterOf(who))], proofMode: false });
    const payload = { platform: 'mastodon', content: 'Stored late' };
    const [id] = await stack.enqueue([{ type: 'POST_AS', mode: 'REAL', payload }]);
    const row = async () => (await stack.rows()).find((one) => one.id === id);
    const requests = () => server.seen().filter(({ method, path }) => `${method} ${path}` === POST_STATUS).length;
    await until('it waits for its minute', async () => {
      const found = await row();
      return found?.status === 'PENDING' && found.run_at.getTime() > Date.now() + 50_000;
    });
    await until('it is stored', async () => (await server.statuses()).length === 1);
    expect([requests(), (await row())?.attempts]).toEqual([1, 1]);
    // The minute passes: for the gate by the log, for the queue by the row.
    await stack.db.query('ALTER TABLE aol_execution_logs DISABLE TRIGGER USER');
    await stack.db.query(`UPDATE aol_execution_logs SET at = at - interval '61 seconds' WHERE action_id = $1`, [id]);
    await stack.db.query('ALTER TABLE aol_execution_logs ENABLE TRIGGER USER');
    await stack.db.query('UPDATE aol_actions SET run_at = clock_timestamp() WHERE id = $1', [id]);
    await until('it is posted', async () => (await row())?.status === 'SUCCESS');
    expect([requests(), (await row())?.attempts]).toEqual([2, 2]);
    const statuses = await server.statuses();
    expect(statuses).toHaveLength(1);
    expect((await row())?.receipt).toMatchObject({ id: statuses[0]?.id });
    await server.close();
  },
  INSTALL_LIMIT_MS,
);

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
