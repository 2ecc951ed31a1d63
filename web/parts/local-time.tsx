/** Choosing a time of the reader's own clock: its zone is named, and what the clocks never show is refused. */

import { useState } from 'preact/hooks';
import { readTime, wallTime } from '../../src/domain/local-time.ts';
import { now } from '../state/clock.ts';
import { clockTime, sentence, ZONE, zoneAt } from './words.ts';

export type ChosenTime =
  /** Nothing was chosen. */
  | { readonly kind: 'none' }
  | { readonly kind: 'wrong'; readonly problem: string }
  /** `note` says what is to be known of it: that it comes twice, or that it has passed. */
  | { readonly kind: 'right'; readonly iso: string; readonly note: string | undefined };

/** What a text of a control for local times means: `2026-12-01T09:00`. */
export function chosenTime(text: string): ChosenTime {
  if (text === '') return { kind: 'none' };
  const read = readTime(`${text} ${ZONE}`);
  if (!read.ok) return { kind: 'wrong', problem: read.rule };
  const hasPassed = read.at.getTime() < now.peek();
  const note = read.note === undefined ? undefined : sentence(read.note);
  return {
    kind: 'right',
    iso: read.at.toISOString(),
    note: hasPassed ? 'This time has passed: it would be due at once.' : note,
  };
}

/** A moment as a control for local times takes it. */
export function controlTime(iso: string): string {
  return wallTime(new Date(iso), ZONE).slice(0, 16).replace(' ', 'T');
}

interface LocalTimeInputProps {
  readonly id: string;
  readonly label: string;
  readonly isOptional?: boolean;
  readonly text: string;
  readonly onText: (text: string) => void;
}

export function LocalTimeInput({ id, label, isOptional = false, text, onText }: LocalTimeInputProps) {
  const chosen = chosenTime(text);
  return (
    <div class="field">
      <label for={id}>
        {label}
        {isOptional && <span class="quiet"> (optional)</span>}
      </label>
      <input
        id={id}
        class="input"
        type="datetime-local"
        value={text}
        required={!isOptional}
        aria-invalid={chosen.kind === 'wrong'}
        aria-describedby={`${id}-help`}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      <small id={`${id}-help`}>
        {chosen.kind === 'right' ? `${clockTime(chosen.iso)} ${zoneAt(chosen.iso)}, in ${ZONE}.` : `In ${ZONE}.`}{' '}
        {chosen.kind === 'right' && chosen.note}
      </small>
      {chosen.kind === 'wrong' && <span class="problem">{chosen.problem}</span>}
    </div>
  );
}

interface AskedTimeProps extends Omit<LocalTimeInputProps, 'text'> {
  readonly initial?: string;
}

/** The same where a dialog asks for it. */
export function AskedTime({ initial = '', onText, ...input }: AskedTimeProps) {
  const [text, setText] = useState(initial);
  return (
    <LocalTimeInput
      {...input}
      text={text}
      onText={(next) => {
        setText(next);
        onText(next);
      }}
    />
  );
}
