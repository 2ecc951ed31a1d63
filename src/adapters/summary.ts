/** Summaries are one line. */

const EXCERPT_LENGTH = 60;

/** The beginning of a text on one line. */
export function excerpt(text: string): string {
  const letters = Array.from(text.replace(/[\s\p{Cc}]+/gu, ' ').trim());
  return letters.length > EXCERPT_LENGTH ? `${letters.slice(0, EXCERPT_LENGTH - 1).join('')}…` : letters.join('');
}
