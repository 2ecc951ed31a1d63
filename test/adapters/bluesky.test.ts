/** Bluesky through the adapter: the rows of its tables, one by one, against a server that keeps what the real one was measured to do. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Effect, jsonBodyOf } from '../../src/adapters/port.ts';
import { bluesky } from '../../src/adapters/post-social/bluesky/index.ts';
import { cidOf } from '../../src/adapters/post-social/bluesky/record.ts';
import type { AccountContext, Credential } from '../../src/adapters/provider.ts';
import { jsonObjectSchema } from '../../src/contracts/http/json.ts';
import { AolError } from '../../src/domain/errors.ts';
import { canonicalJson, sha256Hex } from '../../src/domain/hashing.ts';
import { abortOnTheWire } from '../support/abort.ts';
import { memoryBlobs, performContext } from '../support/contexts.ts';
import { png } from '../support/pictures.ts';
import { type BlueskyFake, blueskyAnswers, headerOf, startBlueskyFake } from '../support/providers/index.ts';
import { PreparationError, play, posterAt, posts } from '../support/social.ts';

const PUT = 'POST /xrpc/com.atproto.repo.putRecord';
const UPLOAD = 'POST /xrpc/com.atproto.repo.uploadBlob';
const HELLO = { platform: 'bluesky', content: 'Hello' };
const { provider } = bluesky;

let server: BlueskyFake;
let last: Credential | undefined;
let actions = 0;

beforeAll(async () => {
  server = await startBlueskyFake();
});
afterAll(() => server?.close());
beforeEach(() => server.behave());

const signal = new AbortController().signal;
const accountContext = (): AccountContext<unknown> => ({
  settings: { service: server.url, identifier: server.account.handle, appPassword: { env: 'BLUESKY_APP_PASSWORD' } },
  secrets: { appPassword: server.account.appPassword },
  exchange: performContext({ allow: [new URL(server.url).host] }).exchange,
  signal,
});
/** As accounts do it: kept, and renewed when that is asked for. */
async function credential({ renew = false } = {}): Promise<Credential> {
  if (last && !renew) return last;
  const answer = await provider.logIn?.({ ...accountContext(), last });
  if (answer?.kind !== 'logged_in') throw new Error(JSON.stringify(answer));
  last = answer.credential;
  return last;
}
const poster = () => ({ account: posterAt('bluesky', server.account.handle, server.url), credential });
/** Each is an action of its own. */
const fresh = (post: unknown, more = {}) => {
  actions += 1;
  return play(post, poster(), { actionId: `01937e4a-5b6c-7d8e-9f01-${String(actions).padStart(12, '0')}`, ...more });
};
const puts = () => server.seen().filter(({ path }) => path.endsWith('putRecord'));

