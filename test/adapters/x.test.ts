import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { postSocialAdapter } from '../../src/adapters/post-social/index.ts';
import { xProvider } from '../../src/adapters/post-social/x-settings.ts';
import { canonicalJson } from '../../src/domain/hashing.ts';
import { abortOnTheWire } from '../support/abort.ts';
import { memoryBlobs } from '../support/contexts.ts';
import { headerOf, startX, type XServer, xAnswers } from '../support/providers/index.ts';
import { begunAgo, type Sender, sender, storedBody } from '../support/sending.ts';

let x: XServer;
let signed: Sender;
let bearer: Sender;
const blobs = memoryBlobs();
let count = 0;
/** A text that was not posted before. */
const post = (more: object = {}) => {
  count += 1;
  return { platform: 'x', content: `Post ${count}`, ...more };
};

beforeAll(async () => {
  x = await startX();
  const allow = [`127.0.0.1:${x.port}`];
  const env = { env: 'SECRET' };
  const facts = { ...x.user };
  const one = { apiKey: env, apiSecret: env, accessToken: env, accessSecret: env };
  const { consumerKey, consumerSecret, token, tokenSecret } = x.oauth1;
  const secrets = { apiKey: consumerKey, apiSecret: consumerSecret, accessToken: token, accessSecret: tokenSecret };
  const settings = { server: x.url, username: 'ops', ...one };
  signed = sender(postSocialAdapter, 'x', { settings, secrets, facts, blobs }, allow);
  const two = { server: x.url, clientId: x.oauth2.clientId, clientSecret: env, refreshToken: env };
  bearer = sender(
    postSocialAdapter,
    'x',
    { settings: two, secrets: { accessToken: x.oauth2.accessToken }, blobs },
    allow,
  );
});
afterAll(() => x.close());
beforeEach(() => x.behave());

const misbehaves = (answer: ReturnType<typeof xAnswers.duplicate>) =>
  x.misbehave({ at: 'POST /2/tweets', how: 'answer', answer });

