import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { registerAdapter, renderArtifact } from '../../src/adapters/index.ts';
import { jsonBodyOf } from '../../src/adapters/port.ts';
import { cidOf } from '../../src/adapters/post-social/bluesky/record.ts';
import { postSocialAdapter } from '../../src/adapters/post-social/index.ts';
import { accountFor, SAMPLE_CONTEXT } from '../support/contexts.ts';
import { png } from '../support/pictures.ts';
import { describeAdapter } from './conformance.ts';

const { sha256 } = await SAMPLE_CONTEXT.blobs.keep(png(40, 30), 'image/png');
const PARENT = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3jwdwj2ctlk26';
const FIRST_ACTION = '01937e4a-5b6c-7d8e-9f01-23456789abcc';
const FIRST = `action:${FIRST_ACTION}`;
const samples = {
  x: { platform: 'x', content: 'Hello 👋', link: 'https://example.com/a' },
  'x reply': { platform: 'x', content: 'Yes', replyTo: '1234567890' },
  'x thread': { platform: 'x', content: 'Second', replyTo: FIRST },
  bluesky: { platform: 'bluesky', content: 'Grüße 👋 from example.org', link: 'https://example.com/a' },
  'bluesky reply': { platform: 'bluesky', content: 'Yes', replyTo: PARENT },
  'bluesky thread': { platform: 'bluesky', content: 'Second', replyTo: FIRST },
  'bluesky card': {
    platform: 'bluesky',
    content: 'Look',
    link: 'https://example.com/',
    card: { title: 'Example', description: 'A domain' },
    language: 'en',
  },
  'bluesky picture': { platform: 'bluesky', content: 'Look', media: [{ sha256, alt: 'A square' }] },
  mastodon: { platform: 'mastodon', content: 'Hello\nworld', audience: 'followers' },
  'mastodon reply': { platform: 'mastodon', content: 'Yes', replyTo: '110224538612341312' },
  'mastodon thread': { platform: 'mastodon', content: 'Second', replyTo: FIRST },
  'mastodon picture': { platform: 'mastodon', content: 'Look', warning: 'A square', media: [{ sha256 }] },
  linkedin: { platform: 'linkedin', content: 'We (all) are #hiring: C# & a_b', audience: 'connections' },
  'linkedin reply': { platform: 'linkedin', content: 'Yes (really)', replyTo: 'urn:li:share:42' },
} as const;

describeAdapter(postSocialAdapter, samples);

const adapter = registerAdapter(postSocialAdapter);
const rendered = async (payload: unknown, context = SAMPLE_CONTEXT) =>
  (await renderArtifact(adapter, payload, { ...context, account: accountFor(adapter, payload) })).effect;
const effectOf = (name: keyof typeof samples, context = SAMPLE_CONTEXT) => rendered(samples[name], context);

const LINKEDIN_HEADERS = { 'linkedin-version': '202605', 'x-restli-protocol-version': '2.0.0' };
const MASTODON_HEADERS = { 'idempotency-key': SAMPLE_CONTEXT.providerKey };
const STATUSES = 'https://not-configured.invalid/api/v1/statuses';
const PUT_RECORD = 'https://bsky.social/xrpc/com.atproto.repo.putRecord';
const record = (fields: Record<string, unknown>) => ({
  repo: 'not-configured.invalid',
  collection: 'app.bsky.feed.post',
  rkey: '3lc6pdbebjazd',
  record: { $type: 'app.bsky.feed.post', createdAt: '<added at sending: when it is first sent>', ...fields },
  swapRecord: null,
});
const linkFacet = (byteStart: number, byteEnd: number, uri: string) => ({
  index: { byteStart, byteEnd },
  features: [{ $type: 'app.bsky.richtext.facet#link', uri }],
});

const LOOK_UP = {
  name: 'parent',
  summary: 'Look up the post that is replied to',
  request: {
    protocol: 'http',
    method: 'GET',
    url: `https://bsky.social/xrpc/com.atproto.repo.getRecord?repo=did%3Aplc%3Aewvi7nxzyoun6zhxrhs64oiz&collection=app.bsky.feed.post&rkey=3jwdwj2ctlk26`,
    headers: { accept: 'application/json', authorization: '<added at sending: authorization>' },
    body: { kind: 'none' },
  },
};

