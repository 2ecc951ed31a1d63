/** Lets so many through at once, and the others in the order they came, so that a storm of one kind of call leaves time for the rest. */

import { UnavailableError } from '../domain/errors.ts';

/** With the enqueue that follows, a caller is told within about two seconds. */
const MOST_WAIT_MS = 500;

export class Turnstile {
  readonly #width: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /**
   * Resolves when it is the caller's turn; what it answers ends the turn.
   *
   * @throws UnavailableError when the turn does not come in time
   */
  async enter(): Promise<() => void> {
    if (this.#inside >= this.#width) await this.#turn();
    else this.#inside += 1;
    let isInside = true;
    return () => {
      if (isInside) this.#leave();
      isInside = false;
    };
  }

  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(limit);
        // A turn of the event loop lies between them, in which others are served.
        setImmediate(resolve);
      };
      const limit = setTimeout(() => {
        this.#waiting.delete(begin);
        reject(new UnavailableError('postgres', `the queue is too slow: ${MOST_WAIT_MS} ms went by`));
      }, MOST_WAIT_MS);
      this.#waiting.add(begin);
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#inside -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
