/** So many at a time. The others wait, and callers take turns: one who asks for much keeps nobody else waiting behind all of it. */

import type { FastifyRequest } from 'fastify';
import { TooManyAtOnceError } from '../../domain/errors.ts';

export interface SemaphoreOptions {
  readonly permits: number;
  /** How long one waits for its permit. */
  readonly longestWaitMs: number;
  /** What one is told whose time was over: `too many searches at once`. */
  readonly refusal: string;
}

/** Whose permit it is, and whether anybody still waits for the answer. */
export type Holder = Pick<FastifyRequest, 'actor'> & {
  readonly raw: { readonly socket: { readonly destroyed: boolean } };
};

interface Waiting {
  readonly holder: Holder;
  /** Undefined where the permit is there; else why it is not. */
  readonly end: (refusal?: TooManyAtOnceError) => void;
}

export class Semaphore {
  readonly #options: SemaphoreOptions;
  /** By caller; whose turn comes last stands last. */
  readonly #waiting = new Map<string, Set<Waiting>>();
  #free: number;

  constructor(options: SemaphoreOptions) {
    this.#options = options;
    this.#free = options.permits;
  }

  /**
   * Does the work as soon as there is a permit, which ends with the work. Work of a connection that is gone is not begun.
   *
   * @throws TooManyAtOnceError when there is none in time
   */
  async run<Result>(holder: Holder, work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(holder);
    try {
      return await work();
    } finally {
      const next = this.#next();
      if (next === undefined) this.#free += 1;
      else next.end();
    }
  }

  #wait(holder: Holder): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        holder,
        end: (refusal) => {
          clearTimeout(timer);
          this.#forget(waiting);
          if (refusal) reject(refusal);
          else resolve();
        },
      };
      const timer = setTimeout(() => waiting.end(this.#refusal()), this.#options.longestWaitMs);
      const own = this.#waiting.get(holder.actor) ?? new Set();
      this.#waiting.set(holder.actor, own.add(waiting));
    });
  }

  /** The first of the caller whose turn it is; that caller is the last then. */
  #next(): Waiting | undefined {
    for (const [actor, own] of this.#waiting) {
      for (const waiting of own) {
        if (waiting.holder.raw.socket.destroyed) {
          waiting.end(this.#refusal());
          continue;
        }
        this.#waiting.delete(actor);
        this.#waiting.set(actor, own);
        return waiting;
      }
    }
    return undefined;
  }

  #forget(waiting: Waiting): void {
    const { actor } = waiting.holder;
    const own = this.#waiting.get(actor);
    own?.delete(waiting);
    if (own?.size === 0) this.#waiting.delete(actor);
  }

  #refusal(): TooManyAtOnceError {
    return new TooManyAtOnceError('postgres', `${this.#options.refusal}; try again`);
  }
}
