/**
 * The one way to the terminal. Whatever a command prints is text from outside here and cannot steer the terminal; only our own
 * control sequences do, which come marked.
 */

import { printable } from '../../domain/printable.ts';
import type { Target } from '../target.ts';
import type { CliIo } from './io.ts';

/** Nobody else's text can hold it: it is made anew for each process, and never printed. */
const MARK = `\u001b${crypto.randomUUID()}`;

/** A control sequence of ours, for what goes through {@link toTerminal}. */
export function control(sequence: string): string {
  return `${MARK}${sequence}${MARK}`;
}

/** The text as the terminal gets it. */
export function toTerminal(text: string): string {
  return text
    .split(MARK)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join('');
}

/** What a command is given. */
export interface CommandIo extends CliIo {
  /** Which AOL it talks to. */
  target(): Promise<Target>;
}

/**
 * The streams for commands: nothing goes past `toTerminal`, but bytes that go into a file or a pipe.
 *
 * @param context what `--context` names
 */
export function guarded(io: CliIo, context: () => string | undefined): CommandIo {
  const { screen, progress } = io;
  return {
    out: (text) => io.out(toTerminal(text)),
    outBytes: (bytes) => (io.isOutTerminal ? io.out(toTerminal(new TextDecoder().decode(bytes))) : io.outBytes(bytes)),
    talk: (text) => io.talk(toTerminal(text)),
    ask: (question, how) => io.ask(toTerminal(question), how),
    isTerminal: io.isTerminal,
    isOutTerminal: io.isOutTerminal,
    color: io.color,
    screen: screen && { rows: screen.rows, write: (text) => screen.write(toTerminal(text)) },
    progress: progress && ((text) => progress(toTerminal(text))),
    readStdin: () => io.readStdin(),
    config: () => io.config(),
    async target() {
      const { findTarget } = await import('../target.ts');
      return findTarget(await io.config(), context());
    },
    // Read only by who takes Ctrl+C over.
    get signal() {
      return io.signal;
    },
  };
}