describe('one post', () => {
  test('what PROOF stored is what the server gets, with nothing added but the authorisation and its date', async () => {
    const post = await fresh({ ...HELLO, content: 'Grüße #aol', link: 'https://example.com/', language: 'de' });
    const firstAttemptAt = new Date('2026-11-23T16:00:00.123Z');
    const outcome = await post.perform({ firstAttemptAt });
    expect(outcome).toMatchObject({
      kind: 'done',
      receipt: {
        status: 200,
        createdAt: firstAttemptAt.toISOString(),
        uri: expect.stringMatching(/^at:/u),
        url: expect.stringMatching(/^https:\/\/bsky\.app\/profile\/did:/u),
      },
    });
    const received = puts().at(-1);
    if (!received) throw new Error('nothing came');
    const stored = JSON.parse(new TextDecoder().decode(post.bytes));
    const { record, ...put } = stored.request.body.value;
    expect(record.createdAt).toBe('<added at sending: when it is first sent>');
    const sent = { ...put, record: { ...record, createdAt: firstAttemptAt.toISOString() } };
    expect(received.body.toString()).toBe(canonicalJson(sent));
    expect(headerOf(received, 'authorization')).toMatch(/^Bearer access-canary/u);
    expect(JSON.stringify(outcome)).not.toContain('canary');
    expect(server.posts()[0]?.value).toMatchObject({ langs: ['de'], text: 'Grüße #aol\n\nhttps://example.com/' });
  });

  test('case 14: a repeat is a 200 that changes nothing, and says so', async () => {
    const post = await fresh(HELLO);
    const before = server.posts().length;
    server.misbehave({ at: PUT, how: 'store_then_drop' });
    expect(await post.perform()).toMatchObject({ kind: 'unknown' });
    expect(await post.perform({ attempt: 2 })).toMatchObject({ kind: 'done', receipt: { repeated: true } });
    expect(server.posts().length).toBe(before + 1);
  });

  test('a record that was approved under version 4 keeps the date that it was approved with', async () => {
    const { effect, context } = await fresh(HELLO);
    const approved = jsonObjectSchema.parse(jsonBodyOf(effect));
    const createdAt = '2026-11-01T09:00:00.000Z';
    const value = { ...approved, record: { ...jsonObjectSchema.parse(approved.record), createdAt } };
    const { request } = effect;
    if (request.protocol !== 'http') throw new Error('no request came of it');
    const stored: Effect = {
      ...effect,
      adapterVersion: 4,
      addedAtSending: ['headers.authorization'],
      request: { ...request, body: { kind: 'json', value } },
    };
    expect(await posts.perform?.(stored, context())).toMatchObject({ kind: 'done' });
    expect(puts().at(-1)?.body.toString()).toBe(canonicalJson(value));
    expect(await posts.reconcile?.(stored, context())).toMatchObject({ kind: 'happened' });
  });

  test('case 15: the facet of a link after an emoji begins at its byte', async () => {
    const post = await fresh({ ...HELLO, content: '👍 https://x.test' });
    await post.perform();
    expect(server.posts()[0]?.value).toMatchObject({ facets: [{ index: { byteStart: 5, byteEnd: 19 } }] });
  });

  test('case 16: the card of a link is what the payload says; nobody fetches a picture for it', async () => {
    const card = { title: 'Example', description: 'A domain' };
    const post = await fresh({ ...HELLO, link: 'https://example.com/', card });
    expect(post.effect.preparations).toEqual([]);
    await post.perform();
    expect(server.posts()[0]?.value).toMatchObject({
      embed: { $type: 'app.bsky.embed.external', external: { uri: 'https://example.com/', ...card } },
    });
  });

  test('case 16: its picture is the one of the payload, uploaded before; one that is too large is refused before', async () => {
    const blobs = memoryBlobs();
    const picture = await blobs.keep(png(40, 30), 'image/png');
    const payload = { ...HELLO, link: 'https://example.com/', card: { title: 'Example' } };
    const post = await fresh({ ...payload, media: [{ sha256: picture.sha256 }] }, { blobs });
    await post.prepare();
    expect(await post.perform()).toMatchObject({ kind: 'done' });
    const thumb = {
      $type: 'blob',
      ref: { $link: cidOf(picture.sha256) },
      mimeType: 'image/png',
      size: picture.byteCount,
    };
    expect(server.posts()[0]?.value).toMatchObject({
      embed: { $type: 'app.bsky.embed.external', external: { uri: 'https://example.com/', title: 'Example', thumb } },
    });
    const large = await blobs.keep(Buffer.alloc(1_000_001, 1), 'image/png');
    const files = new Map([[large.sha256, { ...large, width: 1, height: 1 }]]);
    const media = [{ sha256: large.sha256 }];
    expect(posts.contract.checkFiles({ ...payload, media }, files)).toEqual([
      { field: 'payload.media.0.sha256', rule: 'must have at most 1000000 bytes for bluesky, and has 1000001' },
    ]);
  });

  test('another record under the same key is refused, and reading tells them apart', async () => {
    const one = await fresh(HELLO);
    const { actionId } = one.context();
    const same = await play({ ...HELLO, content: 'Other' }, poster(), { actionId });
    expect(await one.perform()).toMatchObject({ kind: 'done' });
    expect(await same.perform()).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('InvalidSwap') });
    expect(await same.reconcile()).toMatchObject({ kind: 'cannot_tell' });
    expect(await one.reconcile()).toMatchObject({
      kind: 'happened',
      receipt: {
        foundByReading: true,
        foundAt: expect.any(String),
        url: expect.stringContaining('bsky.app'),
        createdAt: one.context().firstAttemptAt.toISOString(),
      },
    });
  });

  test('a record that is not there: not known at once, then it did not happen', async () => {
    const post = await fresh(HELLO);
    expect(await post.reconcile()).toMatchObject({ kind: 'cannot_tell', askAgainAfterMs: 10_000 });
    expect(await post.reconcile({ firstAttemptAt: new Date(Date.now() - 60_000) })).toEqual({ kind: 'did_not_happen' });
    server.misbehave({ at: 'GET /xrpc/com.atproto.repo.getRecord', how: 'status_502' });
    expect(await post.reconcile({ firstAttemptAt: new Date(0) })).toMatchObject({ kind: 'cannot_tell' });
  });
});

