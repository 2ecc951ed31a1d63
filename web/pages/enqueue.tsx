/** Queueing an action: a form made from its type's schema, checked while one types, and how it would look. */

import { useMemo, useState } from 'preact/hooks';
import { AolApiError } from '../../src/client/client.ts';
import type { AdapterDescription } from '../../src/contracts/http/adapter.ts';
import { speakerOf, speakersFor } from '../enqueue/accounts.ts';
import { checkPayload } from '../enqueue/check.ts';
import { FieldInput } from '../enqueue/field.tsx';
import { showPayload } from '../enqueue/likeness.ts';
import { OPTION_DEFAULTS, type Options, OptionsForm, optionsProblems, requestOf } from '../enqueue/options.tsx';
import { type Field, type FieldProblem, fieldsOf, payloadOf, rowsOf } from '../enqueue/schema.ts';
import { ActButton } from '../parts/act-button.tsx';
import { Empty, ModeTag, Note, PageHead, Panel } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { aroundPayload, type Speaker } from '../show/around.ts';
import { Json } from '../show/json.tsx';
import { ShownEffect } from '../show/shown.tsx';
import { go, query, setQuery } from '../state/address.ts';
import { useAccounts, useAdapters } from '../state/catalogue.ts';
import { errorText } from '../state/errors.ts';
import { client } from '../state/session.ts';
import { status } from '../state/status.ts';
import { say } from '../state/toasts.ts';

export function EnqueuePage() {
  const adapters = useAdapters();
  return (
    <>
      <PageHead title="Enqueue">Queues one action. As a proof, which is the default, it sends nothing.</PageHead>
      <ResourceView of={adapters} what="action types">
        {({ items }) => {
          const adapter = items.find(({ type }) => type === query.value.get('type')) ?? items[0];
          if (!adapter) return <Empty title="There is nothing that can be queued" icon="adapters" />;
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
  const fields = useMemo(() => fieldsOf(adapter.payloadSchema, adapter.example), [adapter]);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [options, setOptions] = useState<Options>(OPTION_DEFAULTS);
  const [refused, setRefused] = useState<readonly FieldProblem[]>([]);
  const [failure, setFailure] = useState('');
  const { payload, problems: unread } = payloadOf(fields, texts);
  const problems = checkPayload(adapter.type, payload, unread);
  const speakers = speakersFor(adapter, payload, useAccounts().data?.items);
  const isReady = problems.length === 0 && Object.keys(optionsProblems(options)).length === 0;

  const queue = async () => {
    setFailure('');
    setRefused([]);
    try {
      const action = await client.enqueue(requestOf(adapter.type, payload, options));
      say(`Queued in ${options.mode}`);
      go(`/actions/${action.id}`);
    } catch (error) {
      setFailure(errorText(error));
      if (error instanceof AolApiError) {
        const told = error.problem.errors ?? [];
        setRefused(told.map(({ field, rule }) => ({ field: field.replace(/^payload\./u, ''), rule })));
      }
    }
  };
  return (
    <div class="columns">
      <form class="stack gap" onSubmit={(event) => event.preventDefault()} aria-label="New action">
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
          {rowsOf(fields).map((row) => (
            <div key={row.fields[0]?.name} class={row.isShort ? 'pair' : undefined}>
              {row.fields.map((field) => (
                <FieldInput
                  key={field.name}
                  field={field}
                  text={texts[field.name] ?? field.initial}
                  problem={shownProblem(field, texts, [...refused, ...problems])}
                  speakers={speakers}
                  onText={(text) => {
                    setTexts((before) => ({ ...before, [field.name]: text }));
                    setRefused([]);
                  }}
                />
              ))}
            </div>
          ))}
          <div>
            <button
              type="button"
              class="button"
              data-size="small"
              onClick={() => setTexts(textsOf(fields, adapter.example))}
            >
              Fill in the example
            </button>
          </div>
        </Panel>
        <Panel title="How">
          <OptionsForm options={options} setOptions={setOptions} performs={adapter.performs} />
        </Panel>
      </form>
      <div class="sticky-side stack gap">
        <Panel
          title="How it would look"
          note="A likeness made in this browser. The worker’s proof is the exact request."
        >
          {Object.keys(payload).length === 0 ? (
            <p class="quiet">Fill in the form to see it.</p>
          ) : (
            <Preview type={adapter.type} payload={payload} speaker={speakerOf(speakers, payload.account)} />
          )}
        </Panel>
        <Panel title="Queue it">
          <p class="row">
            <ModeTag mode={options.mode} />
            {options.mode === 'PROOF' ? 'Rendered and stored, never sent.' : whenReal(options.lane)}
          </p>
          {!isReady && Object.keys(texts).length > 0 && (
            <Note tone="warn" icon="warning">
              {[...problems].map(({ field, rule }) => `${field} ${rule}`).join('; ') || 'Look at the options.'}
            </Note>
          )}
          {failure && (
            <div role="alert">
              <Note tone="bad" icon="warning">
                {failure}
              </Note>
            </div>
          )}
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

interface PreviewProps {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly speaker: Speaker | undefined;
}

function Preview({ type, payload, speaker }: PreviewProps) {
  const shown = showPayload(type, payload);
  if (shown.kind === 'data') return <Json value={payload} label="The payload" />;
  return <ShownEffect shown={shown} around={aroundPayload(payload, speaker)} />;
}

/** A field that nobody has touched is not yet wrong. */
function shownProblem(
  { name }: Field,
  texts: Readonly<Record<string, string>>,
  problems: readonly FieldProblem[],
): string | undefined {
  if (!(name in texts)) return undefined;
  return problems.find(({ field }) => field === name)?.rule;
}

function textsOf(
  fields: readonly Field[],
  example: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    fields.flatMap(({ name, kind }) => {
      const value = example[name];
      if (value === undefined) return [];
      if (kind === 'lines' && Array.isArray(value)) return [[name, value.join('\n')]];
      return [[name, typeof value === 'string' && kind !== 'json' ? value : JSON.stringify(value, null, 2)]];
    }),
  );
}

function whenReal(lane: string): string {
  const found = status.value?.lanes.find((one) => one.lane === lane);
  return found?.mode === 'REAL'
    ? `Lane ${lane} is REAL: it is sent at the next tick, unless a person has to approve it.`
    : `Lane ${lane} is PROOF: it waits until the lane is REAL.`;
}
