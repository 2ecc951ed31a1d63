/** What was done, or why not: a few lines that go away by themselves, but for failures. */

import { signal } from '@preact/signals';

export interface Toast {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly text: string;
}

const MAX_TOASTS = 3;
const SHOWN_MS = 6_000;
let nextId = 1;

export const toasts = signal<readonly Toast[]>([]);

export function say(text: string, tone: Toast['tone'] = 'good'): void {
  const toast = { id: nextId, tone, text };
  nextId += 1;
  toasts.value = [...toasts.value, toast].slice(-MAX_TOASTS);
  if (tone === 'good') setTimeout(() => dismiss(toast.id), SHOWN_MS);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}