describe('pictures', () => {
  test('cases 17 and 32: the bytes that were approved are the bytes uploaded, and a picture that is too large is refused before', async () => {
    const blobs = memoryBlobs();
    const picture = await blobs.keep(png(40, 30), 'image/png');
    const media = [{ sha256: picture.sha256, alt: 'A square' }];
    const post = await fresh({ ...HELLO, media }, { blobs });
    expect(post.effect.blobs).toEqual([{ ...picture, alt: 'A square' }]);
    expect(await post.prepare()).toEqual({ 'image-1': { cid: cidOf(picture.sha256) } });
    expect(await post.perform()).toMatchObject({ kind: 'done' });
    const uploaded = server.blob(cidOf(picture.sha256)) ?? Buffer.alloc(0);
    expect(sha256Hex(uploaded)).toBe(picture.sha256);
    expect(server.posts()[0]?.value).toMatchObject({
      embed: { images: [{ alt: 'A square', image: { size: picture.byteCount } }] },
    });
    const large = await blobs.keep(Buffer.alloc(2_900_000, 1), 'image/png');
    const files = new Map([[large.sha256, { ...large, width: 1, height: 1 }]]);
    expect(posts.contract.checkFiles({ ...HELLO, media: [{ sha256: large.sha256 }] }, files)).toEqual([
      { field: 'payload.media.0.sha256', rule: 'must have at most 2000000 bytes for bluesky, and has 2900000' },
    ]);
    await expect(fresh({ ...HELLO, media: [{ sha256: large.sha256 }] }, { blobs })).rejects.toThrow(/at most 2000000/u);
  });

  test('a picture that the server lost is uploaded again', async () => {
    const blobs = memoryBlobs();
    const picture = await blobs.keep(png(7, 7), 'image/png');
    const post = await fresh({ ...HELLO, media: [{ sha256: picture.sha256 }] }, { blobs });
    await post.prepare();
    server.misbehave({
      at: PUT,
      how: 'answer',
      answer: blueskyAnswers.error(400, 'BlobNotFound', 'Could not find blob'),
    });
    expect(await post.perform()).toMatchObject({ kind: 'not_sent', prepareAgain: true });
    await post.prepare();
    expect(await post.perform()).toMatchObject({ kind: 'done' });
  });

  test('an upload whose answer is lost is not sent: it may be done again', async () => {
    const blobs = memoryBlobs();
    const picture = await blobs.keep(png(9, 9), 'image/png');
    const post = await fresh({ ...HELLO, media: [{ sha256: picture.sha256 }] }, { blobs });
    for (const how of ['store_then_drop', 'status_500', 'garbage'] as const) {
      server.misbehave({ at: UPLOAD, how });
      await expect(post.prepare()).rejects.toMatchObject({ outcome: { kind: 'not_sent' } });
    }
    await post.prepare();
  });
});

