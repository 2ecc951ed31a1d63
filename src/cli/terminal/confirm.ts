/** Asks a person before what is not easily taken back. */

import { UsageError } from '../errors.ts';
import type { CliIo } from './io.ts';

export interface Danger {
  /** What it will do, with counts, as the beginning of a sentence: `kill stops 3 lanes at once`. */
  readonly what: string;
  readonly question: string;
}

/**
 * Says what will be done and asks.
 *
 * @throws UsageError when nobody said yes, or nobody is there to say it
 */
export async function confirm(io: CliIo, { what, question }: Danger): Promise<void> {
  if (!io.isTerminal) throw new UsageError(`${what}; without a terminal confirm with --yes; nothing was done`);
  io.talk(`aol: ${what}`);
  const answer = await io.ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('not confirmed; nothing was done');
}