/** The exact requests. Whoever changes one raises the adapter's version. */
const golden: readonly (readonly [keyof typeof samples, string, string, object, object, readonly string[], string])[] =
  [
    [
      'x',
      'POST',
      'https://api.x.com/2/tweets',
      {},
      { text: 'Hello 👋\n\nhttps://example.com/a' },
      [],
      'Post to X as not configured: "Hello 👋"',
    ],
    [
      'x reply',
      'POST',
      'https://api.x.com/2/tweets',
      {},
      { text: 'Yes', reply: { in_reply_to_tweet_id: '1234567890' } },
      [],
      'Reply on X as not configured: "Yes"',
    ],
    [
      'bluesky',
      'POST',
      PUT_RECORD,
      {},
      record({
        text: 'Grüße 👋 from example.org\n\nhttps://example.com/a',
        facets: [linkFacet(18, 29, 'https://example.org'), linkFacet(31, 52, 'https://example.com/a')],
      }),
      ['body.value.record.createdAt'],
      'Post to Bluesky as not-configured.invalid: "Grüße 👋 from example.org"',
    ],
    [
      'bluesky reply',
      'POST',
      PUT_RECORD,
      {},
      record({
        text: 'Yes',
        reply: {
          root: { uri: '<result of parent: rootUri>', cid: '<result of parent: rootCid>' },
          parent: { uri: PARENT, cid: '<result of parent: cid>' },
        },
      }),
      ['body.value.record.createdAt'],
      'Reply on Bluesky as not-configured.invalid: "Yes"',
    ],
    [
      'mastodon',
      'POST',
      STATUSES,
      MASTODON_HEADERS,
      { status: 'Hello\nworld', visibility: 'private' },
      [],
      'Post to Mastodon as not configured: "Hello world"',
    ],
    [
      'mastodon reply',
      'POST',
      STATUSES,
      MASTODON_HEADERS,
      { status: 'Yes', visibility: 'public', in_reply_to_id: '110224538612341312' },
      [],
      'Reply on Mastodon as not configured: "Yes"',
    ],
    [
      'linkedin',
      'POST',
      'https://api.linkedin.com/rest/posts',
      LINKEDIN_HEADERS,
      {
        author: 'urn:li:person:not-configured',
        commentary: 'We \\(all\\) are #hiring: C\\# & a\\_b',
        visibility: 'CONNECTIONS',
        distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
        lifecycleState: 'PUBLISHED',
        isReshareDisabledByAuthor: false,
      },
      [],
      'Post to LinkedIn as urn:li:person:not-configured: "We (all) are #hiring: C# & a_b"',
    ],
    [
      'linkedin reply',
      'POST',
      'https://api.linkedin.com/rest/socialActions/urn%3Ali%3Ashare%3A42/comments',
      LINKEDIN_HEADERS,
      {
        actor: 'urn:li:person:not-configured',
        object: 'urn:li:share:42',
        message: { text: 'Yes (really)' },
      },
      [],
      'Reply on LinkedIn as urn:li:person:not-configured: "Yes (really)"',
    ],
  ];

/** What the page shows: the words as the platform will show them, whatever the request escapes. */
const second = (platform: string) => ({
  kind: 'post',
  platform,
  text: 'Second',
  replyTo: `the post of action ${FIRST_ACTION}`,
});
const previews: Readonly<Record<keyof typeof samples, object>> = {
  'x thread': second('x'),
  'bluesky thread': second('bluesky'),
  'mastodon thread': second('mastodon'),
  x: { kind: 'post', platform: 'x', text: 'Hello 👋\n\nhttps://example.com/a' },
  'x reply': { kind: 'post', platform: 'x', text: 'Yes', replyTo: '1234567890' },
  bluesky: { kind: 'post', platform: 'bluesky', text: 'Grüße 👋 from example.org\n\nhttps://example.com/a' },
  'bluesky reply': { kind: 'post', platform: 'bluesky', text: 'Yes', replyTo: PARENT },
  'bluesky card': {
    kind: 'post',
    platform: 'bluesky',
    text: 'Look\n\nhttps://example.com/',
    card: { url: 'https://example.com/', title: 'Example', description: 'A domain' },
  },
  'bluesky picture': { kind: 'post', platform: 'bluesky', text: 'Look' },
  mastodon: { kind: 'post', platform: 'mastodon', text: 'Hello\nworld', audience: 'followers' },
  'mastodon reply': { kind: 'post', platform: 'mastodon', text: 'Yes', replyTo: '110224538612341312' },
  'mastodon picture': { kind: 'post', platform: 'mastodon', text: 'Look', warning: 'A square' },
  linkedin: {
    kind: 'post',
    platform: 'linkedin',
    text: 'We (all) are #hiring: C# & a_b',
    audience: 'connections',
  },
  'linkedin reply': { kind: 'post', platform: 'linkedin', text: 'Yes (really)', replyTo: 'urn:li:share:42' },
};

