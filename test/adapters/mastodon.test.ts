/** Mastodon through the adapter: the rows of its tables, against a server of others behind a proxy that loses answers. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mastodon } from '../../src/adapters/post-social/mastodon/index.ts';
import type { AccountContext } from '../../src/adapters/provider.ts';
import type { JsonObject } from '../../src/contracts/http/json.ts';
import { canonicalJson } from '../../src/domain/hashing.ts';
import { abortOnTheWire } from '../support/abort.ts';
import { memoryBlobs, performContext } from '../support/contexts.ts';
import { png } from '../support/pictures.ts';
import {
  type Answer,
  headerOf,
  INSTALL_LIMIT_MS,
  type MastodonServer,
  startMastodon,
} from '../support/providers/index.ts';
import { play, posterAt, posts } from '../support/social.ts';

const POST = 'POST /api/v1/statuses';
const UPLOAD = 'POST /api/v2/media';
const HELLO = { platform: 'mastodon', content: 'Hello' };
const LONG_AGO = new Date(Date.now() - 10 * 60_000);
const { provider } = mastodon;

let server: MastodonServer;
let actions = 0;

beforeAll(async () => {
  server = await startMastodon();
}, INSTALL_LIMIT_MS);
afterAll(() => server?.close());
beforeEach(() => server.behave());

const credential = async () => ({ accessToken: server.accessToken });
/** Each is an action of its own. */
const fresh = (post: unknown, more = {}, facts: JsonObject = {}) => {
  actions += 1;
  const account = posterAt('mastodon', server.account.handle, server.url, facts);
  const actionId = `01937e4a-5b6c-7d8e-9f02-${String(actions).padStart(12, '0')}`;
  return play(post, { account, credential }, { actionId, ...more });
};
const requests = (path: string) => server.seen().filter((seen) => seen.path === path);
const refusal = (status: number, error: string, headers = {}): Answer => ({ status, headers, body: { error } });

describe('one status', () => {
  test('what PROOF stored is what the server gets, and never a time to post at (case 11)', async () => {
    const post = await fresh({
      ...HELLO,
      content: 'Grüße 👋',
      audience: 'unlisted',
      language: 'de',
      warning: 'Greetings',
    });
    const outcome = await post.perform();
    expect(outcome).toMatchObject({
      kind: 'done',
      receipt: { status: 200, id: expect.any(String), url: expect.stringMatching(/^http/u), visibility: 'unlisted' },
    });
    expect(outcome).not.toHaveProperty('refused');
    const received = requests('/api/v1/statuses').at(-1);
    if (!received) throw new Error('nothing came');
    const stored = JSON.parse(new TextDecoder().decode(post.bytes));
    expect(received.body.toString()).toBe(canonicalJson(stored.request.body.value));
    expect(received.body.toString()).not.toContain('scheduled_at');
    expect(headerOf(received, 'idempotency-key')).toBe(post.context().providerKey);
    expect((await server.statuses())[0]).toMatchObject({ spoiler_text: 'Greetings', language: 'de' });
    expect(JSON.stringify(outcome)).not.toContain('canary');
  });

  test('an answer that is lost: the repeat under the same key is the same status', async () => {
    const [post, before] = [await fresh(HELLO), (await server.statuses()).length];
    server.misbehave({ at: POST, how: 'store_then_drop' });
    expect(await post.perform()).toMatchObject({ kind: 'unknown' });
    expect(await post.perform({ attempt: 2 })).toMatchObject({ kind: 'done' });
    expect((await server.statuses()).length).toBe(before + 1);
  });

  test('case 9: a repeat that answers 500 although the status is there: found by reading', async () => {
    const post = await fresh({ ...HELLO, content: 'Case nine: “é”', warning: 'A warning' });
    server.misbehave({ at: POST, how: 'store_then_status_500' });
    server.misbehave({ at: POST, how: 'status_500' });
    expect(await post.perform()).toMatchObject({ kind: 'unknown' });
    expect(await post.perform({ attempt: 2 })).toMatchObject({ kind: 'unknown' });
    expect(await post.reconcile({ attempt: 2, firstAttemptAt: new Date(Date.now() - 1_000) })).toMatchObject({
      kind: 'happened',
      receipt: { foundByReading: true, id: expect.any(String), url: expect.any(String) },
    });
  });

  test('case 10: no repeat within a minute, none after 50, and none at all where the key is not known', () => {
    const account = (software: string) => posterAt('mastodon', '@a@b', server.url, { software });
    expect(mastodon.redelivery(account('mastodon'))).toEqual({
      kind: 'dedupes',
      windowMs: 50 * 60_000,
      settleMs: 60_000,
    });
    for (const software of ['gotosocial', 'unheard-of', ''])
      expect(mastodon.redelivery(account(software))).toEqual({ kind: 'neither' });
    expect(posts.redelivery(HELLO).kind).toBe('dedupes');
  });

  test('a status that is not there: not known while it may still come, then it did not happen', async () => {
    const post = await fresh({ ...HELLO, content: 'Never posted' });
    expect(await post.reconcile()).toMatchObject({ kind: 'cannot_tell', askAgainAfterMs: 30_000 });
    expect(await post.reconcile({ firstAttemptAt: LONG_AGO })).toEqual({ kind: 'did_not_happen' });
    expect(await post.reconcile({ firstAttemptAt: LONG_AGO, lastAttemptAt: new Date() })).toMatchObject({
      kind: 'cannot_tell',
    });
    server.misbehave({ at: 'GET /api/v1/accounts/{}/statuses', how: 'status_502' });
    expect(await post.reconcile({ firstAttemptAt: LONG_AGO })).toMatchObject({ kind: 'cannot_tell' });
  });

  test('the same text of before is not our status, and neither is one for others', async () => {
    const [first, second] = [await fresh({ ...HELLO, content: 'Twice' }), await fresh({ ...HELLO, content: 'Twice' })];
    await first.perform();
    const later = new Date(Date.now() + 2 * 60_000);
    expect(await second.reconcile({ firstAttemptAt: later })).toMatchObject({ kind: 'cannot_tell' });
    const unlisted = await fresh({ ...HELLO, content: 'Twice', audience: 'unlisted' });
    expect(await unlisted.reconcile({ firstAttemptAt: new Date(Date.now() - 200_000) })).toEqual({
      kind: 'did_not_happen',
    });
  });
});

