/** One field of a payload, with the control of its type. */

import { AccountInput } from './account-input.tsx';
import type { Speakers } from './accounts.ts';
import { FilesInput } from './files-input.tsx';
import type { Field } from './schema.ts';

interface FieldInputProps {
  readonly field: Field;
  readonly text: string;
  readonly problem: string | undefined;
  readonly speakers: Speakers;
  readonly onText: (text: string) => void;
}

export function FieldInput(props: FieldInputProps) {
  const { field, problem } = props;
  const id = `payload-${field.name}`;
  const help = helpOf(field);
  const describedBy = [problem !== undefined && `${id}-problem`, help !== '' && `${id}-help`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>
        {field.label}
        {!field.isRequired && <span class="quiet"> (optional)</span>}
      </label>
      <Control {...props} id={id} describedBy={describedBy} />
      {help !== '' && <small id={`${id}-help`}>{help}</small>}
      {problem && (
        <span class="problem" id={`${id}-problem`}>
          {problem}
        </span>
      )}
    </div>
  );
}

function helpOf({ kind, description }: Field): string {
  const form = kind === 'lines' ? 'One a line.' : kind === 'json' ? 'As JSON.' : '';
  return [description, form].filter(Boolean).join(' ');
}

interface ControlProps extends FieldInputProps {
  readonly id: string;
  readonly describedBy: string;
}

function Control({ field, id, text, problem, describedBy, speakers, onText }: ControlProps) {
  const shared = {
    id,
    class: 'input',
    value: text,
    'aria-invalid': problem !== undefined,
    'aria-required': field.isRequired,
    'aria-describedby': describedBy === '' ? undefined : describedBy,
  };
  switch (field.kind) {
    case 'choice':
      return (
        <select {...shared} onChange={(event) => onText(event.currentTarget.value)}>
          {!field.isRequired && <option value="">–</option>}
          {field.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      );
    case 'account':
      return <AccountInput {...shared} text={text} speakers={speakers} onText={onText} />;
    case 'files':
      return <FilesInput id={id} field={field} text={text} onText={onText} />;
    case 'yes-no':
      return (
        <select {...shared} onChange={(event) => onText(event.currentTarget.value)}>
          <option value="">–</option>
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      );
    case 'yes-no-or-text':
      return <input {...shared} onInput={(event) => onText(event.currentTarget.value)} />;
    case 'number':
      return <input {...shared} inputMode="decimal" onInput={(event) => onText(event.currentTarget.value)} />;
    case 'text':
      if (!field.isLong) {
        const mode = field.isAddress ? 'url' : 'text';
        return <input {...shared} inputMode={mode} onInput={(event) => onText(event.currentTarget.value)} />;
      }
      return <textarea {...shared} rows={5} onInput={(event) => onText(event.currentTarget.value)} />;
    default:
      return (
        <textarea
          {...shared}
          class={field.kind === 'json' ? 'input mono' : 'input'}
          rows={4}
          spellcheck={false}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      );
  }
}