describe('a post', () => {
  test('is what was stored, byte for byte, signed anew for each request', async () => {
    const effect = await signed.prove(post({ content: 'Grüße & <more>' }));
    const outcome = await signed.perform(effect);
    const { id } = x.posts().at(-1) ?? {};
    expect(outcome).toMatchObject({
      kind: 'done',
      receipt: {
        status: 201,
        id,
        permalink: `https://x.com/ops/status/${id}`,
        textAsStored: 'Grüße &amp; &lt;more&gt;',
        price: { usd: 0.015, asOf: expect.any(String) },
      },
      limits: [{ scope: 'x posts', remaining: expect.any(Number), resetAt: expect.any(Number) }],
    });
    const seen = x.seen().at(-1);
    expect(seen?.body.toString('utf8')).toBe(canonicalJson(storedBody(effect)));
    expect(seen && headerOf(seen, 'authorization')).toMatch(
      /^OAuth oauth_consumer_key="x-consumer-key", oauth_nonce=/u,
    );
    expect(JSON.stringify([effect, outcome])).not.toContain('canary');
  });

  test('with a link costs more; a reply goes to its post', async () => {
    expect(await bearer.send(post({ link: 'https://example.com/?a=1&b=2' }))).toMatchObject({
      receipt: { price: { usd: 0.2 } },
    });
    const replyTo = x.summon();
    expect(await bearer.send(post({ replyTo }))).toMatchObject({ kind: 'done' });
    expect(x.posts().at(-1)?.replyTo).toBe(replyTo);
  });

  test('with pictures: uploaded before, with their alt texts', async () => {
    const picture = await blobs.keep(Buffer.from('a picture'), 'image/png');
    const animated = await blobs.keep(Buffer.from('a moving one'), 'image/gif');
    const effect = await signed.prove(post({ media: [{ sha256: picture.sha256, alt: 'A cat' }] }));
    expect(effect.preparations.map(({ name }) => name)).toEqual(['media-1', 'alt-1']);
    expect(effect.blobs).toEqual([{ ...picture, alt: 'A cat' }]);
    const results = await signed.prepareAll(effect);
    expect(await signed.perform(effect, { results })).toMatchObject({ kind: 'done' });
    const file = x.media.files().at(-1);
    expect(file).toMatchObject({ altText: 'A cat', category: 'tweet_image' });
    expect(file?.bytes.toString()).toBe('a picture');
    expect(x.posts().at(-1)?.mediaIds).toEqual([file?.id]);
    x.media.processSlowly(2);
    const [step] = (await signed.prove(post({ media: [{ sha256: animated.sha256 }] }))).preparations;
    if (!step) throw new Error('no step');
    const moving = await signed.prove(post({ media: [{ sha256: animated.sha256 }] }));
    expect(await signed.prepare(step, moving)).toMatchObject({ kind: 'ready' });
    const two = [{ sha256: picture.sha256 }, { sha256: animated.sha256 }];
    await expect(signed.prove(post({ media: two }))).rejects.toThrow('must be alone');
    const page = await blobs.keep(Buffer.from('<html>'), 'text/html');
    await expect(signed.prove(post({ media: [{ sha256: page.sha256 }] }))).rejects.toThrow('must be a PNG');
  });

  test('whose upload is still worked on waits, and asks again', async () => {
    const animated = await blobs.keep(Buffer.from('slow'), 'image/gif');
    const effect = await signed.prove(post({ media: [{ sha256: animated.sha256 }] }));
    const [step] = effect.preparations;
    if (!step) throw new Error('no step');
    const pending = { data: { id: '77', processing_info: { state: 'pending', check_after_secs: 2 } } };
    const resetAt = Math.ceil(Date.now() / 1_000) * 1_000 + 60_000;
    const headers = { 'x-rate-limit-remaining': '9', 'x-rate-limit-reset': String(resetAt / 1_000) };
    x.misbehave({ at: 'POST /2/media/upload', how: 'answer', answer: { status: 200, headers, body: pending } });
    const first = await signed.prepare(step, effect);
    const limits = [{ scope: 'x media', remaining: 9, resetAt }];
    expect(first).toEqual({ kind: 'not_yet', result: { id: '77' }, askAgainAfterMs: 2_000, limits });
    const done = { data: { id: '77', processing_info: { state: 'succeeded' } } };
    x.misbehave({ at: 'GET /2/media/upload', how: 'answer', answer: { status: 200, body: done } });
    expect(await signed.prepare(step, effect, { id: '77' })).toMatchObject({ kind: 'ready', result: { id: '77' } });
    expect(x.seen().at(-1)?.path).toBe('/2/media/upload?media_id=77');
    // Uploads live for a day: then they are made again.
    misbehaves({ status: 400, body: { detail: 'Your media IDs are invalid.' } });
    expect(await signed.perform(effect, { results: { 'media-1': { id: '77' } } })).toMatchObject({
      kind: 'not_sent',
      prepareAgain: true,
    });
  });
});

