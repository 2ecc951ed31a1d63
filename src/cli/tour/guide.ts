/** What the tour says, and how it goes on: a person presses Enter, a self-test does not wait. */

import type { CommandIo } from '../terminal/guard.ts';
import { paint } from '../terminal/paint.ts';
import { fields } from '../terminal/text.ts';

export interface Guide {
  /** The next step: its heading and what it is about. Waits for the person first. */
  step(heading: string, about: string): Promise<void>;
  /** The command by which a person does the same. */
  command(text: string): void;
  /** What happened, and where it stands. */
  happened(rows: readonly (readonly [name: string, value: string | number])[]): void;
}

export function createGuide(io: CommandIo, steps: number, isAlone: boolean): Guide {
  let number = 0;
  return {
    async step(heading, about) {
      if (number > 0 && !isAlone) await io.ask('Enter goes on, Ctrl+C ends the tour … ');
      number += 1;
      io.out(`\n${paint(`${number} of ${steps}  ${heading}`, 'busy', io.color)}\n${about}`);
    },
    command: (text) => io.out(paint(`  $ ${text}`, 'faint', io.color)),
    happened: (rows) => io.out(fields(rows).replaceAll(/^/gm, '  ')),
  };
}
