/**
 * Bluesky: `com.atproto.repo.putRecord`. The record's key derives from the action, so a repetition writes the same
 * record once more and nothing changes.
 */

import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../contracts/http/json.ts';
import { postText } from '../../contracts/payloads/post-social-length.ts';
import { findUrls } from '../../contracts/payloads/urls.ts';
import { sha256Hex } from '../../domain/hashing.ts';
import { addedAtSending } from '../placeholder.ts';
import type { RenderContext } from '../port.ts';
import { defineProvider, secretReferenceSchema } from '../provider.ts';
import { jsonPost, type SocialPlatformAdapter } from './platform.ts';
import { findTags } from './tags.ts';

const COLLECTION = 'app.bsky.feed.post';
const FACET = 'app.bsky.richtext.facet';
const TID_LETTERS = '234567abcdefghijklmnopqrstuvwxyz';

/** A record's key is never forgotten. */
const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;

const provider = defineProvider({
  name: 'bluesky',
  title: 'Bluesky',
  settings: z.strictObject({
    service: z.url().default('https://bsky.social'),
    identifier: z.string().min(3),
    appPassword: secretReferenceSchema,
  }),
  identify: ({ identifier, service }) => ({ identity: identifier, server: service }),
  variables: {
    service: { name: 'BLUESKY_SERVICE' },
    identifier: { name: 'BLUESKY_IDENTIFIER', required: true },
    appPassword: { name: 'BLUESKY_APP_PASSWORD', required: true, secret: true },
  },
  placeholder: { identity: 'not-configured.invalid', server: 'https://bsky.social' },
  check: async () => ({ kind: 'unreachable', reason: 'not known yet' }),
});

export const bluesky: SocialPlatformAdapter = {
  name: 'Bluesky',
  provider,
  redelivery: () => ({ kind: 'dedupes', windowMs: TEN_YEARS_MS, settleMs: 0 }),
  render({ content, link, replyTo }, context) {
    const text = postText(content, link);
    const facets = facetsOf(text, content, link);
    const record = {
      $type: COLLECTION,
      text,
      createdAt: context.runAt.toISOString(),
      ...(facets.length > 0 && { facets }),
      ...(replyTo !== undefined && { reply: replyReference(replyTo) }),
    };
    return jsonPost(
      new URL('/xrpc/com.atproto.repo.putRecord', context.account.server).href,
      { repo: context.account.identity, collection: COLLECTION, rkey: recordKey(context), record },
      { addedAtSending: replyTo === undefined ? [] : REPLY_PLACEHOLDERS },
    );
  },
};

const REPLY_PLACEHOLDERS = [
  'body.value.record.reply.root.uri',
  'body.value.record.reply.root.cid',
  'body.value.record.reply.parent.cid',
];

/** The hashes of the posts, and where the thread begins, can only be asked of the network. */
function replyReference(parent: string) {
  return {
    root: { uri: addedAtSending("the thread's first post"), cid: addedAtSending('its CID') },
    parent: { uri: parent, cid: addedAtSending('its CID') },
  };
}

interface Facet {
  /** Offsets in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  readonly feature: JsonObject;
}

/** Links and tags in the order of the text. A mention stays plain: only the network knows the DID behind a handle. */
function facetsOf(text: string, content: string, link: string | undefined): JsonValue[] {
  const links = linkFacets(text, content, link);
  const tags = findTags(text).map(({ start, end, tag }) => ({ start, end, feature: { $type: `${FACET}#tag`, tag } }));
  const apart = tags.filter((tag) => links.every(({ start, end }) => tag.end <= start || tag.start >= end));
  return [...links, ...apart]
    .sort((a, b) => a.start - b.start)
    .map(({ start, end, feature }) => ({
      index: { byteStart: utf8Length(text.slice(0, start)), byteEnd: utf8Length(text.slice(0, end)) },
      features: [feature],
    }));
}

function linkFacets(text: string, content: string, link: string | undefined): Facet[] {
  const found = findUrls(content, true).map(({ start, end, hasProtocol }) => ({
    start,
    end,
    uri: `${hasProtocol ? '' : 'https://'}${content.slice(start, end)}`,
  }));
  if (link !== undefined) found.push({ start: text.length - link.length, end: text.length, uri: link });
  return found.map(({ start, end, uri }) => ({ start, end, feature: { $type: `${FACET}#link`, uri } }));
}

function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * Posts must be keyed by a TID: 53 bits of microseconds and 10 bits of a clock's name. The milliseconds are those of
 * the action's UUIDv7, so keys sort by age; the rest comes from the provider's key.
 */
function recordKey({ actionId, providerKey }: RenderContext): string {
  const hash = sha256Hex(providerKey);
  const milliseconds = BigInt(`0x${actionId.replaceAll('-', '').slice(0, 12)}`);
  const microseconds = milliseconds * 1_000n + (BigInt(`0x${hash.slice(0, 8)}`) % 1_000n);
  let bits = ((microseconds & ((1n << 53n) - 1n)) << 10n) | (BigInt(`0x${hash.slice(8, 16)}`) & 1_023n);
  let key = '';
  for (let letter = 0; letter < 13; letter += 1) {
    key = `${TID_LETTERS.charAt(Number(bits & 31n))}${key}`;
    bits >>= 5n;
  }
  return key;
}
