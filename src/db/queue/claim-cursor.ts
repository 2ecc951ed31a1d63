/**
 * What a process knows of its lanes' queues, so that it need not look at all of them with each claim. While an old transaction is
 * open, what was claimed since stays in the indexes, and every search passes all of it (F-10).
 */

import type { ActionMode } from '../../domain/states.ts';
import { AdaptiveInterval } from './adaptive-interval.ts';

/** A place in due order: nothing of this mode and priority that may be claimed lay before it when it was found. */
export interface Place {
  readonly mode: ActionMode;
  readonly priority: number;
  readonly runAt: string;
  readonly id: string;
}

/** How a claim searched what is queued in a mode. */
export interface SearchedPlace extends Place {
  /** Whether it began at the start, or went back to it because it had found too little. */
  readonly fromStart: boolean;
  /** How long it took to pass what lay before the first that may be claimed. */
  readonly ms: number;
}

const CHEAP_SEARCH_MS = 2;
const CHEAP_LOOK_MS = 5;

/**
 * Where searches from the start are slow, most begin where the last one found something. What comes to lie before that place waits for
 * the next one from the start, which comes in its time or when there is too little behind the place.
 */
export class ClaimCursor {
  readonly #queues = new Map<string, { readonly fromStart: AdaptiveInterval; place: Place | null }>();
  readonly #proofs = new Map<string, AdaptiveInterval>();

  /** Null: from the start. */
  from(lane: string, mode: ActionMode): Place | null {
    const { fromStart, place } = this.#queue(lane, mode);
    return fromStart.isTime ? null : place;
  }

  searched(lane: string, { ms, fromStart, ...place }: SearchedPlace): void {
    const queue = this.#queue(lane, place.mode);
    queue.place = place;
    if (fromStart) queue.fromStart.took(ms);
  }

  /** Whether to look for proofs that another tick left claimed: none, as long as a run holds its lane. */
  looksForProofs(lane: string): boolean {
    return this.#proofsOf(lane).isTime;
  }

  lookedForProofs(lane: string, ms: number): void {
    this.#proofsOf(lane).took(ms);
  }

  #queue(lane: string, mode: ActionMode) {
    const key = `${mode} ${lane}`;
    const queue = this.#queues.get(key) ?? { fromStart: new AdaptiveInterval(CHEAP_SEARCH_MS), place: null };
    this.#queues.set(key, queue);
    return queue;
  }

  #proofsOf(lane: string): AdaptiveInterval {
    const proofs = this.#proofs.get(lane) ?? new AdaptiveInterval(CHEAP_LOOK_MS);
    this.#proofs.set(lane, proofs);
    return proofs;
  }
}
