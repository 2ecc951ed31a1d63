/** Threads: each post waits for the one before, and replies to it. By the real accounts layer, on three servers. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import type { JsonObject } from '../../src/contracts/http/json.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { approveAction, promoteAction } from '../../src/db/decide/approvals.ts';
import { cancelAction } from '../../src/db/decide/cancel.ts';
import { clearAction, replayAction, resolveAction } from '../../src/db/decide/decisions.ts';
import { presentActions } from '../../src/db/look/present.ts';
import { setFlag } from '../support/engine.ts';
import { accountSettings } from '../support/provider.ts';
import {
  type BlueskyFake,
  blueskyAnswers,
  INSTALL_LIMIT_MS,
  type MastodonServer,
  startBlueskyFake,
  startMastodon,
  startX,
  type XServer,
} from '../support/providers/index.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const PUT = 'POST /xrpc/com.atproto.repo.putRecord';
const BY = { actor: 'a person' };

let stack: TestStack;
let bluesky: BlueskyFake;
let mastodon: MastodonServer;
let x: XServer;
beforeAll(async () => {
  quietRuntime();
  [stack, bluesky, mastodon, x] = await Promise.all([createTestStack(), startBlueskyFake(), startMastodon(), startX()]);
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'max_actions_per_tick', 50);
  await setFlag(stack.db, 'proof_only', false);
  const budget = { perHour: 1_000 };
  const secret = (env: string) => ({ env });
  const entries = {
    'a-bluesky': {
      provider: 'bluesky',
      service: bluesky.url,
      identifier: bluesky.account.handle,
      appPassword: secret('BLUESKY'),
      budget,
    },
    'a-mastodon': {
      provider: 'mastodon',
      url: mastodon.url,
      handle: mastodon.account.handle,
      accessToken: secret('MASTODON'),
      budget,
    },
    'an-x': {
      provider: 'x',
      server: x.url,
      apiKey: secret('X_KEY'),
      apiSecret: secret('X_KEY_SECRET'),
      accessToken: secret('X_TOKEN'),
      accessSecret: secret('X_TOKEN_SECRET'),
      budget,
    },
  };
  const { consumerKey, consumerSecret, token, tokenSecret } = x.oauth1;
  const secrets = {
    BLUESKY: bluesky.account.appPassword,
    MASTODON: mastodon.accessToken,
    X_KEY: consumerKey,
    X_KEY_SECRET: consumerSecret,
    X_TOKEN: token,
    X_TOKEN_SECRET: tokenSecret,
  };
  const accounts = accountSettings(entries, secrets);
  await stack.startWorker({ proofMode: false, accounts, secretsKeys: [randomBytes(32)] });
}, INSTALL_LIMIT_MS);
afterAll(async () => {
  await stack?.stop();
  await Promise.all([bluesky, mastodon, x].map((server) => server?.close()));
}, 60_000);
beforeEach(() => bluesky.behave());

async function post(payload: JsonObject, more: object = {}): Promise<string> {
  const [id = ''] = await stack.enqueue([
    { type: 'POST_SOCIAL', mode: 'REAL', payload: { platform: 'bluesky', ...payload }, ...more },
  ]);
  return id;
}
const rowOf = async (id: string) => (await stack.rows()).find((row) => row.id === id);
const becomes = (id: string, status: ActionRow['status']) =>
  until(`${id} is ${status}`, async (): Promise<ActionRow | false> => {
    const row = await rowOf(id);
    if (row && row.status !== status && ['SUCCESS', 'DLQ', 'CANCELLED', 'UNCONFIRMED'].includes(row.status)) {
      throw new Error(`${id} is ${row.status}: ${row.last_error}`);
    }
    return row?.status === status && row;
  });
/** It is back in the queue, says what it waits for, and has used nothing. */
const waitsFor = (id: string, why: string) =>
  until(`${id} waits: ${why}`, async () => {
    const row = await rowOf(id);
    if (row?.finished_at) throw new Error(`${id} is ${row.status}: ${row.last_error}`);
    const isWaiting = row?.status === 'PENDING' && row.held_by !== null && row.last_error?.includes(why);
    if (isWaiting) expect(row.attempts).toBe(0);
    return isWaiting && row;
  });
const textsOnBluesky = () => bluesky.posts().map(({ value }) => value.text);

