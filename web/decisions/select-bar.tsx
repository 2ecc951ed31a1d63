/** What is selected, and what can be decided about all of it at once. */

import { count } from '../../src/contracts/words.ts';
import type { Right } from '../../src/domain/roles.ts';
import { ActButton } from '../parts/act-button.tsx';
import type { IconName } from '../parts/icon.tsx';
import { errorText } from '../state/errors.ts';
import { say } from '../state/toasts.ts';
import type { Kind } from './kinds.ts';
import { type Chosen, decideMany, type ManyVerb } from './many.ts';

interface Way {
  readonly verb: ManyVerb;
  readonly word: string;
  readonly icon: IconName;
  readonly kind: 'primary' | 'danger';
  readonly needs: Right;
  readonly shortcut?: string;
}

/** What happened to an effect that is unconfirmed is found out for each alone. */
const WAYS: Readonly<Record<Kind, readonly Way[]>> = {
  AWAITING_APPROVAL: [
    { verb: 'approve', word: 'Approve', icon: 'check', kind: 'primary', needs: 'approve', shortcut: 'a' },
    { verb: 'reject', word: 'Reject', icon: 'cross', kind: 'danger', needs: 'approve', shortcut: 'r' },
  ],
  UNCONFIRMED: [],
  DLQ: [
    { verb: 'replay', word: 'Replay', icon: 'retry', kind: 'primary', needs: 'operate' },
    { verb: 'clear', word: 'Clear', icon: 'slash', kind: 'danger', needs: 'operate' },
  ],
};

export function canSelect(kind: Kind): boolean {
  return WAYS[kind].length > 0;
}

interface SelectBarProps {
  readonly kind: Kind;
  readonly chosen: Chosen;
  /** How many are shown and can be selected, and how many fit in all. */
  readonly shown: number;
  readonly total: string;
  readonly fitting: number;
  readonly selectShown: (isOn: boolean) => void;
  readonly selectFitting: () => void;
  readonly onDone: (ids: readonly string[]) => void;
}

export function SelectBar(props: SelectBarProps) {
  const { kind, chosen, shown, total, fitting, selectShown, selectFitting, onDone } = props;
  const isFitting = chosen.filter !== undefined;
  const isWhole = isFitting || (shown > 0 && chosen.actions.length === shown);
  const number = isFitting ? total : count(chosen.actions.length);
  const decide = (verb: ManyVerb) =>
    decideMany(verb, chosen, onDone).catch((error: unknown) => say(errorText(error), 'bad'));
  return (
    <fieldset class="select-bar" aria-label="Selected">
      <div class="check">
        <input
          type="checkbox"
          aria-label={`Select all ${count(shown)} on this page`}
          checked={isWhole}
          onChange={(event) => selectShown(event.currentTarget.checked)}
        />
        <b class="number">{chosen.actions.length === 0 ? `${total} waiting` : `${number} selected`}</b>
      </div>
      {isWhole && !isFitting && fitting > shown && (
        <button type="button" class="button" data-size="small" onClick={selectFitting}>
          Select all {total} that fit
        </button>
      )}
      {(chosen.actions.length > 0 || isFitting) &&
        WAYS[kind].map(({ verb, word, icon, kind: tone, needs, shortcut }) => (
          <ActButton
            key={verb}
            size="small"
            icon={icon}
            kind={tone}
            needs={needs}
            shortcut={shortcut}
            act={() => decide(verb)}
          >
            {word} {number}
          </ActButton>
        ))}
    </fieldset>
  );
}
