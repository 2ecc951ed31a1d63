/** Asks a person at the terminal. */

import { Writable } from 'node:stream';
import { StopAsked } from '../up/process-tree.ts';

export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Where the question goes, and what is typed. */
  readonly output: NodeJS.WritableStream;
}

/**
 * The answer; none when the terminal is closed.
 *
 * @throws StopAsked when Ctrl+C is pressed: while it asks, the terminal sends no signal for that
 */
export async function askOnce(
  { input, output }: Terminal,
  question: string,
  { isSecret } = { isSecret: false },
): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  if (isSecret) output.write(question);
  const lines = createInterface({ input, output: isSecret ? silent : output, terminal: input.isTTY === true });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const stopped = new Promise<never>((_, reject) => lines.once('SIGINT', () => reject(new StopAsked('SIGINT'))));
  try {
    return await Promise.race([stopped, lines.question(isSecret ? '' : question).catch(() => closed), closed]);
  } finally {
    lines.close();
    if (isSecret) output.write('\n');
  }
}
