/** Long texts, cut after the first lines, with how much more there is. */

import { count, counted } from '../../src/contracts/words.ts';

/** A text that is longer than so many characters is cut within its lines, too. */
const MAX_CHARACTERS = 4_000;
/** So few more lines are shown rather than folded away. */
const SPARE_LINES = 3;

export interface Fold {
  readonly shown: string;
  /** `37 more lines`, `12,000 more characters` */
  readonly more: string;
}

/** Undefined where all of it is shown. */
export function foldOf(text: string, lines: number): Fold | undefined {
  if (lines === Number.POSITIVE_INFINITY) return undefined;
  let end = -1;
  for (let line = 0; line < lines; line += 1) {
    end = text.indexOf('\n', end + 1);
    if (end === -1 || end > MAX_CHARACTERS) return foldLetters(text);
  }
  const moreLines = text.slice(end + 1).split('\n').length;
  if (moreLines <= SPARE_LINES && text.length <= MAX_CHARACTERS) return undefined;
  return { shown: text.slice(0, end), more: counted(moreLines, 'more line') };
}

function foldLetters(text: string): Fold | undefined {
  const left = text.length - MAX_CHARACTERS;
  // A tenth more is not worth a press.
  if (left <= MAX_CHARACTERS / 10) return undefined;
  return { shown: text.slice(0, MAX_CHARACTERS).toWellFormed(), more: `${count(left)} more characters` };
}
