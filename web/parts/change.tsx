/** What a person can have changed about an action that waits: by its asker, by themselves, or its time alone. */

import type { ComponentChildren } from 'preact';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { askReschedule } from '../calendar/reschedule.tsx';
import { addressOf, go } from '../state/address.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';
import { ActButton } from './act-button.tsx';
import { ask } from './confirm.tsx';
import { shortened } from './words.ts';

interface ChangeProps {
  readonly action: ActionSummary;
  /** After it was done, with what the action is now. */
  readonly onDone: (answer: Pick<ActionSummary, 'status'>) => void;
  /** Whether keys press them, as on the page of decisions. */
  readonly hasKeys?: boolean | undefined;
}

export function RequestChanges({ action, onDone, hasKeys }: ChangeProps) {
  return (
    <ActButton
      needs="approve"
      icon="message"
      shortcut={hasKeys ? 'c' : undefined}
      act={() =>
        ask({
          title: 'Request changes?',
          effect: (
            <>
              <p class="wrap">
                <b>{shortened(action.summary, 140)}</b>
              </p>
              <p>It goes on waiting, and {action.createdBy} reads what is to be different, over the API and MCP too.</p>
            </>
          ),
          verb: 'Request changes',
          asksReason: true,
          reasonNeeded: true,
          async act(reason = '') {
            const answer = await client.requestChanges(action.id, { reason });
            say('Changes requested');
            onDone(answer);
          },
        })
      }
    >
      Request changes
    </ActButton>
  );
}

/** Leads to the form; nothing is changed before it is sent. */
export function Edit({ action, hasKeys, children }: ChangeProps & { readonly children?: ComponentChildren }) {
  return (
    <ActButton
      needs="approve"
      icon="edit"
      shortcut={hasKeys ? 'e' : undefined}
      title="Replaces it by a changed version"
      act={() => go(addressOf(`/actions/${action.id}`, { edit: 'yes' }))}
    >
      {children ?? 'Edit'}
    </ActButton>
  );
}

export function Move({ action, onDone }: ChangeProps) {
  return (
    <ActButton
      needs="approve"
      icon="clock"
      title="Changes its due time"
      act={() => askReschedule(action, undefined, () => onDone(action))}
    >
      Reschedule
    </ActButton>
  );
}