describe('what an answer means', () => {
  const type = 'https://api.twitter.com/2/problems/invalid-request';
  const rows: readonly (readonly [string, ReturnType<typeof xAnswers.duplicate>, object])[] = [
    ['400', { status: 400, body: { title: 'Invalid Request', detail: 'too long', type } }, { kind: 'rejected' }],
    ['duplicate', xAnswers.duplicate(), { kind: 'rejected', reason: expect.stringContaining('duplicate content') }],
    ['not permitted', xAnswers.notPermitted(), { kind: 'rejected' }],
    ['suspended', xAnswers.suspended(), { kind: 'on_hold' }],
    ['cap', xAnswers.usageCapped(), { kind: 'on_hold' }],
    ['no credits', xAnswers.noCredits(), { kind: 'on_hold' }],
    ['429', xAnswers.rateLimited(), { kind: 'not_sent', retryAfterMs: expect.any(Number) }],
    ['429 for hours', xAnswers.rateLimited(Date.now() + 7_200_000), { kind: 'on_hold', untilMs: expect.any(Number) }],
    ['503', xAnswers.unavailable(), { kind: 'unknown' }],
    ['500', { status: 500, body: {} }, { kind: 'unknown' }],
    ['502', { status: 502, body: '<html>' }, { kind: 'unknown' }],
    ['504', { status: 504, body: '<html>' }, { kind: 'unknown' }],
    ['a page', { status: 200, body: '<html>' }, { kind: 'unknown' }],
    ['201 without an id', { status: 201, body: {} }, { kind: 'done', receipt: { note: expect.any(String) } }],
    ['uploads that are gone', { status: 400, body: { detail: 'Your media IDs are invalid.' } }, { kind: 'rejected' }],
  ];
  test.each(rows)('%s', async (_name, answer, expected) => {
    misbehaves(answer);
    expect(await signed.send(post())).toMatchObject(expected);
  });

  test('401 did nothing: the token is renewed where it can be, else its account waits', async () => {
    misbehaves({ status: 401, body: {} });
    expect(await signed.send(post())).toMatchObject({ kind: 'on_hold', needsLogin: true });
    expect(signed.renewals()).toBe(1);
    const effect = await bearer.prove(post());
    misbehaves({ status: 401, body: {} });
    const account = {
      ...bearer.account,
      credential: async ({ renew = false } = {}) => ({ accessToken: renew ? 'new' : 'old' }),
    };
    expect(await bearer.perform(effect, { account })).toMatchObject({ kind: 'not_sent' });
  });
});

describe('whether it happened', () => {
  const lost = async (payload: object) => {
    const effect = await signed.prove(payload);
    x.misbehave({ at: 'POST /2/tweets', how: 'store_then_status_503' });
    expect(await signed.perform(effect)).toMatchObject({ kind: 'unknown' });
    return { effect, id: x.posts().at(-1)?.id };
  };

  test('case 21: after a 503 the timeline tells', async () => {
    const content = `Tom & Jerry <3 https://example.com/?a=1&b=2 é ${Date.now()}`;
    const { effect, id } = await lost(post({ content, link: 'https://example.org/x' }));
    expect(x.posts().at(-1)?.text).toContain('t.co');
    expect(await signed.reconcile(effect)).toMatchObject({
      kind: 'happened',
      receipt: { id, foundByReading: true, permalink: `https://x.com/ops/status/${id}` },
    });
    expect(await bearer.reconcile(effect)).toMatchObject({ kind: 'happened', receipt: { id } });
  });

  test('a bare domain, of which X makes a link with a protocol, is the same text, and costs as a link does', async () => {
    const content = `Look: brand.example.com/a?b=1, example.org (and https://example.net) ${Date.now()}`;
    const { effect, id } = await lost(post({ content }));
    expect(x.posts().at(-1)?.text.match(/t\.co/gu)).toHaveLength(3);
    expect(await signed.reconcile(effect, begunAgo(61_000))).toMatchObject({ kind: 'happened', receipt: { id } });
    expect(await signed.send(post({ content: `example.com ${Date.now()}` }))).toMatchObject({
      receipt: { price: { usd: 0.2 } },
    });
  });

  test('case 22: "duplicate" of a repeat, and the post of the first is found', async () => {
    const { effect, id } = await lost(post());
    expect(await signed.perform(effect, { attempt: 2 })).toMatchObject({ kind: 'rejected' });
    expect(await signed.reconcile(effect)).toMatchObject({ kind: 'happened', receipt: { id } });
    expect(x.posts().filter((each) => each.id === id)).toHaveLength(1);
  });

  test('a picture leaves an address at the end, which is none of the text', async () => {
    const picture = await blobs.keep(Buffer.from('another'), 'image/jpeg');
    const effect = await signed.prove(post({ media: [{ sha256: picture.sha256 }] }));
    const results = await signed.prepareAll(effect);
    x.misbehave({ at: 'POST /2/tweets', how: 'store_then_drop' });
    expect(await signed.perform(effect, { results })).toMatchObject({ kind: 'unknown' });
    expect(await signed.reconcile(effect, { results })).toMatchObject({ kind: 'happened' });
  });

  test('the same text as a reply is another post', async () => {
    const payload = post();
    await lost(payload);
    const reply = await signed.prove({ ...payload, replyTo: x.summon() });
    expect(await signed.reconcile(reply, begunAgo(61_000))).toEqual({ kind: 'did_not_happen' });
  });

  test('what is not there is asked for again, and after a minute it did not happen', async () => {
    const effect = await signed.prove(post());
    expect(await signed.reconcile(effect, begunAgo(0))).toMatchObject({
      kind: 'cannot_tell',
      askAgainAfterMs: expect.any(Number),
    });
    expect(await signed.reconcile(effect, begunAgo(61_000))).toEqual({ kind: 'did_not_happen' });
    x.misbehave({ at: 'GET *', how: 'answer', answer: xAnswers.rateLimited() });
    expect(await signed.reconcile(effect, begunAgo(61_000))).toMatchObject({
      kind: 'cannot_tell',
      askAgainAfterMs: 30_000,
    });
  });
});

