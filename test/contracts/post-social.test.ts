import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { builtInContracts, contentLength, findContract, SOCIAL_PLATFORMS } from '../../src/contracts/payloads/index.ts';
import { postSocialContract } from '../../src/contracts/payloads/post-social.ts';
import { findUrls } from '../../src/contracts/payloads/urls.ts';
import { growthOf, MOST_GROWTH } from '../support/growth.ts';

const contract = findContract('POST_SOCIAL');

function problems(payload: unknown): readonly string[] {
  const check = contract?.check(payload);
  if (!check) throw new Error('POST_SOCIAL is not in the catalogue');
  return check.ok ? [] : check.problems.map(({ field, rule }) => `${field} ${rule}`);
}

const FAMILY = '👨‍👩‍👧‍👦';
const FLAG = '🇩🇪';
const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz';

describe('how long a post is', () => {
  test.each([
    ['x', 'Hello', 5],
    ['x', '日本', 4],
    ['x', 'é', 1],
    ['x', 'e\u0301', 1],
    ['x', '👍', 2],
    ['x', '👍🏽', 2],
    ['x', FAMILY, 2],
    ['x', FLAG, 2],
    ['x', '1️⃣', 2],
    ['x', '🏳️‍🌈', 2],
    ['x', '“…”', 4],
    ['x', '‘it’s’', 6],
    ['x', 'https://example.com/a/very/long/path/that/goes/on?with=a&query=too', 23],
    ['x', 'see example.com.', 28],
    ['x', 'a.co', 23],
    ['x', 'e.g. version 1.5', 16],
    ['x', 'name@example.com', 16],
    ['x', '見てhttps://example.com/aを', 29],
    ['x', '見てexample.comを', 29],
    ['x', 'https://example.com/a_(b)c)', 24],
    ['x', 'http://localhost:3000/', 22],
    ['x', 'https://a.example https://b.de', 9 + 8 + 1 + 23],
    ['bluesky', FAMILY, 1],
    ['bluesky', 'e\u0301', 1],
    ['bluesky', '\r\n', 1],
    ['bluesky', 'https://example.com/', 20],
    ['mastodon', FAMILY, 1],
    ['mastodon', 'https://example.com/a/very/long/path', 23],
    ['mastodon', 'example.com', 11],
    ['mastodon', '@name@mastodon.example hi', 8],
    ['mastodon', 'name@example.com', 16],
    ['linkedin', FAMILY, 11],
  ] as const)('%s counts %j as %i', (platform, content, used) => {
    expect(contentLength(platform, content).used).toBe(used);
  });

  test('a link counts as appended, with the empty line before it', () => {
    const link = `https://example.com/${'a'.repeat(200)}`;
    expect(contentLength('x', 'Hi', link).used).toBe(2 + 2 + 23);
    expect(contentLength('mastodon', 'Hi', link).used).toBe(2 + 2 + 23);
    expect(contentLength('bluesky', 'Hi', link).used).toBe(2 + 2 + link.length);
    expect(contentLength('linkedin', 'Hi', link).used).toBe(2 + 2 + link.length);
  });

  test('counting is linear, also for hostile texts', () => {
    const hostile = ['a.', '@a', '(', 'https://a.co/(', 'a_-', '.', '@a@', 'é.com', `${FAMILY}\u200d`, '?a=', '\u0301'];
    for (const part of hostile) {
      const countAll = (size: number) => {
        for (const platform of SOCIAL_PLATFORMS) contentLength(platform, part.repeat(size / part.length));
      };
      expect([part, growthOf(countAll, 5_000) < MOST_GROWTH]).toEqual([part, true]);
    }
  });

  test('X: appending a letter or a word never shortens, and no text counts more than two per UTF-16 unit and address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const { used } = contentLength('x', text);
        expect(contentLength('x', `${text} word`).used).toBeGreaterThanOrEqual(used);
        expect(used).toBeLessThanOrEqual(
          2 * text.normalize('NFC').length + 23 * findUrls(text.normalize('NFC'), true).length,
        );
      }),
    );
  });

  test('graphemes are never more than code points, and Mastodon counts a text without addresses as Bluesky does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        fc.pre(!/[@:]/u.test(text));
        const { used } = contentLength('bluesky', text);
        expect(used).toBeLessThanOrEqual([...text].length);
        expect(contentLength('mastodon', text).used).toBe(used);
      }),
    );
  });
});