describe('pictures', () => {
  test('cases 12, 13 and 32: uploaded as they are, waited for, attached, and counted in the answer', async () => {
    const blobs = memoryBlobs();
    const bytes = png(40, 30);
    const picture = await blobs.keep(bytes, 'image/png');
    const post = await fresh({ ...HELLO, media: [{ sha256: picture.sha256, alt: 'A “square”' }] }, { blobs });
    server.misbehave({ at: UPLOAD, how: 'answer', answer: { status: 202, body: { id: '77', url: null } } });
    server.misbehave({
      at: 'GET /api/v1/media/{}',
      how: 'answer',
      answer: { status: 206, body: { id: '77', url: null } },
    });
    // It was thrown away meanwhile, and is uploaded again.
    server.misbehave({ at: 'GET /api/v1/media/{}', how: 'answer', answer: refusal(404, 'Record not found') });
    const before = requests('/api/v1/statuses').length;
    await post.prepare();
    expect(requests('/api/v1/statuses').length).toBe(before);
    expect(requests('/api/v1/media/77').length).toBe(2);
    const upload = requests('/api/v2/media').at(-1);
    expect(upload?.body.includes(bytes)).toBe(true);
    expect(upload?.body.toString()).toContain('A “square”');
    const outcome = await post.perform();
    expect(outcome).toMatchObject({ kind: 'done', receipt: { attachments: 1 } });
    expect(outcome).not.toHaveProperty('refused');
    expect((await server.statuses())[0]).toMatchObject({ media_attachments: [{ description: 'A “square”' }] });
  });

  test('case 13: a status that came out without its pictures is done, and says what is missing', async () => {
    const blobs = memoryBlobs();
    const { sha256 } = await blobs.keep(png(5, 5), 'image/png');
    const post = await fresh({ ...HELLO, media: [{ sha256 }] }, { blobs });
    await post.prepare();
    server.misbehave({ at: POST, how: 'answer', answer: { status: 200, body: { id: '1', media_attachments: [] } } });
    expect(await post.perform()).toMatchObject({ kind: 'done', refused: [expect.stringContaining('1 of 1 pictures')] });
  });

  test('case 12: "not finished processing" is not sent, and waits', async () => {
    const post = await fresh(HELLO);
    const answer = refusal(422, 'Cannot attach files that have not finished processing. Try again in a moment!');
    server.misbehave({ at: POST, how: 'answer', answer });
    expect(await post.perform()).toMatchObject({ kind: 'not_sent', retryAfterMs: 5_000 });
  });

  test('what fails while uploading can be done again', async () => {
    const blobs = memoryBlobs();
    const { sha256 } = await blobs.keep(png(6, 6), 'image/png');
    const post = await fresh({ ...HELLO, media: [{ sha256 }] }, { blobs });
    for (const how of ['store_then_drop', 'status_500', 'garbage'] as const) {
      server.misbehave({ at: UPLOAD, how });
      await expect(post.prepare()).rejects.toMatchObject({ outcome: { kind: 'not_sent' } });
    }
    server.misbehave({
      at: UPLOAD,
      how: 'answer',
      answer: refusal(422, 'Validation failed: file type is not supported'),
    });
    await expect(post.prepare()).rejects.toMatchObject({ outcome: { kind: 'rejected' } });
  });

  test('an instance may allow less: said by the proof', async () => {
    const blobs = memoryBlobs();
    const { sha256 } = await blobs.keep(png(6, 6), 'image/png');
    await expect(fresh(HELLO, {}, { maxCharacters: 4 })).rejects.toThrow(/takes 4 characters, and this post has 5/u);
    const withPicture = { ...HELLO, media: [{ sha256 }] };
    await expect(fresh(withPicture, { blobs }, { imageBytes: 10 })).rejects.toThrow(/pictures of 10 bytes/u);
    await expect(fresh(withPicture, { blobs }, { mediaTypes: ['image/gif'] })).rejects.toThrow(/takes no image\/png/u);
  });
});

