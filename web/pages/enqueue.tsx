/** Queueing an action: a form made from its type's schema, checked while one types, and how it would look. */

import { useState } from 'preact/hooks';
import type { AdapterDescription } from '../../src/contracts/http/adapter.ts';
import { OPTION_DEFAULTS, type Options, OptionsForm, optionsProblems, requestOf } from '../enqueue/options.tsx';
import { FormTroubles, PayloadFields, usePayloadForm } from '../enqueue/payload-form.tsx';
import { ExactPreview } from '../enqueue/preview.tsx';
import { ActButton } from '../parts/act-button.tsx';
import { Empty, ModeTag, Note, PageHead, Panel } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { go, query, setQuery } from '../state/address.ts';
import { useAdapters } from '../state/catalogue.ts';
import { client, whyNot } from '../state/session.ts';
import { status } from '../state/status.ts';
import { say } from '../state/toasts.ts';

export function EnqueuePage() {
  const adapters = useAdapters();
  return (
    <>
      <PageHead title="Enqueue">Queue one action. By default it is a proof, and nothing is sent.</PageHead>
      <ResourceView of={adapters} what="action types">
        {({ items }) => {
          const adapter = items.find(({ type }) => type === query.value.get('type')) ?? items[0];
          if (!adapter) return <Empty title="No type can be queued" icon="adapters" />;
          return <EnqueueForm key={adapter.type} adapter={adapter} types={items} />;
        }}
      </ResourceView>
    </>
  );
}

interface FormProps {
  readonly adapter: AdapterDescription;
  readonly types: readonly AdapterDescription[];
}

function EnqueueForm({ adapter, types }: FormProps) {
  const form = usePayloadForm(adapter);
  const [options, setOptions] = useState<Options>(OPTION_DEFAULTS);
  const hindrance = whyNot('queue');
  const isReady = form.problems.length === 0 && Object.keys(optionsProblems(options)).length === 0;
  const queue = () =>
    form.submit(async () => {
      const action = await client.enqueue(requestOf(adapter.type, form.payload, options));
      say(`Queued in ${options.mode}`);
      go(`/actions/${action.id}`);
    });
  return (
    <div class="columns">
      <form onSubmit={(event) => event.preventDefault()} aria-label="New action">
        <fieldset class="stack gap" disabled={hindrance !== undefined} aria-label="New action">
          {hindrance !== undefined && (
            <Note tone="warn" icon="lock">
              You can read this form, but not queue with it. {hindrance}
            </Note>
          )}
          <Panel title="What">
            <div class="field">
              <label for="type">Type</label>
              <select
                id="type"
                class="input"
                value={adapter.type}
                onChange={(event) => setQuery({ type: event.currentTarget.value })}
              >
                {types.map(({ type, title }) => (
                  <option key={type} value={type}>
                    {title} ({type})
                  </option>
                ))}
              </select>
            </div>
            <PayloadFields form={form} />
            <div>
              <button type="button" class="button" data-size="small" onClick={() => form.fillIn(adapter.example)}>
                Fill in the example
              </button>
            </div>
          </Panel>
          <Panel title="How">
            <OptionsForm options={options} setOptions={setOptions} performs={adapter.performs} />
          </Panel>
        </fieldset>
      </form>
      <div class="sticky-side stack gap">
        <Panel
          title="What would be sent"
          note="Made by the server as the worker makes it. Nothing is queued by looking."
        >
          <ExactPreview request={isReady ? requestOf(adapter.type, form.payload, options) : undefined} />
        </Panel>
        <Panel title="Queue it">
          <p class="row">
            <ModeTag mode={options.mode} />
            {options.mode === 'PROOF' ? 'Rendered and stored, never sent.' : whenReal(options.lane)}
          </p>
          <FormTroubles form={form} missing={isReady ? undefined : 'Look at the options.'} />
          <div>
            <ActButton
              needs="queue"
              kind="primary"
              size="large"
              icon="enqueue"
              disabledBecause={isReady ? undefined : 'The form is not complete.'}
              act={queue}
            >
              {options.mode === 'PROOF' ? 'Queue as a proof' : 'Queue for REAL'}
            </ActButton>
          </div>
        </Panel>
      </div>
    </div>
  );
}

function whenReal(lane: string): string {
  const found = status.value?.lanes.find((one) => one.lane === lane);
  return found?.mode === 'REAL'
    ? `Lane ${lane} is REAL: it is sent at the next tick, unless a person has to approve it.`
    : `Lane ${lane} is PROOF: it waits until the lane is REAL.`;
}
