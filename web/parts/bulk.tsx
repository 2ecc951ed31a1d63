/** What can be done to the selected actions, with how many of them it would change. */

import type { ActionFilter } from '../../src/client/client.ts';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { DUE_STATUSES } from '../../src/contracts/http/action.ts';
import { count } from '../../src/contracts/words.ts';
import { MAX_BULK_DECISIONS, MAX_PAGE_SIZE } from '../../src/domain/limits.ts';
import { errorText } from '../state/errors.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';
import { ActButton } from './act-button.tsx';
import { isCancellable } from './decide.tsx';
import { askMany, type Failed, leftOf, refusedOf } from './many.tsx';

const AT_ONCE = 6;

interface BulkBarProps {
  readonly actions: readonly ActionSummary[];
  /** What the filters of the page ask for, where more fits them than is shown and all that is shown is selected. */
  readonly fitting: ActionFilter | undefined;
  readonly onDone: () => void;
}

export function BulkBar({ actions, fitting, onDone }: BulkBarProps) {
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
      {fitting && (
        <ActButton
          size="small"
          kind="danger"
          icon="slash"
          needs="cancelAny"
          disabledBecause={waitingOf(fitting).length === 0 ? 'Nothing that fits waits.' : undefined}
          act={() => askCancelFitting(fitting, onDone).catch((error: unknown) => say(errorText(error), 'bad'))}
        >
          Cancel all that fit and wait
        </ActButton>
      )}
      <button type="button" class="button" data-kind="plain" data-size="small" onClick={onDone}>
        Select none
      </button>
    </fieldset>
  );
}

function askCancel(actions: readonly ActionSummary[], selected: number, onDone: () => void): void {
  askMany({
    verb: 'Cancel',
    done: 'Cancelled',
    will: 'be cancelled for good',
    kind: 'danger',
    actions,
    changed: actions.length,
    note: restOf(actions.length, selected),
    async send(reason) {
      const failed = await forEach(actions, ({ id }) => client.cancel(id, { reason }));
      return { done: actions.length - failed.length, failed };
    },
    onDone,
  });
}

/** Of the statuses that are asked for, those that can be cancelled by a filter: nothing of theirs was sent. */
function waitingOf({ status }: ActionFilter): readonly (typeof DUE_STATUSES)[number][] {
  const asked: readonly string[] = status === undefined ? DUE_STATUSES : [status].flat();
  return DUE_STATUSES.filter((one) => asked.includes(one));
}

async function askCancelFitting(fitting: ActionFilter, onDone: () => void): Promise<void> {
  const { status: _, order: _order, cursor: _cursor, limit: _limit, fields: _fields, ...filter } = fitting;
  const status = [...waitingOf(fitting)];
  const which = { ...filter, status };
  const [{ matched }, list] = await Promise.all([
    client.cancelMany({ filter: which, dryRun: true }),
    client.listActionSummaries({ ...which, limit: MAX_PAGE_SIZE }),
  ]);
  askMany({
    verb: 'Cancel',
    done: 'Cancelled',
    will: 'be cancelled for good',
    kind: 'danger',
    actions: list.items,
    changed: Math.min(matched, MAX_BULK_DECISIONS),
    note: leftOf(matched, MAX_BULK_DECISIONS),
    async send(reason) {
      const answer = await client.cancelMany({ filter: which, reason });
      return { done: answer.changed, failed: refusedOf(answer) };
    },
    onDone,
  });
}

function askReplay(actions: readonly ActionSummary[], selected: number, onDone: () => void): void {
  askMany({
    verb: 'Replay',
    done: 'Replayed',
    will: 'be given a new round of attempts',
    actions,
    changed: actions.length,
    note: restOf(actions.length, selected),
    async send(reason) {
      const ids = actions.map(({ id }) => id);
      const answer = await client.replayDeadLetters({ ids, reason });
      return { done: answer.changed, failed: refusedOf(answer) };
    },
    onDone,
  });
}

function restOf(changed: number, selected: number): string | undefined {
  return changed < selected ? `The other ${count(selected - changed)} of those selected stay as they are.` : undefined;
}

/** A few at a time; answers what failed, and why. */
async function forEach(
  actions: readonly ActionSummary[],
  act: (action: ActionSummary) => Promise<unknown>,
): Promise<readonly Failed[]> {
  const failed: Failed[] = [];
  const queue = [...actions];
  const work = async () => {
    for (let action = queue.shift(); action; action = queue.shift()) {
      const { id } = action;
      await act(action).catch((error: unknown) => failed.push({ id, why: errorText(error) }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failed;
}