describe('three posts that are queued at once', () => {
  test('Bluesky: each replies to the one before, the first is the root of all', async () => {
    const one = await post({ content: 'B one' });
    const two = await post({ content: 'B two', replyTo: `action:${one}` });
    const three = await post({ content: 'B three', replyTo: `action:${two}` });
    await becomes(three, 'SUCCESS');
    const [third, second, first] = bluesky.posts();
    const reference = (record: typeof first) => ({ uri: record?.uri, cid: record?.cid });
    expect(first?.value.text).toBe('B one');
    expect(second?.value).toMatchObject({ text: 'B two', reply: { root: reference(first), parent: reference(first) } });
    expect(third?.value).toMatchObject({
      text: 'B three',
      reply: { root: reference(first), parent: reference(second) },
    });
    // What was approved names the action, not its post.
    const row = await rowOf(two);
    const bytes = await createArtifactStore(`file:${stack.artifactFolder}`).get(row?.artifact_uri ?? '');
    const artifact = Buffer.from(bytes).toString('utf8');
    expect(JSON.parse(artifact)).toMatchObject({
      preparations: [{ name: 'parent', request: { protocol: 'receipt', action: one } }],
      preview: { replyTo: `the post of action ${one}` },
    });
    expect(artifact).not.toContain(first?.uri);
  }, 60_000);

  test('Mastodon: each status is a reply to the one before', async () => {
    const one = await post({ platform: 'mastodon', content: 'M one' });
    const two = await post({ platform: 'mastodon', content: 'M two', replyTo: `action:${one}` });
    const three = await post({ platform: 'mastodon', content: 'M three', replyTo: `action:${two}` });
    await becomes(three, 'SUCCESS');
    const [third, second, first] = await mastodon.statuses();
    expect([first, second, third].map((status) => status?.in_reply_to_id)).toEqual([null, first?.id, second?.id]);
    expect(third?.content).toContain('M three');
  }, 60_000);

  test('X: each is a reply to the one before', async () => {
    const one = await post({ platform: 'x', content: 'X one' });
    const two = await post({ platform: 'x', content: 'X two', replyTo: `action:${one}` });
    const three = await post({ platform: 'x', content: 'X three', replyTo: `action:${two}` });
    await becomes(three, 'SUCCESS');
    const [first, second, third] = x.posts();
    expect([first, second, third].map((each) => each?.replyTo)).toEqual([undefined, first?.id, second?.id]);
  }, 60_000);

  test('an answer that is lost is found by reading, reply and all', async () => {
    const one = await post({ platform: 'x', content: 'X lost one' });
    await becomes(one, 'SUCCESS');
    x.misbehave({ at: 'POST /2/tweets', how: 'store_then_drop' });
    const two = await post({ platform: 'x', content: 'X lost two', replyTo: `action:${one}` });
    expect(await becomes(two, 'SUCCESS')).toMatchObject({ attempts: 1, receipt: { foundByReading: true } });
    expect(x.posts().filter(({ text }) => text === 'X lost two')).toHaveLength(1);
  }, 60_000);
});

