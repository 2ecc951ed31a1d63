/** Finds tags in a text as Bluesky's own apps do (`@atproto/api`): `#` after a space, then no space, and not digits alone. */

export interface FoundTag {
  /** Offsets in UTF-16 code units, the `#` included. */
  readonly start: number;
  readonly end: number;
  readonly tag: string;
}

const SPACES = '\\s\\u00ad\\u2060\\u200a\\u200b\\u200c\\u200d\\u20e2';
const WORDS = new RegExp(`(?<=^|\\s)[#＃](?!\\ufe0f)([^${SPACES}]+)`, 'gu');
const LETTER = new RegExp(`[^\\d${SPACES}\\p{P}]`, 'u');
const MAX_TAG_LENGTH = 64;

export function findTags(text: string): readonly FoundTag[] {
  return [...text.matchAll(WORDS)].flatMap(({ index, 1: word = '' }) => {
    const tag = withoutPunctuation(word);
    if (!LETTER.test(tag) || tag.length > MAX_TAG_LENGTH) return [];
    return [{ start: index, end: index + 1 + tag.length, tag }];
  });
}

/** Punctuation at the end belongs to the sentence. */
function withoutPunctuation(word: string): string {
  const letters = Array.from(word);
  while (letters.length > 0 && /^\p{P}$/u.test(letters.at(-1) ?? '')) letters.pop();
  return letters.join('');
}
