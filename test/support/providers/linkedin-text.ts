/** LinkedIn's "little text": which characters are markup, and what becomes of a text that does not escape them. */

const RESERVED = new Set('\\|{}@[]()<>#*_~');
const HASHTAG = /^\{hashtag\|\\?#\|[\p{L}\p{N}]+\}/u;
const MENTION = /^@\[[^\]]+\]\(urn:li:(?:organization|person):\w+\)/u;
const BARE_TAG = /^#[\p{L}\p{N}]+/u;

/** The text as people see it: it ends, without an error, at the first reserved character that is not escaped. */
export function cutAtBareMarkup(text: string): string {
  let shown = '';
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const template = HASHTAG.exec(rest)?.[0] ?? MENTION.exec(rest)?.[0] ?? BARE_TAG.exec(rest)?.[0];
    const [first = '', second = ''] = rest;
    if (template !== undefined) {
      shown += template.startsWith('{') ? `#${template.slice(template.lastIndexOf('|') + 1, -1)}` : template;
      at += template.length;
    } else if (first === '\\' && RESERVED.has(second)) {
      shown += second;
      at += 2;
    } else if (RESERVED.has(first)) {
      return shown;
    } else {
      shown += first;
      at += first.length;
    }
  }
  return shown;
}
