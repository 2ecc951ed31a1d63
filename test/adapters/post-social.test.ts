import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { registerAdapter } from '../../src/adapters/index.ts';
import { jsonBodyOf } from '../../src/adapters/port.ts';
import { postSocialAdapter } from '../../src/adapters/post-social/index.ts';
import { renderNow, SAMPLE_CONTEXT } from '../support/contexts.ts';
import { describeAdapter } from './conformance.ts';

const PARENT = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3jwdwj2ctlk26';
const samples = {
  x: { platform: 'x', content: 'Hello 👋', link: 'https://example.com/a' },
  'x reply': { platform: 'x', content: 'Yes', replyTo: '1234567890' },
  bluesky: { platform: 'bluesky', content: 'Grüße 👋 from example.org', link: 'https://example.com/a' },
  'bluesky reply': { platform: 'bluesky', content: 'Yes', replyTo: PARENT },
  mastodon: { platform: 'mastodon', content: 'Hello\nworld', audience: 'followers' },
  'mastodon reply': { platform: 'mastodon', content: 'Yes', replyTo: '110224538612341312' },
  linkedin: { platform: 'linkedin', content: 'We (all) are #hiring: C# & a_b', audience: 'connections' },
  'linkedin reply': { platform: 'linkedin', content: 'Yes (really)', replyTo: 'urn:li:share:42' },
} as const;

describeAdapter(postSocialAdapter, samples);

const adapter = registerAdapter(postSocialAdapter);
const effectOf = (name: keyof typeof samples, context = SAMPLE_CONTEXT) => renderNow(adapter, samples[name], context);

const LINKEDIN_HEADERS = { 'linkedin-version': '202605', 'x-restli-protocol-version': '2.0.0' };
const MASTODON_HEADERS = { 'idempotency-key': SAMPLE_CONTEXT.providerKey };
const STATUSES = '<added at sending: MASTODON_URL>/api/v1/statuses';
const PUT_RECORD = 'https://bsky.social/xrpc/com.atproto.repo.putRecord';
const record = (fields: Record<string, unknown>) => ({
  repo: '<added at sending: the DID of BLUESKY_IDENTIFIER>',
  collection: 'app.bsky.feed.post',
  rkey: '3lc6pdbebjazd',
  record: { $type: 'app.bsky.feed.post', createdAt: '2026-11-23T16:00:00.000Z', ...fields },
});
const linkFacet = (byteStart: number, byteEnd: number, uri: string) => ({
  index: { byteStart, byteEnd },
  features: [{ $type: 'app.bsky.richtext.facet#link', uri }],
});

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
      'Post to X: "Hello 👋"',
    ],
    [
      'x reply',
      'POST',
      'https://api.x.com/2/tweets',
      {},
      { text: 'Yes', reply: { in_reply_to_tweet_id: '1234567890' } },
      [],
      'Reply on X: "Yes"',
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
      ['body.value.repo'],
      'Post to Bluesky: "Grüße 👋 from example.org"',
    ],
    [
      'bluesky reply',
      'POST',
      PUT_RECORD,
      {},
      record({
        text: 'Yes',
        reply: {
          root: { uri: "<added at sending: the thread's first post>", cid: '<added at sending: its CID>' },
          parent: { uri: PARENT, cid: '<added at sending: its CID>' },
        },
      }),
      [
        'body.value.repo',
        'body.value.record.reply.root.uri',
        'body.value.record.reply.root.cid',
        'body.value.record.reply.parent.cid',
      ],
      'Reply on Bluesky: "Yes"',
    ],
    [
      'mastodon',
      'POST',
      STATUSES,
      MASTODON_HEADERS,
      { status: 'Hello\nworld', visibility: 'private' },
      ['url'],
      'Post to Mastodon: "Hello world"',
    ],
    [
      'mastodon reply',
      'POST',
      STATUSES,
      MASTODON_HEADERS,
      { status: 'Yes', visibility: 'public', in_reply_to_id: '110224538612341312' },
      ['url'],
      'Reply on Mastodon: "Yes"',
    ],
    [
      'linkedin',
      'POST',
      'https://api.linkedin.com/rest/posts',
      LINKEDIN_HEADERS,
      {
        author: '<added at sending: LINKEDIN_AUTHOR_URN>',
        commentary: 'We \\(all\\) are #hiring: C\\# & a\\_b',
        visibility: 'CONNECTIONS',
        distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
        lifecycleState: 'PUBLISHED',
        isReshareDisabledByAuthor: false,
      },
      ['body.value.author'],
      'Post to LinkedIn: "We (all) are #hiring: C# & a_b"',
    ],
    [
      'linkedin reply',
      'POST',
      'https://api.linkedin.com/rest/socialActions/urn%3Ali%3Ashare%3A42/comments',
      LINKEDIN_HEADERS,
      {
        actor: '<added at sending: LINKEDIN_AUTHOR_URN>',
        object: 'urn:li:share:42',
        message: { text: 'Yes (really)' },
      },
      ['body.value.actor'],
      'Reply on LinkedIn: "Yes (really)"',
    ],
  ];

