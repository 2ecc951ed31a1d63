/** A line on stderr that says what takes long: a spinner, or a bar where the end is known. Only where a person watches. */

import { counted } from '../../contracts/words.ts';
import { control } from './guard.ts';
import type { CliIo } from './io.ts';

export interface Progress {
  /** How far it is. */
  at(done: number, total?: number): void;
  /** A line of talk, above the one that is drawn. */
  say(text: string): void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;
/** What is over sooner draws nothing. */
const FIRST_FRAME_MS = 250;
const BAR_WIDTH = 24;
const CLEAR_LINE = control('\r\u001b[2K');

/** Shows progress while the work runs, and takes the line away when it ends. */
export async function withProgress<Result>(
  io: Pick<CliIo, 'progress' | 'talk'>,
  title: string,
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  const { progress: write } = io;
  if (!write) return work({ at: () => undefined, say: io.talk });
  let frame = 0;
  let position = '';
  const draw = () => {
    write(`${CLEAR_LINE}${FRAMES[frame % FRAMES.length]} ${title}${position}`);
    frame += 1;
  };
  let timer = setTimeout(() => {
    draw();
    timer = setInterval(draw, FRAME_MS);
  }, FIRST_FRAME_MS);
  try {
    return await work({
      at(done, total) {
        position = ` ${total === undefined ? counted(done, 'item') : bar(done, total)}`;
      },
      say(text) {
        if (frame > 0) write(CLEAR_LINE);
        io.talk(text);
      },
    });
  } finally {
    clearInterval(timer);
    if (frame > 0) write(CLEAR_LINE);
  }
}

function bar(done: number, total: number): string {
  const part = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.round(part * BAR_WIDTH);
  return `[${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}] ${done}/${total}`;
}
