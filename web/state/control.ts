/** Pause, resume, kill and start: what they do, in words, and doing it. */

import { effect, signal } from '@preact/signals';
import type { ControlVerb } from '../../src/contracts/http/control.ts';
import { errorText } from './errors.ts';
import { client } from './session.ts';
import { reloadStatus, status, statusAt } from './status.ts';
import { say } from './toasts.ts';

export const CONTROL_WORDS: Readonly<Record<ControlVerb, { readonly word: string; readonly effect: string }>> = {
  pause: { word: 'Pause', effect: 'No new attempts, retries included. What runs finishes.' },
  resume: { word: 'Resume', effect: 'Ends the pause: what is due is claimed at the next tick.' },
  kill: {
    word: 'Kill',
    effect:
      'Stops at once: nothing passes the gate, what runs is aborted within 1 s. It stays stopped over restarts until Start.',
  },
  start: { word: 'Start', effect: 'Ends the kill: what is due is claimed at the next tick.' },
};

export interface Pressed {
  readonly verb: ControlVerb;
  readonly lane: string;
  readonly tookMs: number;
  /** After a kill: how long until nothing was at work any more, as the status told. */
  readonly quietMs: number | undefined;
}

/** The last press from this page, and how long it took until the server had committed it. */
export const lastPress = signal<Pressed | undefined>(undefined);

/** Presses it. Never throws: what went wrong is said. */
export async function press(verb: ControlVerb, lane: string): Promise<void> {
  try {
    await pressOrThrow(verb, lane);
  } catch (error) {
    say(`${CONTROL_WORDS[verb].word} failed: ${errorText(error)}`, 'bad');
  }
}

export async function pressOrThrow(verb: ControlVerb, lane: string, reason?: string): Promise<void> {
  const startedAt = performance.now();
  const answer = await client.control(verb, {
    lane: lane === '*' ? undefined : lane,
    reason,
  });
  const tookMs = performance.now() - startedAt;
  lastPress.value = { verb, lane, tookMs, quietMs: undefined };
  if (verb === 'kill') untilQuiet(startedAt);
  say(`${answer.message} (in ${Math.round(tookMs)} ms)`);
  reloadStatus();
}

/** Watches the status until nothing runs in the lanes that were killed. */
function untilQuiet(startedAt: number): void {
  const pressed = lastPress.peek();
  const pressedAt = Date.now();
  const stopWatching = effect(() => {
    const those = (status.value?.lanes ?? []).filter(({ lane }) => pressed?.lane === '*' || lane === pressed?.lane);
    const isFresh = (statusAt.value ?? 0) > pressedAt;
    const isOver = lastPress.value !== pressed;
    if (isOver || (isFresh && those.every(({ counts }) => (counts.RUNNING ?? 0) === 0))) {
      queueMicrotask(() => {
        stopWatching();
        if (pressed && !isOver) lastPress.value = { ...pressed, quietMs: performance.now() - startedAt };
      });
    }
  });
}
