import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { postSocialAdapter } from '../../src/adapters/post-social/index.ts';
import { canonicalJson } from '../../src/domain/hashing.ts';
import { memoryBlobs } from '../support/contexts.ts';
import { headerOf, type LinkedInServer, linkedInAnswers, startLinkedIn } from '../support/providers/index.ts';
import { begunAgo, type Sender, sender, storedBody } from '../support/sending.ts';

let linkedin: LinkedInServer;
let person: Sender;
let organization: Sender;
const blobs = memoryBlobs();
let count = 0;
/** A text that was not posted before. */
const post = (more: object = {}) => {
  count += 1;
  return { platform: 'linkedin', content: `Post ${count}`, ...more };
};

beforeAll(async () => {
  linkedin = await startLinkedIn();
  const allow = [`127.0.0.1:${linkedin.port}`];
  const secrets = { accessToken: linkedin.token.accessToken };
  const settings = { server: linkedin.url, accessToken: { env: 'TOKEN' } };
  const withAuthor = (author: string) =>
    sender(postSocialAdapter, 'linkedin', { settings: { ...settings, author }, secrets, blobs }, allow);
  [person, organization] = [withAuthor(linkedin.person), withAuthor(linkedin.organization)];
});
afterAll(() => linkedin.close());
beforeEach(() => linkedin.behave());

const misbehaves = (answer: ReturnType<typeof linkedInAnswers.rateLimited>) =>
  linkedin.misbehave({ at: 'POST /rest/posts', how: 'answer', answer });

describe('a post', () => {
  test.each(['person', 'organization'] as const)('of a %s is what was stored, byte for byte', async (who) => {
    const author = who === 'person' ? person : organization;
    const effect = await author.prove(post());
    const outcome = await author.perform(effect);
    const { urn } = linkedin.posts().at(-1) ?? {};
    expect(outcome).toMatchObject({
      kind: 'done',
      receipt: { status: 201, id: urn, permalink: `https://www.linkedin.com/feed/update/${urn}` },
    });
    const seen = linkedin.seen().at(-1);
    expect(seen?.body.toString('utf8')).toBe(canonicalJson(storedBody(effect)));
    expect(seen && headerOf(seen, 'linkedin-version')).toBe('202605');
    expect(JSON.stringify([effect, outcome])).not.toContain('canary');
  });

  test('case 6: what is markup is escaped, so that nothing is cut off', async () => {
    const effect = await person.prove(post({ content: 'Hello (world) <3 {x} a_b ~ [c] | * @d \\ #tag C#' }));
    expect(storedBody(effect)).toMatchObject({ commentary: expect.stringMatching(/^Hello \\\(world\\\)/u) });
    await person.perform(effect);
    expect(linkedin.posts().at(-1)?.shown).toBe('Hello (world) <3 {x} a_b ~ [c] | * @d \\ #tag C#');
  });

  test('that is too long with its escapes is refused: it might be cut silently', async () => {
    await expect(person.prove(post({ content: '('.repeat(1_501) }))).rejects.toThrow('as escaped, and has 3002');
    expect(await person.prove(post({ content: '('.repeat(1_500) }))).toBeDefined();
  });

  test('case 5: a comment is not escaped', async () => {
    await person.send(post());
    const { urn } = linkedin.posts().at(-1) ?? {};
    const effect = await person.prove(post({ content: 'Yes (really) a_b', replyTo: urn }));
    expect(await person.perform(effect)).toMatchObject({ kind: 'done', receipt: { id: expect.any(String), on: urn } });
    expect(linkedin.comments().at(-1)).toEqual({ on: urn, actor: linkedin.person, text: 'Yes (really) a_b' });
    expect(await person.reconcile(effect)).toMatchObject({ kind: 'cannot_tell' });
  });

  test('with pictures: each gets a place, its bytes, and time', async () => {
    const [one, two] = [
      await blobs.keep(Buffer.from('one'), 'image/png'),
      await blobs.keep(Buffer.from('two'), 'image/jpeg'),
    ];
    const effect = await organization.prove(
      post({ media: [{ sha256: one.sha256, alt: 'One' }, { sha256: two.sha256 }] }),
    );
    expect(effect.preparations.map(({ name }) => name)).toEqual(['image-1', 'upload-1', 'image-2', 'upload-2']);
    linkedin.processSlowly(1);
    const results = await organization.prepareAll(effect);
    expect(await organization.perform(effect, { results })).toMatchObject({ kind: 'done' });
    expect(linkedin.images().map(({ bytes }) => bytes.toString())).toEqual(['one', 'two']);
    expect(linkedin.posts().at(-1)?.images).toEqual(linkedin.images().map(({ urn }) => urn));
    const alone = await organization.prove(post({ media: [{ sha256: one.sha256, alt: 'One' }] }));
    expect(storedBody(alone)).toMatchObject({
      content: { media: { id: '<result of image-1: image>', altText: 'One' } },
    });
    await expect(
      organization.prove(post({ replyTo: 'urn:li:share:1', media: [{ sha256: one.sha256 }] })),
    ).rejects.toThrow('a comment has no pictures');
  });

  test('an upload elsewhere does not get the token', async () => {
    const { sha256 } = await blobs.keep(Buffer.from('one'), 'image/png');
    const effect = await person.prove(post({ media: [{ sha256 }] }));
    const upload = effect.preparations[1];
    if (!upload) throw new Error('no step');
    const other = linkedin.url.replace('127.0.0.1', 'localhost');
    const results = { 'image-1': { uploadUrl: `${other}/dms-uploads/urn:li:image:x/0`, image: 'urn:li:image:x' } };
    const allow = [`localhost:${linkedin.port}`];
    const before = linkedin.seen().length;
    await person.prepare(upload, effect, undefined, results, allow);
    const seen = linkedin.seen().slice(before);
    expect(seen).toHaveLength(1);
    expect(seen[0] && headerOf(seen[0], 'authorization')).toBeUndefined();
  });
});

