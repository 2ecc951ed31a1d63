/** Small parts that every page uses. */

import type { ComponentChildren } from 'preact';
import { ago } from '../../src/contracts/words.ts';
import { now } from '../state/clock.ts';
import { errorText } from '../state/errors.ts';
import { Icon, type IconName } from './icon.tsx';
import { clockTime, statusWords, type Tone, wholeTime, zoneAt } from './words.ts';

export function Tag({ tone, icon, children }: { tone: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class="tag" data-tone={tone}>
      {icon && <Icon name={icon} />}
      {children}
    </span>
  );
}

export function StatusTag({ status }: { readonly status: string }) {
  const { word, icon, tone } = statusWords(status);
  return (
    <Tag tone={tone} icon={icon}>
      {word}
    </Tag>
  );
}

/** PROOF or REAL, by word, icon and pattern. */
export function ModeTag({ mode, large = false }: { readonly mode: string; readonly large?: boolean }) {
  return (
    <span class="mode" data-mode={mode} data-size={large ? 'large' : undefined}>
      <Icon name={mode === 'REAL' ? 'real' : 'proof'} />
      {mode}
    </span>
  );
}

/** A moment by the reader's clock, with the name of its zone; the title has it in full. */
export function At({ iso }: { readonly iso: string }) {
  return (
    <time class="number" dateTime={iso} title={wholeTime(iso)}>
      {`${clockTime(iso)} ${zoneAt(iso)}`}
    </time>
  );
}

/** `12 s ago`, counting. For a few places only: each counts once a second. */
export function Ago({ iso }: { readonly iso: string }) {
  return (
    <time class="number" dateTime={iso} title={wholeTime(iso)}>
      {ago(now.value - Date.parse(iso))}
    </time>
  );
}

export function Panel(props: {
  readonly title: string;
  readonly id?: string;
  readonly note?: ComponentChildren;
  readonly aside?: ComponentChildren;
  readonly flush?: boolean;
  readonly children: ComponentChildren;
}) {
  const id = props.id ?? `panel-${props.title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;
  return (
    <section class="panel" aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{props.title}</h2>
        {props.aside}
        {props.note && <p>{props.note}</p>}
      </header>
      {props.flush ? props.children : <div class="panel-body">{props.children}</div>}
    </section>
  );
}

export function PageHead({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {children && <p>{children}</p>}
      </div>
    </div>
  );
}

export function Note({ tone, icon, children }: { tone: Tone; icon: IconName; children: ComponentChildren }) {
  return (
    <div class="note" data-tone={tone}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

/** Nothing is here yet, and what to do about it. */
export function Empty(props: {
  readonly title: string;
  readonly icon?: IconName;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <Icon name={props.icon ?? 'inbox'} />
      <strong>{props.title}</strong>
      {props.children && <p>{props.children}</p>}
    </div>
  );
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">Loading {what}</span>
      <i />
      <i />
      <i />
    </div>
  );
}

export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  return (
    <div class="panel-body">
      <div class="note" data-tone="bad" role="alert">
        <Icon name="warning" />
        <div class="stack">
          <span>{errorText(error)}</span>
          {retry && (
            <span>
              <button type="button" class="button" data-size="small" onClick={retry}>
                Try again
              </button>
            </span>
          )}
        </div>
      </div>
    </div>
  );
}
