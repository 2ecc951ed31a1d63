/** The record of a post, exact before anything was sent: facets, pictures by the CID of their bytes, its key. */

import type { JsonObject, JsonValue } from '../../../contracts/http/json.ts';
import { type PostSocial, repliedAction } from '../../../contracts/payloads/post-social.ts';
import { postText } from '../../../contracts/payloads/post-social-length.ts';
import { findUrls } from '../../../contracts/payloads/urls.ts';
import { sha256Hex } from '../../../domain/hashing.ts';
import { FIRST_ATTEMPT, resultOf, withText } from '../../placeholder.ts';
import type { HttpRequest, RenderContext } from '../../port.ts';
import { PARENT_STEP, type PostFileWithAlt } from '../platform.ts';
import { findTags } from './tags.ts';

export const COLLECTION = 'app.bsky.feed.post';
const FACET = 'app.bsky.richtext.facet';

/** Where the record's date stands in the request. */
export const CREATED_AT = 'body.value.record.createdAt';

/** The request with the record's date in its place. */
export function dated(request: HttpRequest, createdAt: string): HttpRequest {
  const { body } = request;
  if (body.kind !== 'json') return request;
  return { ...request, body: { kind: 'json', value: withText(body.value, ['record', 'createdAt'], createdAt) } };
}

export function postRecord(post: PostSocial, pictures: readonly PostFileWithAlt[]): JsonObject {
  const { content, link, replyTo, language } = post;
  const text = postText(content, link);
  const facets = facetsOf(text, content, link);
  const embed = embedOf(post, pictures);
  return {
    $type: COLLECTION,
    text,
    createdAt: FIRST_ATTEMPT,
    ...(facets.length > 0 && { facets }),
    ...(language !== undefined && { langs: [language] }),
    ...(embed && { embed }),
    ...(replyTo !== undefined && {
      reply: {
        root: { uri: resultOf(PARENT_STEP, 'rootUri'), cid: resultOf(PARENT_STEP, 'rootCid') },
        parent: {
          uri: repliedAction(replyTo) === undefined ? replyTo : resultOf(PARENT_STEP, 'uri'),
          cid: resultOf(PARENT_STEP, 'cid'),
        },
      },
    }),
  };
}

function embedOf({ link, card }: PostSocial, pictures: readonly PostFileWithAlt[]): JsonObject | undefined {
  if (card !== undefined && link !== undefined) {
    const { title, description = '' } = card;
    const [thumb] = pictures.map(blobOf);
    return { $type: 'app.bsky.embed.external', external: { uri: link, title, description, ...(thumb && { thumb }) } };
  }
  return pictures.length === 0 ? undefined : { $type: 'app.bsky.embed.images', images: pictures.map(imageOf) };
}

function imageOf(picture: PostFileWithAlt): JsonObject {
  const { width, height, alt = '' } = picture;
  return { alt, image: blobOf(picture), ...(width && height && { aspectRatio: { width, height } }) };
}

function blobOf({ sha256, mediaType, byteCount }: PostFileWithAlt): JsonObject {
  return { $type: 'blob', ref: { $link: cidOf(sha256) }, mimeType: mediaType, size: byteCount };
}

/** CIDv1, raw, SHA-256: what the server will call these bytes. */
export function cidOf(sha256: string): string {
  return `b${base32(Buffer.concat([Buffer.from([0x01, 0x55, 0x12, 0x20]), Buffer.from(sha256, 'hex')]))}`;
}

const BASE32_LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    bitCount += 8;
    while (bitCount >= 5) {
      bitCount -= 5;
      text += BASE32_LETTERS.charAt((bits >> bitCount) & 31);
    }
    bits &= (1 << bitCount) - 1;
  }
  return bitCount === 0 ? text : text + BASE32_LETTERS.charAt((bits << (5 - bitCount)) & 31);
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
  for (const more of withProtocol(content)) {
    if (found.every(({ start, end }) => more.end <= start || more.start >= end)) found.push(more);
  }
  if (link !== undefined) found.push({ start: text.length - link.length, end: text.length, uri: link });
  return found.map(({ start, end, uri }) => ({ start, end, feature: { $type: `${FACET}#link`, uri } }));
}

/** Whatever begins with a protocol is a link in Bluesky's own app, its domain known or not. */
function withProtocol(content: string): { readonly start: number; readonly end: number; readonly uri: string }[] {
  return [...content.matchAll(/(?<=^|[\s(])https?:\/\/\S+/giu)].flatMap(({ index, 0: word }) => {
    const sentence = word.replace(/[.,;:!?]$/u, '');
    const uri = sentence.includes('(') ? sentence : sentence.replace(/\)$/u, '');
    return URL.canParse(uri) ? [{ start: index, end: index + uri.length, uri }] : [];
  });
}

function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

const TID_LETTERS = '234567abcdefghijklmnopqrstuvwxyz';

/**
 * Posts must be keyed by a TID: 53 bits of microseconds and 10 bits of a clock's name. The milliseconds are those of
 * the action's UUIDv7, so keys sort by age; the rest comes from the provider's key.
 */
export function recordKey({ actionId, providerKey }: RenderContext): string {
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