describe('what an answer means', () => {
  const refusal = (status: number) => ({ status, body: { status, code: 'X', message: 'no' } });
  const rows: readonly (readonly [string, ReturnType<typeof linkedInAnswers.rateLimited>, object])[] = [
    ['400', refusal(400), { kind: 'rejected' }],
    ['403', linkedInAnswers.forbidden(), { kind: 'rejected' }],
    ['404', refusal(404), { kind: 'rejected' }],
    ['415', refusal(415), { kind: 'rejected' }],
    ['422', refusal(422), { kind: 'rejected' }],
    ['expired', linkedInAnswers.expired(), { kind: 'on_hold', needsLogin: true }],
    ['revoked', linkedInAnswers.revoked(), { kind: 'on_hold', needsLogin: true }],
    ['429', linkedInAnswers.rateLimited(), { kind: 'not_sent', retryAfterMs: 60_000 }],
    ['500', refusal(500), { kind: 'unknown' }],
    ['502', { status: 502, body: '<html>' }, { kind: 'unknown' }],
    ['503', refusal(503), { kind: 'unknown' }],
    ['504', refusal(504), { kind: 'unknown' }],
    ['a page', { status: 200, body: '<html>' }, { kind: 'unknown' }],
    ['201 without a name', { status: 201 }, { kind: 'done', receipt: { note: expect.any(String) } }],
  ];
  test.each(rows)('%s', async (_name, answer, expected) => {
    misbehaves(answer);
    expect(await person.send(post())).toMatchObject(expected);
  });

  test('429 that stays is the day’s', async () => {
    misbehaves(linkedInAnswers.rateLimited());
    const outcome = await person.send(post(), { attempt: 2 });
    if (outcome.kind !== 'on_hold') throw new Error(outcome.kind);
    expect((outcome.untilMs ?? 0) % 86_400_000).toBe(0);
    expect(outcome.untilMs).toBeGreaterThan(Date.now());
  });

  test('429 that names a time is until then, and an account waits for it without an attempt', async () => {
    const limitedFor = (seconds: number) =>
      misbehaves({ ...linkedInAnswers.rateLimited(), headers: { 'retry-after': String(seconds) } });
    limitedFor(120);
    expect(await person.send(post())).toMatchObject({ kind: 'not_sent', retryAfterMs: 120_000 });
    for (const [attempt, seconds] of [
      [1, 7_200],
      [2, 120],
    ] as const) {
      limitedFor(seconds);
      const outcome = await person.send(post(), { attempt });
      if (outcome.kind !== 'on_hold') throw new Error(outcome.kind);
      expect(Math.abs((outcome.untilMs ?? 0) - Date.now() - seconds * 1_000)).toBeLessThan(10_000);
    }
  });

  test('case 7: a version that is retired holds the account', async () => {
    misbehaves(linkedInAnswers.versionRetired('202605'));
    expect(await person.send(post())).toMatchObject({
      kind: 'on_hold',
      reason: expect.stringContaining('NONEXISTENT_VERSION'),
    });
  });

  test('case 8: a duplicate is refused, with the URN of the other, which may lead nowhere', async () => {
    const payload = post();
    await person.send(payload);
    const { urn = '' } = linkedin.posts().at(-1) ?? {};
    linkedin.remove(urn);
    expect(await person.send(payload)).toMatchObject({ kind: 'rejected', reason: expect.stringContaining(urn) });
  });
});

