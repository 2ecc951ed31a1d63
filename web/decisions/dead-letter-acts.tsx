/** Replaying and clearing many dead letters: the server counts them first, then the person is asked. */

import type { DlqFilter, DlqInput } from '../../src/contracts/http/decisions.ts';
import { count, counted } from '../../src/contracts/words.ts';
import { ask } from '../parts/confirm.tsx';
import { errorText } from '../state/errors.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';

export type DeadLetterVerb = 'replay' | 'clear';

const WORDS = {
  replay: { word: 'Replay', done: 'Replayed', effect: 'given a new round of attempts', kind: 'primary' },
  clear: { word: 'Clear', done: 'Cleared', effect: 'cancelled for good', kind: 'danger' },
} as const;

/** @param which those that the filter takes, in words */
export async function askDeadLetters(
  verb: DeadLetterVerb,
  filter: DlqFilter,
  which: string,
  onDone: () => void,
): Promise<void> {
  const { word, done, effect, kind } = WORDS[verb];
  const call = (request: DlqInput) =>
    verb === 'replay' ? client.replayDeadLetters(request) : client.clearDeadLetters(request);
  try {
    const { matched, asOf } = await call({ filter, dryRun: true });
    ask({
      title: `${word} ${counted(matched, 'dead letter')}?`,
      effect: (
        <p class="wrap">
          <b class="number">{count(matched)}</b> {which} would be {effect}. One press takes up to 1,000.
        </p>
      ),
      verb: `${word} ${count(matched)}`,
      kind,
      asksReason: true,
      async act(reason) {
        // What has failed since was not counted.
        const answer = await call({ filter: { ...filter, before: asOf }, reason });
        say(
          `${done} ${counted(answer.changed, 'dead letter')}` +
            (answer.remaining > 0 ? `; ${count(answer.remaining)} are left: press again` : ''),
        );
        onDone();
      },
    });
  } catch (error) {
    say(errorText(error), 'bad');
  }
}
