/** The queue's counts over the last minutes, as this page saw them: at most a few hundred moments. */

import { effect, signal } from '@preact/signals';
import { status } from './status.ts';

export interface Sample {
  /** Seconds since 1970. */
  readonly at: number;
  readonly waiting: number;
  readonly running: number;
  readonly person: number;
}

const EVERY_MS = 1_000;
const MAX_SAMPLES = 600;

export const samples = signal<readonly Sample[]>([]);

/** Samples until the returned function is called. */
export function followQueue(): () => void {
  let lastMs = 0;
  return effect(() => {
    const lanes = status.value?.lanes;
    const nowMs = Date.now();
    if (!lanes || nowMs - lastMs < EVERY_MS) return;
    lastMs = nowMs;
    const sum = (...names: readonly string[]) =>
      lanes.reduce((total, { counts }) => total + names.reduce((part, name) => part + (counts[name] ?? 0), 0), 0);
    const sample = {
      at: nowMs / 1_000,
      waiting: sum('PENDING', 'RETRY'),
      running: sum('RUNNING'),
      person: sum('AWAITING_APPROVAL', 'UNCONFIRMED', 'DLQ'),
    };
    samples.value = [...samples.peek(), sample].slice(-MAX_SAMPLES);
  });
}