describe('whether it happened', () => {
  test('what an organisation has posted is found', async () => {
    const effect = await organization.prove(post({ content: `Found (again) ${Date.now()}` }));
    linkedin.misbehave({ at: 'POST /rest/posts', how: 'store_then_drop' });
    expect(await organization.perform(effect)).toMatchObject({ kind: 'unknown' });
    const { urn } = linkedin.posts().at(-1) ?? {};
    expect(await organization.reconcile(effect)).toMatchObject({
      kind: 'happened',
      receipt: { id: urn, foundByReading: true, permalink: `https://www.linkedin.com/feed/update/${urn}` },
    });
  });

  test('of a person nobody can tell', async () => {
    const effect = await person.prove(post());
    const before = linkedin.seen().length;
    expect(await person.reconcile(effect)).toEqual({
      kind: 'cannot_tell',
      reason: 'LinkedIn lets nobody read the posts of a person',
    });
    expect(linkedin.seen()).toHaveLength(before);
  });

  test('what is not there is asked for again, and after a minute it did not happen', async () => {
    const effect = await organization.prove(post());
    expect(await organization.reconcile(effect, begunAgo(0))).toMatchObject({
      kind: 'cannot_tell',
      askAgainAfterMs: expect.any(Number),
    });
    expect(await organization.reconcile(effect, begunAgo(61_000))).toEqual({ kind: 'did_not_happen' });
    linkedin.misbehave({ at: 'GET *', how: 'status_500' });
    expect(await organization.reconcile(effect, begunAgo(61_000))).toMatchObject({
      kind: 'cannot_tell',
      askAgainAfterMs: 30_000,
    });
  });
});

describe('an account', () => {
  test('is checked by a read with its version', async () => {
    const facts = { version: '202605', versionEnds: '2027-05-01' };
    expect(await organization.check()).toEqual({ kind: 'ready', identity: linkedin.organization, facts });
    expect(await person.check()).toEqual({ kind: 'ready', identity: linkedin.person, facts });
    linkedin.misbehave({ at: 'GET *', how: 'answer', answer: linkedInAnswers.versionRetired('202605') });
    expect(await person.check()).toMatchObject({ kind: 'on_hold' });
    linkedin.misbehave({ at: 'GET *', how: 'answer', answer: linkedInAnswers.revoked() });
    expect(await person.check()).toMatchObject({ kind: 'needs_login' });
  });

  test('of a partner logs in by its refresh token', async () => {
    const env = { env: 'S' };
    const { id: clientId, secret: clientSecret } = linkedin.client;
    const settings = { server: linkedin.url, author: linkedin.person, clientId, clientSecret: env, refreshToken: env };
    const { refreshToken } = linkedin.token;
    const allow = [`127.0.0.1:${linkedin.port}`];
    const partner = sender(postSocialAdapter, 'linkedin', { settings, secrets: { clientSecret, refreshToken } }, allow);
    const answer = await partner.logIn();
    if (answer.kind !== 'logged_in') throw new Error(answer.reason);
    expect(Object.keys(answer.credential)).toEqual(['accessToken']);
    expect(answer.expiresAt?.getTime()).toBeGreaterThan(Date.now() + 50 * 86_400_000);
    const wrong = sender(
      postSocialAdapter,
      'linkedin',
      { settings, secrets: { clientSecret, refreshToken: 'x' } },
      allow,
    );
    expect(await wrong.logIn()).toMatchObject({ kind: 'needs_login' });
  });
});
