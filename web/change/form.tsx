/** A changed version of an action that was not sent: the form of its type, filled in; it is queued in the old one’s place. */

import { useState } from 'preact/hooks';
import type { Action } from '../../src/contracts/http/action.ts';
import type { AdapterDescription } from '../../src/contracts/http/adapter.ts';
import { jsonObjectSchema } from '../../src/contracts/http/json.ts';
import { FormTroubles, PayloadFields, usePayloadForm } from '../enqueue/payload-form.tsx';
import { ActButton } from '../parts/act-button.tsx';
import { At, Empty, ModeTag, Panel } from '../parts/basics.tsx';
import { ChangesRequested } from '../parts/changes-requested.tsx';
import { chosenTime, LocalTimeInput } from '../parts/local-time.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { go } from '../state/address.ts';
import { useAdapters } from '../state/catalogue.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';
import { ChangePreview } from './preview.tsx';

export function ChangeForm({ action }: { readonly action: Action }) {
  return (
    <ResourceView of={useAdapters()} what="its form">
      {({ items }) => {
        const adapter = items.find(({ type }) => type === action.type);
        return adapter ? (
          <Form adapter={adapter} action={action} />
        ) : (
          <Empty title={`No worker knows ${action.type} any more`}>
            It can be cancelled and queued again elsewhere.
          </Empty>
        );
      }}
    </ResourceView>
  );
}

function Form({ adapter, action }: { readonly adapter: AdapterDescription; readonly action: Action }) {
  const form = usePayloadForm(adapter, action.payload);
  const [time, setTime] = useState('');
  const [reason, setReason] = useState('');
  const { problems, isChanged } = form;
  const chosen = chosenTime(time);
  const queue = () =>
    form.submit(async () => {
      const changed = await client.revise(action.id, {
        ...(isChanged && { payload: jsonObjectSchema.parse(form.payload) }),
        ...(chosen.kind === 'right' && { runAt: chosen.iso }),
        ...(reason.trim() !== '' && { reason: reason.trim() }),
      });
      say('Changed: this version is in its place');
      go(`/actions/${changed.id}`);
    });
  return (
    <div class="columns">
      <form class="stack gap" onSubmit={(event) => event.preventDefault()} aria-label="Changed version">
        <ChangesRequested action={action} />
        <Panel title="What">
          <PayloadFields form={form} />
        </Panel>
        <Panel title="When and why">
          <div class="pair">
            <LocalTimeInput id="change-time" label="New time" isOptional text={time} onText={setTime} />
            <div class="field">
              <label for="change-reason">
                Reason <span class="quiet">(optional)</span>
              </label>
              <input
                id="change-reason"
                class="input"
                maxLength={1_000}
                value={reason}
                onInput={(event) => setReason(event.currentTarget.value)}
              />
              <small>It is written to the audit log with your name.</small>
            </div>
          </div>
          <p class="quiet">
            Without a new time it stays <At iso={action.runAt} />.
          </p>
        </Panel>
      </form>
      <div class="sticky-side stack gap">
        <ChangePreview action={action} payload={form.payload} isReady={problems.length === 0} />
        <Panel title="Queue the changed version">
          <p>
            <ModeTag mode={action.mode} /> It takes the place of this one, which is cancelled.{' '}
            {action.mode === 'REAL'
              ? 'It is sent once a person has approved it.'
              : 'It is rendered and stored, never sent.'}
          </p>
          <FormTroubles form={form} />
          <div class="row">
            <ActButton
              needs="approve"
              kind="primary"
              size="large"
              icon="check"
              disabledBecause={hindranceOf(problems, isChanged, chosen.kind)}
              act={queue}
            >
              Queue the change
            </ActButton>
            <a class="button" href={`/actions/${action.id}`}>
              Keep as it is
            </a>
          </div>
        </Panel>
      </div>
    </div>
  );
}

function hindranceOf(
  problems: readonly unknown[],
  isChanged: boolean,
  time: 'none' | 'wrong' | 'right',
): string | undefined {
  if (problems.length > 0) return 'The form is not complete.';
  if (time === 'wrong') return 'The new time cannot be read.';
  return isChanged || time === 'right' ? undefined : 'Nothing is changed yet.';
}
