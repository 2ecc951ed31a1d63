/** One action on its day. What waits can be dragged to another day, or moved by its button. */

import { useMemo } from 'preact/hooks';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { ActButton } from '../parts/act-button.tsx';
import { Icon } from '../parts/icon.tsx';
import { controlTime } from '../parts/local-time.tsx';
import { shortened, wholeTime, zoneAt } from '../parts/words.ts';
import { whyNot } from '../state/session.ts';
import { isMovable, KINDS, kindOf, kindWord } from './kinds.ts';

interface EntryProps {
  readonly action: ActionSummary;
  readonly move: (id: string) => void;
}

export function Entry({ action, move }: EntryProps) {
  const canMove = isMovable(action) && whyNot('approve') === undefined;
  return useMemo(() => {
    const kind = kindOf(action);
    return (
      <li
        class="entry"
        data-id={action.id}
        data-kind={kind}
        draggable={canMove}
        onDragStart={(event) => {
          event.dataTransfer?.setData('text/plain', action.id);
          if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move';
        }}
      >
        <span class="entry-head">
          <Icon name={KINDS[kind].icon} />
          <time class="number" dateTime={action.runAt} title={wholeTime(action.runAt)}>
            {controlTime(action.runAt).slice(11)} <small>{zoneAt(action.runAt)}</small>
          </time>
          <b>{kindWord(action)}</b>
        </span>
        <a href={`/actions/${action.id}`} title={shortened(action.summary, 300)} draggable={false}>
          {shortened(action.summary, 90)}
        </a>
        <span class="entry-foot quiet">
          {action.lane}
          {isMovable(action) && (
            <ActButton
              needs="approve"
              size="small"
              icon="clock"
              label={`Move ${shortened(action.summary, 60)} to another time`}
              title="Change the time; or drag it to another day"
              act={() => move(action.id)}
            >
              Move
            </ActButton>
          )}
        </span>
      </li>
    );
  }, [action, canMove, move]);
}
