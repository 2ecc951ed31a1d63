/** Another time for what waits: asked with the old and the new one, by a drag or by a button. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { At } from '../parts/basics.tsx';
import { ask } from '../parts/confirm.tsx';
import { AskedTime, chosenTime, controlTime } from '../parts/local-time.tsx';
import { clockTime, shortened, zoneAt } from '../parts/words.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';

/** @param day where it was dropped; absent: its own */
export function askReschedule(action: ActionSummary, day: string | undefined, onDone: () => void): void {
  const before = controlTime(action.runAt);
  let text = day === undefined ? before : `${day}${before.slice(10)}`;
  ask({
    title: 'Reschedule this action?',
    effect: (
      <>
        <p class="wrap">
          <b>{shortened(action.summary, 140)}</b>
        </p>
        <p>
          It is due at <At iso={action.runAt} />.
          {action.approval.by !== null && ` What ${action.approval.by} approved stays approved.`}
        </p>
        <AskedTime
          id="new-time"
          label="New time"
          initial={text}
          onText={(next) => {
            text = next;
          }}
        />
      </>
    ),
    verb: 'Reschedule',
    asksReason: true,
    async act(reason) {
      const chosen = chosenTime(text);
      if (chosen.kind !== 'right')
        throw new Error(chosen.kind === 'wrong' ? `The new time ${chosen.problem}.` : 'Choose a new time first.');
      await client.reschedule(action.id, { runAt: chosen.iso, reason });
      say(`Rescheduled to ${clockTime(chosen.iso)} ${zoneAt(chosen.iso)}`);
      onDone();
    },
  });
}