describe('replies', () => {
  test('parent and root are looked up before; a post that is not there is refused', async () => {
    const first = await fresh(HELLO);
    await first.perform();
    const [parent] = server.posts();
    const reply = await fresh({ ...HELLO, content: 'Yes', replyTo: parent?.uri });
    await reply.prepare();
    expect(await reply.perform()).toMatchObject({ kind: 'done' });
    const reference = { uri: parent?.uri, cid: parent?.cid };
    expect(server.posts()[0]?.value).toMatchObject({ reply: { root: reference, parent: reference } });
    const [answer] = server.posts();
    const deeper = await fresh({ ...HELLO, content: 'And yes', replyTo: answer?.uri });
    await deeper.prepare();
    expect(await deeper.perform()).toMatchObject({ kind: 'done' });
    expect(server.posts()[0]?.value).toMatchObject({ reply: { root: reference, parent: { uri: answer?.uri } } });
    // After a worker's death the results may be unknown: what is replied to is known by its address.
    expect(await deeper.reconcile({ results: {} })).toMatchObject({ kind: 'happened' });
    const nowhere = await fresh({ ...HELLO, replyTo: `${parent?.uri.slice(0, -4)}zzzz` });
    await expect(nowhere.prepare()).rejects.toBeInstanceOf(PreparationError);
    await expect(nowhere.prepare()).rejects.toMatchObject({ outcome: { kind: 'rejected' } });
  });
});

describe('answers', () => {
  const inAnHour = Math.ceil(Date.now() / 1_000) + 1_800;
  test.each([
    [400, 'InvalidRequest', { kind: 'rejected' }],
    [400, 'InvalidMimeType', { kind: 'rejected' }],
    [400, 'BlobTooLarge', { kind: 'rejected' }],
    [401, 'AccountTakedown', { kind: 'on_hold' }],
    [403, 'AccountNotFound', { kind: 'on_hold' }],
    [413, 'PayloadTooLarge', { kind: 'rejected' }],
    [500, 'InternalServerError', { kind: 'unknown' }],
    [502, 'UpstreamFailure', { kind: 'unknown' }],
    [503, 'NotEnoughResources', { kind: 'unknown' }],
    [504, 'UpstreamTimeout', { kind: 'unknown' }],
  ] as const)('%i %s', async (status, name, expected) => {
    const post = await fresh(HELLO);
    server.misbehave({ at: PUT, how: 'answer', answer: blueskyAnswers.error(status, name, 'words') });
    const before = puts().length;
    expect(await post.perform()).toMatchObject(expected);
    expect(puts().length).toBe(before + 1);
  });

  test('a limit: not sent until its reset, and the outcome carries it', async () => {
    const post = await fresh(HELLO);
    server.misbehave({ at: PUT, how: 'answer', answer: blueskyAnswers.rateLimited(inAnHour * 1_000) });
    const outcome = await post.perform();
    expect(outcome).toMatchObject({
      kind: 'not_sent',
      limits: [{ scope: 'requests', remaining: 0, resetAt: inAnHour * 1_000 }],
    });
    expect(outcome).toMatchObject({ retryAfterMs: expect.any(Number) });
  });

  test.each(['garbage', 'drop', 'store_then_cut'] as const)('%s', async (how) => {
    const post = await fresh(HELLO);
    server.misbehave({ at: PUT, how });
    expect((await post.perform()).kind).toBe(how === 'store_then_cut' ? 'done' : 'unknown');
  });

  test('an abort is heeded within a second', async () => {
    const post = await fresh(HELLO);
    server.misbehave({ at: PUT, how: 'hang' });
    const { outcome, tookMs } = await abortOnTheWire(server, (signal) => post.perform({ signal }));
    expect(outcome).toMatchObject({ kind: 'unknown' });
    expect(tookMs).toBeLessThan(1_000);
  });

  test('an expired token says 400: renewed once, one request on the wire for one attempt', async () => {
    await credential();
    server.clock.pass(3 * 3_600_000);
    const [post, before, logins] = [await fresh(HELLO), puts().length, server.logins()];
    expect(await post.perform()).toMatchObject({ kind: 'not_sent', retryAfterMs: 0 });
    expect(puts().length).toBe(before + 1);
    expect(await post.perform({ attempt: 2 })).toMatchObject({ kind: 'done' });
    expect(server.logins()).toBe(logins);
  });

  test('case 18: 200 posts are one login', async () => {
    last = undefined;
    const [logins, refreshes] = [server.logins(), server.refreshes()];
    for (let index = 0; index < 200; index += 1) await (await fresh(HELLO)).perform();
    expect([server.logins() - logins, server.refreshes() - refreshes]).toEqual([1, 0]);
  });
});

