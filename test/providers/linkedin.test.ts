/** The fake of LinkedIn keeps LinkedIn's rules, those that an adapter may break too. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type LinkedInServer, startLinkedIn } from '../support/providers/index.ts';

let linkedIn: LinkedInServer;
beforeEach(async () => {
  linkedIn = await startLinkedIn();
});
afterEach(() => linkedIn.close());

const ask = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  fetch(`${linkedIn.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${linkedIn.token.accessToken}`,
      'linkedin-version': '202611',
      'x-restli-protocol-version': '2.0.0',
      'content-type': 'application/json',
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const post = (commentary: string, author = linkedIn.organization, content?: object) =>
  ask('POST', '/rest/posts', {
    author,
    commentary,
    visibility: 'PUBLIC',
    distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
    lifecycleState: 'PUBLISHED',
    isReshareDisabledByAuthor: false,
    ...(content ? { content } : {}),
  });

test("creates a post with an empty answer, and lists an organisation's posts but no member's", async () => {
  const answer = await post('Hello');
  const urn = answer.headers.get('x-restli-id');
  expect([answer.status, await answer.text(), linkedIn.posts()[0]?.urn]).toEqual([201, '', urn]);
  const list = await ask('GET', `/rest/posts?author=${encodeURIComponent(linkedIn.organization)}&q=author&count=10`);
  expect(await list.json()).toMatchObject({ elements: [{ id: urn, commentary: 'Hello' }] });
  expect((await ask('GET', `/rest/posts/${encodeURIComponent(urn ?? '')}`)).status).toBe(200);
  expect((await post('Me', linkedIn.person)).status).toBe(201);
  expect((await ask('GET', `/rest/posts?author=${linkedIn.person}&q=author`)).status).toBe(403);
  expect((await post('Stranger', 'urn:li:person:other')).status).toBe(403);
});

test.each([
  ['Hello (world)', 'Hello '],
  [
    'Hello \\(world\\) #tag {hashtag|\\#|other} @[AOL](urn:li:organization:77)!',
    'Hello (world) #tag #other @[AOL](urn:li:organization:77)!',
  ],
  ['a_b', 'a'],
  ['a\\_b \\\\ 👍', 'a_b \\ 👍'],
])('shows %p as %p, without an error', async (commentary, shown) => {
  expect((await post(commentary)).status).toBe(201);
  expect(linkedIn.posts()[0]?.shown).toBe(shown);
});

test('refuses an equal text with the URN, also when that post is gone', async () => {
  const urn = (await post('twice')).headers.get('x-restli-id') ?? '';
  linkedIn.remove(urn);
  const answer = await post('twice');
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ code: 'DUPLICATE_POST', message: `Content is a duplicate of ${urn}` });
  expect((await ask('GET', `/rest/posts/${encodeURIComponent(urn)}`)).status).toBe(404);
});

test('refuses a missing version, a retired one, an expired token, a day that is used up', async () => {
  const statuses = async (headers: Record<string, string> = {}) => {
    const answer = await ask('GET', `/rest/posts?author=${linkedIn.organization}&q=author`, undefined, headers);
    const { code }: { code?: string } = await answer.json();
    return `${answer.status} ${code}`;
  };
  expect(await statuses({ 'x-restli-protocol-version': '1' })).toBe('400 ILLEGAL_ARGUMENT');
  linkedIn.retire('202611');
  expect(await statuses()).toBe('426 NONEXISTENT_VERSION');
  linkedIn.exhaust();
  expect(await statuses({ 'linkedin-version': '202612' })).toBe('429 TOO_MANY_REQUESTS');
  linkedIn.clock.pass(61 * 24 * 3_600_000);
  expect(await statuses()).toBe('401 EXPIRED_ACCESS_TOKEN');
});

test('a refresh token stays the same and keeps its first 365 days', async () => {
  const { id, secret } = linkedIn.client;
  const refresh = async () => {
    const form = {
      grant_type: 'refresh_token',
      refresh_token: linkedIn.token.refreshToken,
      client_id: id,
      client_secret: secret,
    };
    const answer = await fetch(`${linkedIn.url}/oauth/v2/accessToken`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    const body: { refresh_token?: string } = await answer.json();
    return [answer.status, body.refresh_token];
  };
  expect(await refresh()).toEqual([200, linkedIn.token.refreshToken]);
  linkedIn.clock.pass(364 * 24 * 3_600_000);
  expect((await refresh())[0]).toBe(200);
  linkedIn.clock.pass(2 * 24 * 3_600_000);
  expect((await refresh())[0]).toBe(400);
});

test('an image is uploaded, waited for, and stands in a post; a comment is plain text', async () => {
  linkedIn.processSlowly(1);
  const begun = await ask('POST', '/rest/images?action=initializeUpload', {
    initializeUploadRequest: { owner: linkedIn.organization },
  });
  const { value }: { value: { uploadUrl: string; image: string } } = await begun.json();
  const content = { media: { id: value.image, altText: 'three' } };
  expect((await post('early', linkedIn.organization, content)).status).toBe(400);
  expect((await fetch(value.uploadUrl, { method: 'PUT', body: Buffer.from([1, 2, 3]) })).status).toBe(201);
  const path = `/rest/images/${encodeURIComponent(value.image)}`;
  const states = [await (await ask('GET', path)).json(), await (await ask('GET', path)).json()];
  expect(states).toMatchObject([{ status: 'PROCESSING' }, { status: 'AVAILABLE' }]);
  const urn = (await post('with', linkedIn.organization, content)).headers.get('x-restli-id') ?? '';
  expect(linkedIn.posts()[0]?.images).toEqual([value.image]);
  expect(linkedIn.images()).toEqual([{ urn: value.image, bytes: Buffer.from([1, 2, 3]) }]);
  const comment = { actor: linkedIn.organization, object: urn, message: { text: 'see (this)' } };
  expect((await ask('POST', `/rest/socialActions/${encodeURIComponent(urn)}/comments`, comment)).status).toBe(201);
  expect(linkedIn.comments()[0]?.text).toBe('see (this)');
});

test('stores the post and loses the answer', async () => {
  linkedIn.misbehave({ at: 'POST /rest/posts', how: 'store_then_drop' });
  await expect(post('lost')).rejects.toThrow();
  expect(linkedIn.posts()).toHaveLength(1);
});