describe('answers', () => {
  const reset = new Date(Date.now() + 1_800_000).toISOString();
  test.each([
    [refusal(401, 'The access token is invalid'), { kind: 'on_hold', needsLogin: true }],
    [refusal(401, 'The access token was revoked'), { kind: 'on_hold', needsLogin: true }],
    [refusal(403, 'Your login is currently disabled'), { kind: 'on_hold' }],
    [refusal(403, 'This action is not allowed'), { kind: 'rejected' }],
    [refusal(404, 'Record not found'), { kind: 'rejected' }],
    [refusal(422, 'Validation failed: Text character limit of 500 exceeded'), { kind: 'rejected' }],
    [refusal(422, 'Media 7 not found or already attached to another post'), { kind: 'rejected' }],
    [
      refusal(429, 'Too many requests', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }),
      { kind: 'not_sent', retryAfterMs: expect.any(Number), limits: [{ remaining: 0, resetAt: Date.parse(reset) }] },
    ],
    [refusal(500, 'There was a problem'), { kind: 'unknown' }],
    [refusal(503, 'There was a temporary problem'), { kind: 'unknown' }],
    [refusal(504, ''), { kind: 'unknown' }],
  ])('%j', async (answer, expected) => {
    const post = await fresh(HELLO);
    server.misbehave({ at: POST, how: 'answer', answer });
    const before = requests('/api/v1/statuses').length;
    expect(await post.perform()).toMatchObject(expected);
    expect(requests('/api/v1/statuses').length).toBe(before + 1);
  });

  test('an abort is heeded within a second', async () => {
    const post = await fresh(HELLO);
    server.misbehave({ at: POST, how: 'hang' });
    const { outcome, tookMs } = await abortOnTheWire(server, (signal) => post.perform({ signal }));
    expect(outcome).toMatchObject({ kind: 'unknown' });
    expect(tookMs).toBeLessThan(1_000);
  });

  test('a page instead of an answer is unknown', async () => {
    const post = await fresh(HELLO);
    server.misbehave({ at: POST, how: 'garbage' });
    expect(await post.perform()).toMatchObject({ kind: 'unknown' });
  });
});

test('a check names the account, the software and the limits of the instance', async () => {
  const context: AccountContext<unknown> = {
    settings: { url: server.url, accessToken: { env: 'MASTODON_ACCESS_TOKEN' } },
    secrets: { accessToken: server.accessToken },
    exchange: performContext({ allow: [new URL(server.url).host] }).exchange,
    signal: new AbortController().signal,
  };
  expect(await provider.check({ ...context, credential: await credential() })).toMatchObject({
    kind: 'ready',
    identity: expect.stringMatching(/^@ops@/u),
    facts: { accountId: server.account.id, software: 'mastodon', maxCharacters: 500, maxAttachments: 4 },
  });
  expect(await provider.check({ ...context, credential: { accessToken: 'wrong' } })).toMatchObject({
    kind: 'needs_login',
  });
});