describe('accounts', () => {
  test('a main password is refused before anything is sent', async () => {
    const before = server.seen().length;
    const answer = await provider.logIn?.({
      ...accountContext(),
      secrets: { appPassword: 'hunter2-main' },
      last: undefined,
    });
    expect(answer).toMatchObject({ kind: 'needs_login', reason: expect.stringContaining('app password') });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    expect(server.seen().length).toBe(before);
  });

  test('an e-mail address is no identifier: it could not stand in an effect', () => {
    expect(provider.settings.safeParse({ identifier: 'a@b.example', appPassword: { env: 'A' } }).success).toBe(false);
    expect(provider.settings.safeParse({ identifier: 'b.example', appPassword: { env: 'A' } }).success).toBe(true);
  });

  test('a check reads who it is', async () => {
    expect(await provider.check({ ...accountContext(), credential: await credential() })).toMatchObject({
      kind: 'ready',
      identity: server.account.handle,
      facts: { did: server.account.did },
    });
    expect(await provider.check({ ...accountContext(), credential: { accessJwt: 'nonsense' } })).toMatchObject({
      kind: 'needs_login',
    });
  });

  test('a refresh that fails at the server is tried again, not replaced by a login', async () => {
    const held = await credential();
    const logins = server.logins();
    server.misbehave({ at: 'POST /xrpc/com.atproto.server.refreshSession', how: 'status_502' });
    expect(await provider.logIn?.({ ...accountContext(), last: held })).toMatchObject({ kind: 'failed' });
    expect(server.logins()).toBe(logins);
    const stale = { accessJwt: 'a', refreshJwt: 'refresh-unknown' };
    expect(await provider.logIn?.({ ...accountContext(), last: stale })).toMatchObject({ kind: 'logged_in' });
    expect(server.logins()).toBe(logins + 1);
  });

  test('of an account that is on hold the error passes before anything is sent, and reading is asked again', async () => {
    class OnHold extends AolError {
      readonly code = 'AOL_ACCOUNT_ON_HOLD';
    }
    const account = {
      ...poster().account,
      credential: () => Promise.reject(new OnHold('account a needs a log-in')),
    };
    const [post, before] = [await fresh(HELLO), server.seen().length];
    await expect(post.perform({ account })).rejects.toThrow('needs a log-in');
    expect(await post.reconcile({ account })).toMatchObject({ kind: 'cannot_tell', askAgainAfterMs: 10_000 });
    expect(server.seen().length).toBe(before);
  });

  test('an account whose password is revoked needs a login, and its posts wait', async () => {
    const post = await fresh(HELLO);
    server.revoke();
    expect(await post.perform()).toMatchObject({ kind: 'not_sent', reason: expect.stringContaining('cannot log in') });
    expect(await provider.logIn?.({ ...accountContext(), last: undefined })).toMatchObject({ kind: 'needs_login' });
  });
});
