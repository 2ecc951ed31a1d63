/** Filters that live in the address bar, so that a view can be sent to somebody as a link. */

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { query, setQuery } from '../state/address.ts';
import { dayFrom } from './days.ts';
import { ZONE } from './words.ts';

const TYPING_MS = 250;

interface Choice {
  readonly value: string;
  readonly text: string;
}

export function SelectFilter(props: {
  readonly name: string;
  readonly label: string;
  readonly choices: readonly Choice[];
  /** What none of them is called. */
  readonly none?: string;
}) {
  const id = useId();
  const value = query.value.get(props.name) ?? '';
  const isListed = value === '' || props.choices.some((choice) => choice.value === value);
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        class="input"
        value={value}
        onChange={(event) => setQuery({ [props.name]: event.currentTarget.value })}
      >
        <option value="">{props.none ?? 'All'}</option>
        {!isListed && <option value={value}>{value}</option>}
        {props.choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The address follows a moment after the last letter. */
export function TextFilter(props: { readonly name: string; readonly label: string; readonly placeholder?: string }) {
  const id = useId();
  const value = query.value.get(props.name) ?? '';
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    // What the address says is what was typed, but for its outer spaces; while somebody goes on typing, the address is behind.
    if (timer.current === undefined) setText((typed) => (typed.trim() === value ? typed : value));
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = undefined;
      setQuery({ [props.name]: next.trim() });
    }, TYPING_MS);
  };
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        class="input"
        type="search"
        value={text}
        placeholder={props.placeholder}
        maxLength={200}
        onInput={(event) => type(event.currentTarget.value)}
      />
    </div>
  );
}

/** A day of the reader's calendar. */
export function DayFilter({ name, label }: { readonly name: string; readonly label: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} title={`Days are those of ${ZONE}`}>
        {label}
      </label>
      <input
        id={id}
        class="input"
        type="date"
        value={dayFrom(query.value.get(name)) ?? ''}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
      />
    </div>
  );
}

/** Filters that few need: folded away unless one of them is set. */
export function MoreFilters({
  names,
  children,
}: {
  readonly names: readonly string[];
  readonly children: ComponentChildren;
}) {
  const [wasOpen] = useState(hasFilters(names));
  return (
    <details class="more-filters" open={wasOpen}>
      <summary>More filters{hasFilters(names) && ' (in use)'}</summary>
      <div class="filters">{children}</div>
      <small class="quiet">Days are those of {ZONE}.</small>
    </details>
  );
}

/** The filters of the address, those that are set. */
export function filtersOf<const Name extends string>(names: readonly Name[]): Partial<Record<Name, string>> {
  const filters: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = query.value.get(name);
    if (value) filters[name] = value;
  }
  return filters;
}

/** Of a comma list in the address, the words that are known; what is not, is as if it were not there. */
export function wordsOf<const Word extends string>(
  text: string | undefined,
  known: readonly Word[],
): Word[] | undefined {
  const words = text?.split(',') ?? [];
  const found = known.filter((word) => words.includes(word));
  return found.length > 0 ? found : undefined;
}

export function hasFilters(names: readonly string[]): boolean {
  return names.some((name) => query.value.get(name));
}

export function ClearFilters({ names }: { readonly names: readonly string[] }) {
  if (!hasFilters(names)) return null;
  return (
    <button type="button" class="button" onClick={() => setQuery(Object.fromEntries(names.map((name) => [name, ''])))}>
      Clear filters
    </button>
  );
}
