/** What can be done to the selected actions, with how many of them it would change. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { count, counted } from '../../src/contracts/words.ts';
import { errorText } from '../state/errors.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';
import { ActButton } from './act-button.tsx';
import { ask } from './confirm.tsx';
import { isCancellable } from './decide.tsx';

const AT_ONCE = 6;

export function BulkBar({
  actions,
  onDone,
}: {
  readonly actions: readonly ActionSummary[];
  readonly onDone: () => void;
}) {
  const cancellable = actions.filter(isCancellable);
  const replayable = actions.filter(({ status }) => status === 'DLQ');
  return (
    <fieldset class="select-bar" aria-label="Selected actions">
      <b class="number">{count(actions.length)} selected</b>
      <ActButton
        size="small"
        kind="danger"
        icon="slash"
        disabledBecause={cancellable.length === 0 ? 'None of them can be cancelled.' : undefined}
        act={() => askCancel(cancellable, actions.length, onDone)}
      >
        Cancel {count(cancellable.length)}
      </ActButton>
      <ActButton
        size="small"
        icon="retry"
        disabledBecause={replayable.length === 0 ? 'None of them is a dead letter.' : undefined}
        act={() => askReplay(replayable, actions.length, onDone)}
      >
        Replay {count(replayable.length)}
      </ActButton>
      <button type="button" class="button" data-kind="plain" data-size="small" onClick={onDone}>
        Select none
      </button>
    </fieldset>
  );
}

function askCancel(actions: readonly ActionSummary[], selected: number, onDone: () => void): void {
  ask({
    title: `Cancel ${counted(actions.length, 'action')}?`,
    effect: <Preview verb="cancelled" changed={actions.length} selected={selected} />,
    verb: `Cancel ${count(actions.length)}`,
    kind: 'danger',
    asksReason: true,
    async act(reason) {
      const failed = await forEach(actions, ({ id }) => client.cancel(id, reason === undefined ? {} : { reason }));
      report('Cancelled', actions.length, failed);
      onDone();
    },
  });
}

function askReplay(actions: readonly ActionSummary[], selected: number, onDone: () => void): void {
  ask({
    title: `Replay ${counted(actions.length, 'dead letter')}?`,
    effect: <Preview verb="given a new round of attempts" changed={actions.length} selected={selected} />,
    verb: `Replay ${count(actions.length)}`,
    asksReason: true,
    async act(reason) {
      const ids = actions.map(({ id }) => id);
      const answer = await client.replayDeadLetters({ ids, ...(reason === undefined ? {} : { reason }) });
      say(`Replayed ${count(answer.changed)} of ${count(actions.length)}`, answer.changed > 0 ? 'good' : 'bad');
      onDone();
    },
  });
}

function Preview({
  verb,
  changed,
  selected,
}: {
  readonly verb: string;
  readonly changed: number;
  readonly selected: number;
}) {
  return (
    <p>
      <b class="number">{count(changed)}</b> of {counted(selected, 'selected action')} will be {verb}
      {changed < selected && `; the other ${count(selected - changed)} stay as they are`}.
    </p>
  );
}

/** A few at a time; answers what failed, and why. */
async function forEach(
  actions: readonly ActionSummary[],
  act: (action: ActionSummary) => Promise<unknown>,
): Promise<readonly string[]> {
  const failed: string[] = [];
  const queue = [...actions];
  const work = async () => {
    for (let action = queue.shift(); action; action = queue.shift()) {
      await act(action).catch((error: unknown) => failed.push(errorText(error)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failed;
}

function report(word: string, all: number, failed: readonly string[]): void {
  say(`${word} ${count(all - failed.length)} of ${count(all)}`);
  if (failed[0] !== undefined) say(`${counted(failed.length, 'action')} failed: ${failed[0]}`, 'bad');
}
