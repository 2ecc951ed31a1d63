/** Deciding by keyboard. The keys can be turned off, for those whose screen reader or hands use letters otherwise. */

import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

const KEY = 'aol-keys';
export const areKeysOn = signal(storedChoice());

function storedChoice(): boolean {
  try {
    return localStorage.getItem(KEY) !== 'off';
  } catch {
    return true;
  }
}

export function turnKeys(on: boolean): void {
  areKeysOn.value = on;
  try {
    localStorage.setItem(KEY, on ? 'on' : 'off');
  } catch {
    // A browser that stores nothing forgets the choice.
  }
}

/** @param press answers whether the key meant something */
export function useKeys(press: (key: string) => boolean): void {
  const latest = useRef(press);
  latest.current = press;
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (!areKeysOn.peek() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
      if (latest.current(event.key)) event.preventDefault();
    };
    addEventListener('keydown', hear);
    return () => removeEventListener('keydown', hear);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input:not([type="checkbox"]), textarea, select') !== null;
}

/** Presses the button that says this key is its own. */
export function pressShortcut(within: Element | null | undefined, key: string): boolean {
  const button = within?.querySelector<HTMLElement>(`[aria-keyshortcuts="${CSS.escape(key)}"]`);
  button?.click();
  return button !== null && button !== undefined;
}
