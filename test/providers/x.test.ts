/** The fake of X keeps X's rules, those that an adapter may break too. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { signOAuth1, startX, type XServer, xAnswers } from '../support/providers/index.ts';

let x: XServer;
beforeEach(async () => {
  x = await startX();
});
afterEach(() => x.close());

const created = z.object({ data: z.object({ id: z.string(), text: z.string() }) });
const post = (body: object, token = x.oauth2.accessToken) =>
  fetch(`${x.url}/2/tweets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const get = (path: string, token = x.oauth2.accessToken) =>
  fetch(`${x.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
const detail = async (answer: Response) => {
  const { detail: text }: { detail: string } = await answer.json();
  return `${answer.status} ${text}`;
};

test('creates a post, stores it as X does, and shows it to its author', async () => {
  const answer = await post({ text: 'R&D <b> https://example.com/a' });
  expect(answer.status).toBe(201);
  const { data } = created.parse(await answer.json());
  expect(data.text).toMatch(/^R&amp;D &lt;b&gt; https:\/\/t\.co\/\S+$/u);
  expect(answer.headers.get('x-rate-limit-remaining')).toBe('99');
  const { data: posts }: { data: object[] } = await (
    await get(`/2/users/${x.user.id}/tweets?max_results=5&tweet.fields=created_at,entities`)
  ).json();
  expect(posts).toEqual([
    expect.objectContaining({
      id: data.id,
      text: data.text,
      created_at: expect.any(String),
      entities: { urls: [expect.objectContaining({ expanded_url: 'https://example.com/a' })] },
    }),
  ]);
});

test('refuses an equal text for a day, an unknown field, 281, two cashtags, a quote, a reply to whom did not call', async () => {
  expect((await post({ text: 'twice' })).status).toBe(201);
  expect(await detail(await post({ text: 'twice' }))).toBe(
    '403 You are not allowed to create a Tweet with duplicate content.',
  );
  x.clock.pass(25 * 3_600_000);
  const { accessToken } = x.tokens.issue();
  expect((await post({ text: 'twice' }, accessToken)).status).toBe(201);
  const statuses: number[] = [];
  const bodies = [
    { text: 'a', for_super_followers_only: false },
    { text: 'a'.repeat(281) },
    { text: '字'.repeat(141) },
    { text: '$AB $CD' },
    { text: 'a', quote_tweet_id: '1' },
    { text: 'a', reply: { in_reply_to_tweet_id: '1' } },
    { text: 'a', reply: { in_reply_to_tweet_id: x.summon() } },
    { text: `${'b'.repeat(257)}https://example.com/${'c'.repeat(200)}` },
    { text: '👨‍👩‍👧‍👦'.repeat(140) },
  ];
  for (const body of bodies) statuses.push((await post(body, accessToken)).status);
  expect(statuses).toEqual([400, 400, 400, 403, 403, 403, 201, 201, 201]);
});

describe('OAuth 2', () => {
  const refresh = (token: string) =>
    fetch(`${x.url}/2/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${x.oauth2.clientId}:${x.oauth2.clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }),
    });

  test('an access token dies after two hours; a refresh token is good once and then kills the family', async () => {
    x.clock.pass(2 * 3_600_000 + 1);
    expect((await post({ text: 'late' })).status).toBe(401);
    const pair: { access_token: string; refresh_token: string } = await (await refresh(x.oauth2.refreshToken)).json();
    expect((await get('/2/users/me', pair.access_token)).status).toBe(200);
    expect([(await refresh(x.oauth2.refreshToken)).status, x.tokens.refreshes()]).toEqual([400, 1]);
    expect((await get('/2/users/me', pair.access_token)).status).toBe(401);
    expect((await refresh(pair.refresh_token)).status).toBe(400);
  });
});

describe('OAuth 1.0a', () => {
  // A nonce is known together with its time: two that are equal have the same, also where a second ends between them.
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signed = (nonce: string, tokenSecret = x.oauth1.tokenSecret) => {
    const url = new URL(`${x.url}/2/tweets`);
    const parameters = Object.entries({
      oauth_consumer_key: x.oauth1.consumerKey,
      oauth_nonce: nonce,
      oauth_signature_method: 'HMAC-SHA1',
      oauth_timestamp: timestamp,
      oauth_token: x.oauth1.token,
      oauth_version: '1.0',
    });
    const form = new URLSearchParams();
    const signature = signOAuth1({ ...x.oauth1, tokenSecret }, { method: 'POST', url, parameters, form });
    const fields = [...parameters, ['oauth_signature', signature] as const];
    const authorization = `OAuth ${fields.map(([name, value]) => `${name}="${encodeURIComponent(value)}"`).join(', ')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    return fetch(url, { method: 'POST', headers, body: JSON.stringify({ text: nonce }) });
  };

  test('takes a right signature once, and no wrong one', async () => {
    expect((await signed('n1')).status).toBe(201);
    expect(await detail(await signed('n1'))).toBe('401 the nonce was used before');
    expect(await detail(await signed('n2', 'wrong'))).toBe('401 the signature is wrong');
  });

  test("signs as X's own documentation does", () => {
    const credentials = {
      consumerKey: 'xvz1evFS4wEEPTGEFPHBog',
      consumerSecret: 'kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw',
      token: '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb',
      tokenSecret: 'LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE',
    };
    const parameters = Object.entries({
      oauth_consumer_key: credentials.consumerKey,
      oauth_nonce: 'kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg',
      oauth_signature_method: 'HMAC-SHA1',
      oauth_timestamp: '1318622958',
      oauth_token: credentials.token,
      oauth_version: '1.0',
    });
    const url = new URL('https://api.twitter.com/1.1/statuses/update.json?include_entities=true');
    const form = new URLSearchParams({ status: 'Hello Ladies + Gentlemen, a signed OAuth request!' });
    expect(signOAuth1(credentials, { method: 'POST', url, parameters, form })).toBe('hCtSmYh+iHYCEqBWrE7C7hYmtUk=');
  });
});

describe('media', () => {
  const form = (fields: Record<string, string | Blob>) => {
    const all = new FormData();
    for (const [name, value] of Object.entries(fields)) all.append(name, value);
    return all;
  };
  const send = async (path: string, body: FormData | string) => {
    const type = typeof body === 'string' ? { 'content-type': 'application/json' } : {};
    const headers = { authorization: `Bearer ${x.oauth2.accessToken}`, ...type };
    return fetch(`${x.url}${path}`, { method: 'POST', headers, body });
  };
  const uploaded = z.object({
    data: z.object({ id: z.string(), processing_info: z.object({ state: z.string() }).optional() }),
  });

  test('a picture in one request, with its description, in a post', async () => {
    const bytes = Buffer.from([1, 2, 3]);
    const answer = await send('/2/media/upload', form({ media: new Blob([bytes]), media_category: 'tweet_image' }));
    const { id } = uploaded.parse(await answer.json()).data;
    const description = JSON.stringify({ id, metadata: { alt_text: { text: 'three' } } });
    expect((await send('/2/media/metadata', description)).status).toBe(200);
    expect(x.media.files()).toEqual([{ id, bytes, category: 'tweet_image', altText: 'three' }]);
    expect((await post({ text: 'look', media: { media_ids: [id] } })).status).toBe(201);
    expect(x.posts()[0]?.text).toMatch(/^look https:\/\/t\.co\//u);
    expect((await post({ text: 'look', media: { media_ids: ['1'] } })).status).toBe(400);
  });

  test('in segments, processed while one waits', async () => {
    x.media.processSlowly(1);
    const begin = JSON.stringify({ media_type: 'video/mp4', total_bytes: 4, media_category: 'tweet_video' });
    const { id } = uploaded.parse(await (await send('/2/media/upload/initialize', begin)).json()).data;
    for (const [index, part] of ['ab', 'cd'].entries()) {
      await send(`/2/media/upload/${id}/append`, form({ media: new Blob([part]), segment_index: String(index) }));
    }
    const states: (string | undefined)[] = [];
    const ask = async (answer: Response) =>
      states.push(uploaded.parse(await answer.json()).data.processing_info?.state);
    await ask(await send(`/2/media/upload/${id}/finalize`, ''));
    expect((await post({ text: 'early', media: { media_ids: [id] } })).status).toBe(400);
    for (let times = 0; times < 2; times += 1) await ask(await get(`/2/media/upload?media_id=${id}`));
    expect(states).toEqual(['pending', 'pending', 'succeeded']);
    expect(x.media.files()[0]?.bytes.toString()).toBe('abcd');
    expect((await post({ text: 'ready', media: { media_ids: [id] } })).status).toBe(201);
  });
});

test('stores the post and says 503; its repeat is a duplicate', async () => {
  x.misbehave({ at: 'POST /2/tweets', how: 'store_then_answer', answer: xAnswers.unavailable() });
  expect((await post({ text: 'maybe' })).status).toBe(503);
  expect(x.posts()).toHaveLength(1);
  expect((await post({ text: 'maybe' })).status).toBe(403);
  expect(x.posts()).toHaveLength(1);
});

test('says 429 with the time when it ends, and that the money is gone', async () => {
  x.exhaust();
  const answer = await post({ text: 'many' });
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get('x-rate-limit-reset'))).toBeGreaterThan(Date.now() / 1000);
  x.misbehave({ at: 'POST /2/tweets', how: 'answer', answer: xAnswers.usageCapped() });
  expect(await detail(await post({ text: 'poor' }))).toBe('429 Usage cap exceeded: Monthly product cap');
});
