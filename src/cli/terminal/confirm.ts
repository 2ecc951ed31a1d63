/** Asks a person before what is not easily taken back. */

import { UsageError } from '../errors.ts';
import type { CommandIo } from './guard.ts';

export interface Danger {
  /** What it will do, with counts, as the beginning of a sentence: `kill stops 3 lanes at once`. */
  readonly what: string;
  readonly question: string;
  /** What it is done to, if that is not the AOL that the command talks to. */
  readonly where?: string;
}

/**
 * Says what will be done, and on what, and asks.
 *
 * @throws UsageError when nobody said yes, or nobody is there to say it
 */
export async function confirm(io: CommandIo, { what, question, ...on }: Danger): Promise<void> {
  const where = on.where ?? (await io.target()).words;
  const danger = `on ${where}: ${what}`;
  if (!io.isTerminal) throw new UsageError(`${danger}; without a terminal confirm with --yes; nothing was done`);
  io.talk(`aol: ${danger}`);
  const answer = await io.ask(`on ${where}: ${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('not confirmed; nothing was done');
}
