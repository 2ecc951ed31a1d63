/** A button that does something on the server. Who may not press it sees it, and why not. */

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Right } from '../../src/domain/roles.ts';
import { whyNot } from '../state/session.ts';
import { Icon, type IconName } from './icon.tsx';

interface ActButtonProps {
  readonly children: ComponentChildren;
  readonly act: () => unknown;
  /** The right that it needs; absent: an operator's. */
  readonly needs?: Right;
  readonly icon?: IconName;
  readonly kind?: 'primary' | 'danger' | 'stop';
  readonly size?: 'small' | 'large' | undefined;
  /** What it will do, for those who hesitate. */
  readonly title?: string;
  /** Another reason why it cannot be pressed now. */
  readonly disabledBecause?: string | undefined;
  readonly label?: string;
  /** The key that presses it on the page of decisions. */
  readonly shortcut?: string | undefined;
}

/** It stays focusable when it may not be pressed, so that the reason can be read by everybody. */
export function ActButton(props: ActButtonProps) {
  const [isBusy, setBusy] = useState(false);
  const reason = whyNot(props.needs ?? 'operate') ?? props.disabledBecause;
  const press = async () => {
    if (reason !== undefined || isBusy) return;
    setBusy(true);
    try {
      await props.act();
    } finally {
      setBusy(false);
    }
  };
  const title = reason ?? props.title;
  return (
    <button
      type="button"
      class="button"
      data-kind={props.kind}
      data-size={props.size}
      title={title}
      aria-disabled={reason !== undefined || isBusy}
      aria-busy={isBusy}
      aria-keyshortcuts={props.shortcut}
      aria-label={
        props.label === undefined ? undefined : reason === undefined ? props.label : `${props.label}. ${reason}`
      }
      aria-description={props.label === undefined ? title : undefined}
      onClick={press}
    >
      {props.icon && <Icon name={reason === undefined ? props.icon : 'lock'} />}
      {props.children}
    </button>
  );
}