describe('while the post before is not there', () => {
  test('a reply waits for a person who approves that one, uses no attempt, and then goes within seconds', async () => {
    const one = await post({ content: 'approved later' }, { requireApproval: true });
    const two = await post({ content: 'after that', replyTo: `action:${one}` });
    const asked = await becomes(one, 'AWAITING_APPROVAL');
    await waitsFor(two, `action ${one} comes before it, and waits for a person to approve it`);
    const held = await waitsFor(two, one);
    const [shown] = await presentActions(stack.db, [held], { link: () => null, approvalTtlMs: 1_000 });
    expect(shown?.waiting).toMatch(/waits for a person to approve it \(it looks again at /u);
    await approveAction(stack.db, one, asked.artifact_sha256 ?? '', BY);
    await stack.gateway.signal('aol/default', 'wake');
    await becomes(two, 'SUCCESS');
    expect(textsOnBluesky().slice(0, 2)).toEqual(['after that', 'approved later']);
  }, 60_000);

  test('a dead letter is waited for: replayed, both go', async () => {
    bluesky.misbehave({ at: PUT, how: 'answer', answer: blueskyAnswers.error(400, 'InvalidRequest', 'no') });
    const one = await post({ content: 'refused once' });
    const two = await post({ content: 'after the refused one', replyTo: `action:${one}` });
    await becomes(one, 'DLQ');
    await waitsFor(two, 'failed for good: replay or clear it');
    await replayAction(stack.db, one, BY);
    await stack.gateway.signal('aol/default', 'wake');
    await becomes(two, 'SUCCESS');
  }, 60_000);

  test.each(['cancelled', 'cleared'])(
    'one that is %s ends what comes after it, with the reason, and nothing is sent',
    async (how) => {
      if (how === 'cleared') {
        bluesky.misbehave({ at: PUT, how: 'answer', answer: blueskyAnswers.error(400, 'InvalidRequest', 'no') });
      }
      const one = await post({ content: `to be ${how}` }, { requireApproval: how === 'cancelled' });
      const two = await post({ content: `after the ${how} one`, replyTo: `action:${one}` });
      const three = await post({ content: 'after that', replyTo: `action:${two}` });
      await becomes(one, how === 'cleared' ? 'DLQ' : 'AWAITING_APPROVAL');
      await waitsFor(two, one);
      if (how === 'cleared') await clearAction(stack.db, one, BY);
      else await cancelAction(stack.db, one, BY);
      expect(await becomes(two, 'DLQ')).toMatchObject({
        dlq_reason: 'rejected',
        attempts: 0,
        last_error: `action ${one} comes before it, and will not be done`,
      });
      // Somebody may still find a way for that one.
      await waitsFor(three, `action ${two} comes before it, and failed for good`);
      expect(textsOnBluesky()).not.toContain(`after the ${how} one`);
    },
    60_000,
  );

  test('what may have been sent is for a person; where there is no receipt there is nothing to reply to', async () => {
    const one = await post({ platform: 'x', content: 'X unknown' });
    await becomes(one, 'SUCCESS');
    await stack.db.query('ALTER TABLE aol_actions DISABLE TRIGGER USER');
    await stack.db.query(
      `UPDATE aol_actions SET status = 'UNCONFIRMED', receipt = NULL, finished_at = NULL WHERE id = $1`,
      [one],
    );
    await stack.db.query('ALTER TABLE aol_actions ENABLE TRIGGER USER');
    const two = await post({ platform: 'x', content: 'X after', replyTo: `action:${one}` });
    await waitsFor(two, 'may have been sent, or not');
    await resolveAction(stack.db, one, 'sent', BY);
    expect(await becomes(two, 'DLQ')).toMatchObject({
      last_error: expect.stringContaining('the action that is replied to has left no post on X'),
    });
  }, 60_000);

  test('a post that its author has deleted since is not replied to, nor one of another platform', async () => {
    const one = await post({ content: 'deleted soon' });
    await becomes(one, 'SUCCESS');
    bluesky.remove(bluesky.posts()[0]?.rkey ?? '');
    const two = await post({ content: 'to nobody', replyTo: `action:${one}` });
    expect(await becomes(two, 'DLQ')).toMatchObject({ last_error: expect.stringContaining('is not there') });
    const three = await post({ platform: 'mastodon', content: 'elsewhere', replyTo: `action:${one}` });
    expect(await becomes(three, 'DLQ')).toMatchObject({
      last_error: expect.stringContaining('has left no post on Mastodon'),
    });
  }, 60_000);
});

test('proofs of a thread are promoted in any order: the reply goes to what the first proof became', async () => {
  const one = await post({ content: 'proved one' }, { mode: 'PROOF' });
  const two = await post({ content: 'proved two', replyTo: `action:${one}` }, { mode: 'PROOF' });
  const proofs = [await becomes(one, 'SUCCESS'), await becomes(two, 'SUCCESS')];
  const promoted = async (proof: ActionRow | undefined) =>
    (await promoteAction(stack.db, proof?.id ?? '', proof?.artifact_sha256 ?? '', BY)).row.id;
  const reply = await promoted(proofs[1]);
  await stack.gateway.signal('aol/default', 'wake');
  await waitsFor(reply, `action ${one} comes before it, and is a proof: promote it`);
  const first = await promoted(proofs[0]);
  await stack.gateway.signal('aol/default', 'wake');
  await becomes(first, 'SUCCESS');
  expect(await becomes(reply, 'SUCCESS')).toMatchObject({ artifact_sha256: proofs[1]?.artifact_sha256 });
  const [second, root] = bluesky.posts();
  expect(root?.value.text).toBe('proved one');
  expect(second?.value).toMatchObject({ text: 'proved two', reply: { parent: { uri: root?.uri } } });
}, 60_000);
