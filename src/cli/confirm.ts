/** Asks a person before what is not easily taken back. */

import { UsageError } from './errors.ts';
import type { CliIo } from './io.ts';

/**
 * @param words what it does, and the question on a terminal
 * @throws UsageError when nobody said yes
 */
export async function confirm(io: CliIo, words: { readonly what: string; readonly question: string }): Promise<void> {
  if (!io.isTerminal) throw new UsageError(`${words.what}; without a terminal confirm with --yes`);
  const answer = await io.ask(`${words.question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('not confirmed; nothing was done');
}