describe('the limits, at their edge', () => {
  test.each([
    ['x', 'a', 280, 'must be at most 280 weighted characters for x, and has 281'],
    ['x', '日', 140, 'must be at most 280 weighted characters for x, and has 282'],
    ['x', FAMILY, 140, 'must be at most 280 weighted characters for x, and has 282'],
    ['x', FLAG, 140, 'must be at most 280 weighted characters for x, and has 282'],
    ['x', 'e\u0301', 280, 'must be at most 280 weighted characters for x, and has 281'],
    ['bluesky', 'a', 300, 'must be at most 300 graphemes for bluesky, and has 301'],
    ['bluesky', FLAG, 300, 'must be at most 300 graphemes for bluesky, and has 301'],
    ['bluesky', 'e\u0301', 300, 'must be at most 300 graphemes for bluesky, and has 301'],
    ['bluesky', FAMILY, 120, 'must be at most 3000 bytes for bluesky, and has 3025'],
    ['mastodon', 'a', 500, 'must be at most 500 characters for mastodon, and has 501'],
    ['mastodon', FLAG, 500, 'must be at most 500 characters for mastodon, and has 501'],
    ['linkedin', 'a', 3_000, 'must be at most 3000 characters for linkedin, and has 3001'],
    ['linkedin', '👍', 1_500, 'must be at most 3000 characters for linkedin, and has 3002'],
  ] as const)('%s takes %j × %i and not one more', (platform, part, times, rule) => {
    expect(problems({ platform, content: part.repeat(times) })).toEqual([]);
    expect(problems({ platform, content: part.repeat(times + 1) })).toEqual([`payload.content ${rule}`]);
  });

  test('a link and a reply change what fits', () => {
    const link = 'https://example.com/';
    expect(problems({ platform: 'x', content: 'a'.repeat(255), link })).toEqual([]);
    expect(problems({ platform: 'x', content: 'a'.repeat(256), link })).toEqual([
      'payload.content must be at most 280 weighted characters for x, and has with its link 281',
    ]);
    const reply = { platform: 'linkedin', replyTo: 'urn:li:share:1' };
    expect(problems({ ...reply, content: 'a'.repeat(1_250) })).toEqual([]);
    expect(problems({ ...reply, content: 'a'.repeat(1_251) })).toHaveLength(1);
  });
});

