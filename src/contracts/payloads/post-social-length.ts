/** How each platform counts a post. Runs in browsers too: the dashboard counts while somebody types. */

import { findUrls } from './urls.ts';

export const SOCIAL_PLATFORMS = ['x', 'bluesky', 'mastodon', 'linkedin'] as const;
export type SocialPlatform = (typeof SOCIAL_PLATFORMS)[number];

export interface ContentLength {
  readonly used: number;
  readonly limit: number;
  /** What is counted, in the plural: `graphemes`. */
  readonly unit: string;
}

const LINK_SEPARATOR = '\n\n';
/** Both X and Mastodon count an address as this many characters, however long it is. */
const URL_WEIGHT = 23;
const BLUESKY_BYTES = 3_000;
/** The code points that twitter-text 3 counts as one; everything else counts as two. */
const X_LIGHT_RANGES = [
  [0, 4_351],
  [8_192, 8_205],
  [8_208, 8_223],
  [8_242, 8_247],
] as const;
const EMOJI = /\p{RGI_Emoji}/gv;
const REMOTE_MENTION =
  /(?<![=/\p{L}\p{N}_])@([a-z0-9_][a-z0-9_.-]*)(?<![.-])@[\p{L}\p{N}_]+(?:[.-]+[\p{L}\p{N}_]+)*/giu;
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
const UTF8 = new TextEncoder();

/** The text of a post: its content, and the link in a paragraph of its own. */
export function postText(content: string, link?: string): string {
  return link === undefined ? content : `${content}${LINK_SEPARATOR}${link}`;
}

/**
 * How long a post is by its platform's own rule. Bluesky has two: bytes are told only when they are the ones exceeded.
 *
 * @param link counts as appended to the content, as `postText` does
 * @param replyTo a reply on LinkedIn is a comment, and may be 1,250 long
 */
export function contentLength(
  platform: SocialPlatform,
  content: string,
  link?: string,
  replyTo?: string,
): ContentLength {
  const text = postText(content, link);
  switch (platform) {
    case 'x':
      return { used: xWeight(text), limit: 280, unit: 'weighted characters' };
    case 'bluesky': {
      const bytes = UTF8.encode(text).length;
      if (bytes > BLUESKY_BYTES) return { used: bytes, limit: BLUESKY_BYTES, unit: 'bytes' };
      return { used: graphemes(text), limit: 300, unit: 'graphemes' };
    }
    case 'mastodon':
      return { used: mastodonLength(text), limit: 500, unit: 'characters' };
    case 'linkedin':
      // LinkedIn counts UTF-16 code units: an emoji counts two and more.
      return { used: text.length, limit: replyTo === undefined ? 3_000 : 1_250, unit: 'characters' };
  }
}

/** Most texts, or most of them. What follows costs a hundred times more. */
const ASCII = /^[\0-\x7f]*$/;

function graphemes(text: string): number {
  // In ASCII only a line break of two characters is one grapheme.
  if (ASCII.test(text)) return text.length - (text.match(/\r\n/g)?.length ?? 0);
  let count = 0;
  for (const _ of GRAPHEMES.segment(text)) count += 1;
  return count;
}

/** twitter-text 3: over the NFC form, an address is 23, an emoji sequence is 2, other characters are 1 or 2. */
function xWeight(text: string): number {
  const normalised = text.normalize('NFC');
  let weight = 0;
  let position = 0;
  for (const { start, end } of findUrls(normalised, true)) {
    weight += plainWeight(normalised.slice(position, start)) + URL_WEIGHT;
    position = end;
  }
  return weight + plainWeight(normalised.slice(position));
}

function plainWeight(text: string): number {
  if (ASCII.test(text)) return text.length;
  let weight = 0;
  const rest = text.replace(EMOJI, () => {
    weight += 2;
    return '';
  });
  for (const character of rest) weight += isLight(character.codePointAt(0) ?? 0) ? 1 : 2;
  return weight;
}

function isLight(codePoint: number): boolean {
  return X_LIGHT_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last);
}

/** Mastodon's own validator: graphemes, with an address as 23 and `@name@host` as `@name`. */
function mastodonLength(text: string): number {
  let counted = '';
  let position = 0;
  for (const { start, end } of findUrls(text, false)) {
    counted += text.slice(position, start) + 'x'.repeat(URL_WEIGHT);
    position = end;
  }
  counted += text.slice(position);
  return graphemes(counted.replace(REMOTE_MENTION, '@$1'));
}
