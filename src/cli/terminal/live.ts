/** A picture that is drawn anew in place, on the terminal of the results. */

import { control } from './guard.ts';
import type { Screen } from './io.ts';

const HIDE_CURSOR = control('\u001b[?25l');
const SHOW_CURSOR = control('\u001b[?25h');
const NO_WRAP = control('\u001b[?7l');
const WRAP = control('\u001b[?7h');
const HOME_AND_CLEAR = control('\u001b[H\u001b[2J');
const HOME = control('\u001b[H');
const CLEAR_TO_LINE_END = control('\u001b[K');
const CLEAR_BELOW = control('\u001b[J');

export interface Picture {
  draw(text: string): void;
}

/** Gives the terminal to the work, and back as it was, whatever the work does. */
export async function withPicture<Result>(
  screen: Screen,
  work: (picture: Picture) => Promise<Result>,
): Promise<Result> {
  screen.write(`${HIDE_CURSOR}${NO_WRAP}${HOME_AND_CLEAR}`);
  try {
    return await work({
      draw(text) {
        const lines = text.split('\n').slice(0, screen.rows() - 1);
        screen.write(`${HOME}${lines.join(`${CLEAR_TO_LINE_END}\n`)}${CLEAR_TO_LINE_END}\n${CLEAR_BELOW}`);
      },
    });
  } finally {
    screen.write(`${WRAP}${SHOW_CURSOR}`);
  }
}