describe('fields', () => {
  test.each([
    ['x', '1', true],
    ['x', '9'.repeat(19), true],
    ['x', '0', false],
    ['x', '9'.repeat(20), false],
    ['x', 'https://x.com/a/status/1', false],
    ['bluesky', `at://${DID}/app.bsky.feed.post/3jwdwj2ctlk26`, true],
    ['bluesky', 'at://did:web:example.com/app.bsky.feed.post/3jwdwj2ctlk26', true],
    ['bluesky', 'at://name.bsky.social/app.bsky.feed.post/3jwdwj2ctlk26', false],
    ['bluesky', `at://${DID}/app.bsky.feed.like/3jwdwj2ctlk26`, false],
    ['mastodon', '110224538612341312', true],
    ['mastodon', '01GDK6ABCDEF', true],
    ['mastodon', '../../accounts', false],
    ...(['x', 'bluesky', 'mastodon'] as const).flatMap((platform) => [
      [platform, 'action:01937e4a-5b6c-7d8e-9f01-23456789abcd', true] as const,
      [platform, 'action:01937E4A-5b6c-7d8e-9f01-23456789abcd', false] as const,
      [platform, 'action:1', false] as const,
    ]),
    ['linkedin', 'action:01937e4a-5b6c-7d8e-9f01-23456789abcd', false],
    ['linkedin', 'urn:li:ugcPost:7', true],
    ['linkedin', 'urn:li:person:7', false],
    ['linkedin', 'urn:li:share:7/../x', false],
  ] as const)('%s replyTo %j: %s', (platform, replyTo, passes) => {
    expect(problems({ platform, content: 'Hi', replyTo }).length === 0).toBe(passes);
  });

  test.each([
    ['x', 'public', true],
    ['x', 'followers', false],
    ['bluesky', 'unlisted', false],
    ['mastodon', 'followers', true],
    ['mastodon', 'connections', false],
    ['linkedin', 'connections', true],
  ] as const)('%s audience %s: %s', (platform, audience, passes) => {
    expect(problems({ platform, content: 'Hi', audience }).length === 0).toBe(passes);
  });

  test.each([
    ['ftp://example.com/', false],
    ['javascript:alert(1)', false],
    ['https://name:word@example.com/', false],
    ['https://name@example.com/', false],
    ['https://exa mple.com/', false],
    ['https://example.com/\n', false],
    ['https://', false],
    ['https:example.com', false],
    ['http://example.com', true],
    ['HTTPS://EXAMPLE.com/ä?q=1#f', true],
  ])('link %j: %s', (link, passes) => {
    expect(problems({ platform: 'linkedin', content: 'Hi', link }).length === 0).toBe(passes);
  });

  test.each([
    [{ content: 'Hi' }, 'payload.platform is required'],
    [{ platform: 'myspace', content: 'Hi' }, 'payload.platform must be x, bluesky, mastodon or linkedin'],
    [{ platform: 'x' }, 'payload.content is required'],
    [{ platform: 'x', content: 5 }, 'payload.content must be of type string'],
    [{ platform: 'x', content: '' }, 'payload.content must have at least 1 characters'],
    [{ platform: 'x', content: ' \n' }, 'payload.content must not be blank'],
    [{ platform: 'x', content: 'a\u0000' }, 'payload.content must not contain NUL characters'],
    [{ platform: 'x', content: 'a\ud800' }, 'payload.content must not contain lone surrogates'],
    [{ platform: 'x', content: 'a\ufeff' }, 'payload.content must not contain U+FEFF, U+FFFE or U+FFFF for x'],
    [{ platform: 'x', content: 'Hi', message: 'x' }, 'payload.message is not a field of this type'],
    [{ platform: 'x', content: 'Hi', link: null }, 'payload.link must be of type string'],
    [[], 'payload must be an object'],
    ['text', 'payload must be an object'],
    [null, 'payload must be an object'],
  ])('%j: %s', (payload, problem) => {
    expect(problems(payload)).toContain(problem);
  });

  test('no value makes the check throw, and an accepted payload comes back as it was', () => {
    const field = fc.oneof(fc.string({ unit: 'binary' }), fc.anything({ withBigInt: true, withNullPrototype: true }));
    const payload = fc.oneof(
      fc.anything(),
      fc.record(
        {
          platform: fc.oneof(fc.constantFrom(...SOCIAL_PLATFORMS), field),
          content: field,
          audience: field,
          link: field,
          replyTo: field,
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(payload, (value) => {
        const check = contract?.check(value);
        if (check?.ok) expect(check.payload).toEqual(value);
        else expect(check?.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
    const cycle = { platform: {} };
    cycle.platform = cycle;
    const trap = new Proxy({}, { ownKeys: () => Reflect.ownKeys(Reflect.get(globalThis, 'none')) });
    expect(problems(cycle)).toHaveLength(1);
    expect(problems(trap)).toEqual(['payload cannot be read']);
  });
});

test('the catalogue describes itself: its examples pass, its JSON Schemas are strict', () => {
  for (const described of builtInContracts) {
    expect(described.check(described.example)).toEqual({ ok: true, payload: described.example });
    expect(described.jsonSchema).toMatchObject({ type: 'object', additionalProperties: false });
  }
  expect(contract?.jsonSchema).toMatchObject({ required: ['platform', 'content'] });
  expect(postSocialContract.type).toBe('POST_SOCIAL');
});