/** What the page shows: the words as the platform will show them, whatever the request escapes. */
const previews: Readonly<Record<keyof typeof samples, object>> = {
  x: { kind: 'post', platform: 'x', text: 'Hello 👋\n\nhttps://example.com/a' },
  'x reply': { kind: 'post', platform: 'x', text: 'Yes', replyTo: '1234567890' },
  bluesky: { kind: 'post', platform: 'bluesky', text: 'Grüße 👋 from example.org\n\nhttps://example.com/a' },
  'bluesky reply': { kind: 'post', platform: 'bluesky', text: 'Yes', replyTo: PARENT },
  mastodon: { kind: 'post', platform: 'mastodon', text: 'Hello\nworld', audience: 'followers' },
  'mastodon reply': { kind: 'post', platform: 'mastodon', text: 'Yes', replyTo: '110224538612341312' },
  linkedin: {
    kind: 'post',
    platform: 'linkedin',
    text: 'We (all) are #hiring: C# & a_b',
    audience: 'connections',
  },
  'linkedin reply': { kind: 'post', platform: 'linkedin', text: 'Yes (really)', replyTo: 'urn:li:share:42' },
};

describe('what would be sent', () => {
  test.each(golden)('%s', (name, method, url, headers, body, addedAtSending, summary) => {
    expect(effectOf(name)).toEqual({
      type: 'POST_SOCIAL',
      adapterVersion: 3,
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
      account: null,
      preparations: [],
      blobs: [],
      addedAtSending: ['headers.authorization', ...addedAtSending],
    });
  });

  test('facets count UTF-8 bytes', () => {
    const body = jsonBodyOf(effectOf('bluesky'));
    const text = `${samples.bluesky.content}\n\n${samples.bluesky.link}`;
    const bytes = Buffer.from(text, 'utf8');
    const cut = (from: number, to: number) => bytes.subarray(from, to).toString('utf8');
    expect(body).toMatchObject({ record: { text, facets: [{ index: { byteStart: 18, byteEnd: 29 } }, {}] } });
    expect(cut(18, 29)).toBe('example.org');
  });

  const blueskyFacets = (content: string, link?: string) => {
    const payload = { platform: 'bluesky', content, ...(link && { link }) };
    const body = jsonBodyOf(renderNow(adapter, payload));
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
  ] as const)('tags of %s', (content, expected) => {
    expect(blueskyFacets(content)).toEqual(expected);
  });

  test("Bluesky's record key is a TID that belongs to the action, and keys sort by age", () => {
    const keyOf = (actionId: string, runAt = SAMPLE_CONTEXT.runAt) => {
      const body = jsonBodyOf(
        effectOf('bluesky', { ...SAMPLE_CONTEXT, actionId, runAt, providerKey: `aol-${actionId}` }),
      );
      return typeof body === 'object' && body !== null && 'rkey' in body ? String(body.rkey) : '';
    };
    const older = keyOf('01937e4a-5b6c-7d8e-9f01-23456789abcd');
    const newer = keyOf('01937e4a-5b6d-7d8e-9f01-23456789abcd');
    expect(older).toMatch(/^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$/u);
    expect(keyOf('01937e4a-5b6c-7d8e-9f01-23456789abcd', new Date(0))).toBe(older);
    expect(newer > older).toBe(true);
    expect(keyOf('01937e4a-5b6c-7d8e-9f01-23456789abce')).not.toBe(older);
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