/** While none is configured. */
const accounts: Readonly<Record<string, object>> = {
  x: { name: 'default', provider: 'x', identity: 'not configured', server: 'https://api.x.com' },
  bluesky: { name: 'default', provider: 'bluesky', identity: 'not-configured.invalid', server: 'https://bsky.social' },
  mastodon: {
    name: 'default',
    provider: 'mastodon',
    identity: 'not configured',
    server: 'https://not-configured.invalid',
  },
  linkedin: {
    name: 'default',
    provider: 'linkedin',
    identity: 'urn:li:person:not-configured',
    server: 'https://api.linkedin.com',
  },
};

describe('what would be sent', () => {
  test.each(golden)('%s', async (name, method, url, headers, body, addedAtSending, summary) => {
    expect(await effectOf(name)).toEqual({
      type: 'POST_SOCIAL',
      adapterVersion: 5,
      summary,
      preview: previews[name],
      request: {
        protocol: 'http',
        method,
        url,
        headers: {
          accept: 'application/json',
          authorization: '<added at sending: authorization>',
          'content-type': 'application/json',
          ...headers,
        },
        body: { kind: 'json', value: body },
      },
      account: accounts[name.split(' ')[0] ?? ''],
      preparations: name === 'bluesky reply' ? [LOOK_UP] : [],
      blobs: [],
      addedAtSending: ['headers.authorization', ...addedAtSending],
    });
  });

  test.each([
    ['x thread', { reply: { in_reply_to_tweet_id: '<result of parent: id>' } }],
    ['mastodon thread', { in_reply_to_id: '<result of parent: id>' }],
    [
      'bluesky thread',
      {
        record: {
          reply: {
            root: { uri: '<result of parent: rootUri>', cid: '<result of parent: rootCid>' },
            parent: { uri: '<result of parent: uri>', cid: '<result of parent: cid>' },
          },
        },
      },
    ],
  ] as const)('%s: what is replied to is a preparation, and the artifact names the action', async (name, body) => {
    const effect = await effectOf(name);
    const summary = `Look up the post of action ${FIRST_ACTION}, which is replied to`;
    const request = { protocol: 'receipt', action: FIRST_ACTION };
    expect(effect.preparations).toEqual([{ name: 'parent', summary, request }]);
    expect(jsonBodyOf(effect)).toMatchObject(body);
    expect(effect.preview).toEqual(previews[name]);
  });

  test.each(['bluesky card', 'bluesky picture', 'mastodon picture'] as const)('the page shows %s', async (name) => {
    expect((await effectOf(name)).preview).toEqual(previews[name]);
  });

  test('a picture is in the record by its bytes before it is uploaded', async () => {
    const { preparations, blobs, request } = await effectOf('bluesky picture');
    const cid = cidOf(sha256);
    expect(cid).toMatch(/^bafkrei[a-z2-7]{52}$/u);
    const image = { $type: 'blob', ref: { $link: cid }, mimeType: 'image/png', size: blobs[0]?.byteCount };
    expect(request).toMatchObject({
      body: { value: { record: { embed: { images: [{ alt: 'A square', image }] } } } },
    });
    expect(preparations).toMatchObject([{ name: 'image-1', request: { body: { kind: 'blob', sha256 } } }]);
  });

  test('fields that a platform has nothing like are refused', () => {
    const fields = (payload: object) => {
      const check = adapter.contract.check(payload);
      return check.ok ? [] : check.problems.map(({ field }) => field);
    };
    expect(fields({ ...samples.x, warning: 'w', language: 'de' })).toEqual(['payload.language', 'payload.warning']);
    expect(fields({ ...samples.bluesky, warning: 'w' })).toEqual(['payload.warning']);
    const card = { title: 'A' };
    expect(fields({ platform: 'bluesky', content: 'a', card })).toEqual(['payload.card']);
    // Its one picture is the card's.
    expect(fields({ ...samples['bluesky card'], media: [{ sha256 }] })).toEqual([]);
    expect(fields({ ...samples['bluesky card'], media: [{ sha256 }, { sha256 }] })).toEqual(['payload.media']);
    expect(fields({ ...samples['bluesky card'], media: [{ sha256, alt: 'A square' }] })).toEqual(['payload.media']);
    const full = { platform: 'mastodon', content: 'a'.repeat(495), warning: '123456' };
    expect(fields(full)).toEqual(['payload.content']);
  });

  test('facets count UTF-8 bytes', async () => {
    const body = jsonBodyOf(await effectOf('bluesky'));
    const text = `${samples.bluesky.content}\n\n${samples.bluesky.link}`;
    const bytes = Buffer.from(text, 'utf8');
    const cut = (from: number, to: number) => bytes.subarray(from, to).toString('utf8');
    expect(body).toMatchObject({ record: { text, facets: [{ index: { byteStart: 18, byteEnd: 29 } }, {}] } });
    expect(cut(18, 29)).toBe('example.org');
  });

  const blueskyFacets = async (content: string, link?: string) => {
    const payload = { platform: 'bluesky', content, ...(link && { link }) };
    const body = jsonBodyOf(await rendered(payload));
    const facets = z
      .object({ record: z.object({ text: z.string(), facets: z.array(facetSchema).default([]) }) })
      .parse(body).record;
    const bytes = Buffer.from(facets.text, 'utf8');
    return facets.facets.map(({ index: { byteStart, byteEnd }, features: [feature] }) => [
      byteStart,
      byteEnd,
      bytes.subarray(byteStart, byteEnd).toString('utf8'),
      feature.tag ?? feature.uri,
    ]);
  };
  const facetSchema = z.object({
    index: z.object({ byteStart: z.int(), byteEnd: z.int() }),
    features: z.tuple([z.object({ tag: z.string().optional(), uri: z.string().optional() })]),
  });

  test.each([
    ['😀 #abcdef', [[5, 12, '#abcdef', 'abcdef']]],
    [
      '#grün, #ä!',
      [
        [0, 6, '#grün', 'grün'],
        [8, 11, '#ä', 'ä'],
      ],
    ],
    [
      '#1 #2026 #a1 ##b #',
      [
        [9, 12, '#a1', 'a1'],
        [13, 16, '##b', '#b'],
      ],
    ],
    ['a#b @a.example mail@b.example', []],
    ['(http://localhost:3000/a) https://.', [[1, 24, 'http://localhost:3000/a', 'http://localhost:3000/a']]],
    ['＃全角 #️⃣', [[0, 9, '＃全角', '全角']]],
    [`#${'a'.repeat(64)} #${'b'.repeat(65)}`, [[0, 65, `#${'a'.repeat(64)}`, 'a'.repeat(64)]]],
    [
      '#one https://example.com/#two #three',
      [
        [0, 4, '#one', 'one'],
        [5, 29, 'https://example.com/#two', 'https://example.com/#two'],
        [30, 36, '#three', 'three'],
      ],
    ],
  ] as const)('tags of %s', async (content, expected) => {
    expect(await blueskyFacets(content)).toEqual(expected);
  });

  test("Bluesky's record key is a TID that belongs to the action, and keys sort by age", async () => {
    const keyOf = async (actionId: string) => {
      const body = jsonBodyOf(
        await effectOf('bluesky', { ...SAMPLE_CONTEXT, actionId, providerKey: `aol-${actionId}` }),
      );
      return typeof body === 'object' && body !== null && 'rkey' in body ? String(body.rkey) : '';
    };
    const older = await keyOf('01937e4a-5b6c-7d8e-9f01-23456789abcd');
    const newer = await keyOf('01937e4a-5b6d-7d8e-9f01-23456789abcd');
    expect(older).toMatch(/^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$/u);
    expect(await keyOf('01937e4a-5b6c-7d8e-9f01-23456789abcd')).toBe(older);
    expect(newer > older).toBe(true);
    expect(await keyOf('01937e4a-5b6c-7d8e-9f01-23456789abce')).not.toBe(older);
  });

  test('which platforms deduplicate', () => {
    const classes = Object.values(samples).map((payload) => [payload.platform, adapter.redelivery(payload).kind]);
    expect(Object.fromEntries(classes)).toEqual({
      x: 'neither',
      bluesky: 'dedupes',
      mastodon: 'dedupes',
      linkedin: 'neither',
    });
  });
});