describe('an account', () => {
  test('logs in by its last refresh token, which is good once', async () => {
    const env = { env: 'S' };
    const { clientId, clientSecret, refreshToken } = x.oauth2;
    const settings = { server: x.url, clientId, clientSecret: env, refreshToken: env };
    const renewed = sender(postSocialAdapter, 'x', { settings, secrets: { clientSecret, refreshToken } }, [
      `127.0.0.1:${x.port}`,
    ]);
    const first = await renewed.logIn();
    if (first.kind !== 'logged_in') throw new Error(first.reason);
    expect(Object.keys(first.credential).sort()).toEqual(['accessToken', 'refreshToken']);
    expect(first.expiresAt?.getTime()).toBeGreaterThan(Date.now() + 7_000_000);
    const second = await renewed.logIn(first.credential);
    expect(second.kind).toBe('logged_in');
    expect(await renewed.logIn(first.credential)).toMatchObject({ kind: 'needs_login' });
    x.misbehave({ at: 'POST *', how: 'drop' });
    expect(await renewed.logIn()).toMatchObject({ kind: 'failed' });
  });

  test('of OAuth 1.0a does not log in', () => {
    const env = { env: 'S' };
    const one = { apiKey: env, apiSecret: env, accessToken: env, accessSecret: env };
    expect(xProvider.logsIn?.(one)).toBe(false);
    expect(xProvider.logsIn?.({ clientId: 'c', refreshToken: env })).toBe(true);
    expect(() => xProvider.settings.parse({ apiKey: env })).toThrow('must have apiKey');
  });

  test('is checked by reading', async () => {
    expect(await signed.check()).toEqual({ kind: 'ready', identity: '@ops', facts: { id: '1001', username: 'ops' } });
    x.misbehave({ at: 'GET *', how: 'answer', answer: { status: 401, body: {} } });
    expect(await signed.check()).toMatchObject({ kind: 'needs_login' });
  });
});

test('one request for one attempt, and an abort is heeded', async () => {
  for (const how of ['drop', 'garbage', 'cut', 'huge'] as const) {
    const before = x.seen().length;
    x.misbehave({ at: 'POST *', how });
    expect([how, (await signed.send(post())).kind]).toEqual([how, how === 'cut' ? expect.any(String) : 'unknown']);
    expect([how, x.seen().length - before]).toEqual([how, 1]);
  }
  x.misbehave({ at: 'POST *', how: 'hang' });
  const { outcome, tookMs } = await abortOnTheWire(x, (signal) => signed.send(post(), { signal }));
  expect(outcome).toMatchObject({ kind: 'unknown' });
  expect(tookMs).toBeLessThan(1_000);
});
