/** What a personal data server checks of a post, and what it does not: facets and the posts that are replied to. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../../src/domain/hashing.ts';

export type BlueskyRecord = Readonly<Record<string, unknown>>;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const blobSchema = z.looseObject({ $type: z.literal('blob'), ref: z.object({ $link: z.string() }) });
const postSchema = z.looseObject({
  $type: z.literal('app.bsky.feed.post'),
  text: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  langs: z.array(z.string()).max(3).optional(),
  tags: z.array(z.string()).max(8).optional(),
  embed: z.looseObject({ $type: z.string() }).optional(),
});
const imagesSchema = z.looseObject({ images: z.array(z.looseObject({ alt: z.string(), image: blobSchema })).max(4) });
const externalSchema = z.looseObject({
  external: z.looseObject({
    uri: z.string(),
    title: z.string(),
    description: z.string(),
    thumb: blobSchema.optional(),
  }),
});

export function isTid(key: string): boolean {
  return /^[234567a-j][234567a-z]{12}$/u.test(key);
}

interface Known {
  readonly imageLimitBytes: number;
  readonly blob: (cid: string) => Buffer | undefined;
}

/** What is wrong with it. */
export function checkPost(record: BlueskyRecord, known: Known): { name: string; message: string } | undefined {
  const parsed = postSchema.safeParse(record);
  if (!parsed.success) return { name: 'InvalidRequest', message: parsed.error.message };
  const { text, embed } = parsed.data;
  const graphemes = [...new Intl.Segmenter().segment(text)].length;
  if (graphemes > 300 || Buffer.byteLength(text) > 3000) {
    return { name: 'InvalidRequest', message: 'Record/text must not be longer than 300 graphemes' };
  }
  if (embed === undefined) return undefined;
  const found = blobsIn(embed, known.imageLimitBytes);
  if (found === undefined) return { name: 'InvalidRequest', message: `the embed is no ${embed.$type}` };
  for (const { cid, limitBytes } of found) {
    const bytes = known.blob(cid);
    if (bytes === undefined) return { name: 'BlobNotFound', message: `Could not find blob: ${cid}` };
    if (bytes.length > limitBytes)
      return { name: 'BlobTooLarge', message: `This file is too large. It is ${bytes.length} bytes` };
    if (!sniff(bytes)?.startsWith('image/')) return { name: 'InvalidMimeType', message: 'Wrong type of file' };
  }
  return undefined;
}

function blobsIn(embed: BlueskyRecord, limitBytes: number): { cid: string; limitBytes: number }[] | undefined {
  if (embed.$type === 'app.bsky.embed.images') {
    const parsed = imagesSchema.safeParse(embed);
    return parsed.data?.images.map(({ image }) => ({ cid: image.ref.$link, limitBytes }));
  }
  if (embed.$type === 'app.bsky.embed.external') {
    const parsed = externalSchema.safeParse(embed);
    if (!parsed.success) return undefined;
    const { thumb } = parsed.data.external;
    return thumb === undefined ? [] : [{ cid: thumb.ref.$link, limitBytes: 1_000_000 }];
  }
  return [];
}

/** By its first bytes; `damaged` for a PNG that has nothing else. */
export function sniff(bytes: Buffer): string | undefined {
  const starts = (hexadecimal: string) => bytes.toString('hex', 0, hexadecimal.length / 2) === hexadecimal;
  if (starts('89504e470d0a1a0a')) return bytes.includes('IHDR') && bytes.includes('IEND') ? 'image/png' : 'damaged';
  if (starts('ffd8ff')) return 'image/jpeg';
  if (starts('47494638')) return 'image/gif';
  return bytes.toString('latin1', 8, 12) === 'WEBP' ? 'image/webp' : undefined;
}

/** Of a file: exactly the server's. */
export function cidOfFile(bytes: Buffer): string {
  return cid(0x55, bytes);
}

/** Of a record: of the right form, but over JSON and not over DAG-CBOR as a server's. */
export function cidOfRecord(record: BlueskyRecord): string {
  return cid(0x71, Buffer.from(canonicalJson(record)));
}

function cid(codec: number, bytes: Buffer): string {
  const digest = createHash('sha256').update(bytes).digest();
  let [bits, value, text] = [0, 0, 'b'];
  for (const byte of [0x01, codec, 0x12, 0x20, ...digest]) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(value >> (bits - 5)) & 31];
    value &= 0xff;
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text;
}
