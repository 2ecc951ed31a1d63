/** A form for the payload of a type, new or changed: what is typed, the payload that it makes, what is wrong, what the server refused. */

import { useMemo, useState } from 'preact/hooks';
import { AolApiError } from '../../src/client/client.ts';
import type { AdapterDescription } from '../../src/contracts/http/adapter.ts';
import { Note } from '../parts/basics.tsx';
import { useAccounts } from '../state/catalogue.ts';
import { errorText } from '../state/errors.ts';
import { speakersFor } from './accounts.ts';
import { checkPayload } from './check.ts';
import { FieldInput } from './field.tsx';
import { type Field, type FieldProblem, fieldsOf, payloadOf, rowsOf } from './schema.ts';

type Payload = Readonly<Record<string, unknown>>;
type Texts = Readonly<Record<string, string>>;

export interface PayloadForm {
  readonly adapter: AdapterDescription;
  readonly fields: readonly Field[];
  /** What was typed, by name. A field that nobody has touched is not in it, and not yet wrong. */
  readonly texts: Texts;
  readonly payload: Payload;
  readonly problems: readonly FieldProblem[];
  /** What the server said of the last attempt. */
  readonly refused: readonly FieldProblem[];
  readonly failure: string;
  /** Whether anything differs from what it began with. */
  readonly isChanged: boolean;
  readonly type: (name: string, text: string) => void;
  readonly fillIn: (payload: Payload) => void;
  /** What it throws is shown beside the fields that it is about. */
  readonly submit: (send: () => Promise<void>) => Promise<void>;
}

/** @param before the payload that it begins with; absent: none */
export function usePayloadForm(adapter: AdapterDescription, before?: Payload): PayloadForm {
  const fields = useMemo(() => fieldsOf(adapter.payloadSchema, adapter.example), [adapter]);
  const first = useMemo(() => (before ? textsOf(fields, before) : {}), [fields]);
  const [texts, setTexts] = useState<Texts>(first);
  const [refused, setRefused] = useState<readonly FieldProblem[]>([]);
  const [failure, setFailure] = useState('');
  const { payload, problems } = payloadOf(fields, texts);
  return {
    adapter,
    fields,
    texts,
    payload,
    problems: checkPayload(adapter.type, payload, problems),
    refused,
    failure,
    isChanged: fields.some(({ name, initial }) => (texts[name] ?? initial) !== (first[name] ?? initial)),
    type(name, text) {
      setTexts((typed) => ({ ...typed, [name]: text }));
      setRefused([]);
    },
    fillIn: (filled) => setTexts(textsOf(fields, filled)),
    async submit(send) {
      setFailure('');
      setRefused([]);
      try {
        await send();
      } catch (error) {
        setFailure(errorText(error));
        const told = error instanceof AolApiError ? (error.problem.errors ?? []) : [];
        setRefused(told.map(({ field, rule }) => ({ field: field.replace(/^payload\./u, ''), rule })));
      }
    },
  };
}

/** Its fields, in rows. */
export function PayloadFields({ form }: { readonly form: PayloadForm }) {
  const { adapter, fields, texts, payload, type } = form;
  const speakers = speakersFor(adapter, payload, useAccounts().data?.items);
  const problems = [...form.refused, ...form.problems];
  return (
    <>
      {rowsOf(fields).map((row) => (
        <div key={row.fields[0]?.name} class={row.isShort ? 'pair' : undefined}>
          {row.fields.map((field) => (
            <FieldInput
              key={field.name}
              field={field}
              text={texts[field.name] ?? field.initial}
              problem={field.name in texts ? problems.find((problem) => problem.field === field.name)?.rule : undefined}
              speakers={speakers}
              onText={(text) => type(field.name, text)}
            />
          ))}
        </div>
      ))}
    </>
  );
}

/** What is still missing, once somebody has begun; and what the server said. */
export function FormTroubles({ form, missing }: { readonly form: PayloadForm; readonly missing?: string | undefined }) {
  const { fields, texts, problems, failure } = form;
  const nameOf = (name: string) => fields.find((field) => field.name === name)?.label ?? name;
  const wrong = problems.map(({ field, rule }) => `${nameOf(field)} ${rule}`).join('; ') || missing;
  return (
    <>
      {wrong && Object.keys(texts).length > 0 && (
        <Note tone="warn" icon="warning">
          {wrong}
        </Note>
      )}
      {failure && (
        <div role="alert">
          <Note tone="bad" icon="warning">
            {failure}
          </Note>
        </div>
      )}
    </>
  );
}

/** A payload as the form’s fields hold it. */
function textsOf(fields: readonly Field[], payload: Payload): Texts {
  return Object.fromEntries(
    fields.flatMap(({ name, kind }) => {
      const value = payload[name];
      if (value === undefined) return [];
      if (kind === 'lines' && Array.isArray(value)) return [[name, value.join('\n')]];
      return [[name, typeof value === 'string' && kind !== 'json' ? value : JSON.stringify(value, null, 2)]];
    }),
  );
}
